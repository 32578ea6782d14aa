import type Database from 'better-sqlite3-multiple-ciphers'

import type { AuditLog } from './audit.js'
import { truncateLog } from './database.js'

/** What the display at the door shows while nobody is there. */
export interface IdlePicture {
  readonly jpeg: Uint8Array
  /** The style job it came from; `null` when it was sent by hand. */
  readonly jobId: string | null
  /** Who is in it, where that is somebody enrolled; it goes with them. */
  readonly personId: string | null
  readonly setAtMs: number
}

/** The idle picture of the store. */
export interface DisplayPicture {
  get(): IdlePicture | undefined
  set(picture: Omit<IdlePicture, 'setAtMs'>, actor: string): void
  /** Removes it, zeroed on disk. @returns false when there was none */
  delete(actor: string): boolean
}

interface Row {
  jpeg: Buffer
  job_id: string | null
  person_id: string | null
  set_at_ms: number
}

/** The {@link DisplayPicture} of a database. */
export function createDisplayPicture(
  database: Database.Database,
  options: { nowMs: () => number; audit: AuditLog },
): DisplayPicture {
  const { nowMs, audit } = options
  const select = database.prepare<[], Row>(
    `SELECT jpeg, job_id, person_id, set_at_ms FROM display_pictures WHERE name = 'idle'`,
  )
  const upsert = database.prepare(
    `INSERT OR REPLACE INTO display_pictures (name, person_id, job_id, jpeg, set_by, set_at_ms)
     VALUES ('idle', ?, ?, ?, ?, ?)`,
  )
  const remove = database.prepare(`DELETE FROM display_pictures WHERE name = 'idle'`)

  const set = database.transaction((picture: Omit<IdlePicture, 'setAtMs'>, actor: string) => {
    const { jpeg, jobId, personId } = picture
    upsert.run(personId, jobId, jpeg, actor, nowMs())
    audit.append({
      actor,
      action: 'idle-picture.set',
      ...(jobId === null ? {} : { subjectId: jobId }),
    })
  })
  const deleteIt = database.transaction((actor: string) => {
    if (remove.run().changes === 0) return false
    audit.append({ actor, action: 'idle-picture.delete' })
    return true
  })

  return {
    get() {
      const row = select.get()
      if (row === undefined) return undefined
      const { jpeg, job_id: jobId, person_id: personId, set_at_ms: setAtMs } = row
      return { jpeg, jobId, personId, setAtMs }
    },
    set(picture, actor) {
      set.immediate(picture, actor)
      truncateLog(database)
    },
    delete(actor) {
      const deleted = deleteIt.immediate(actor)
      if (deleted) truncateLog(database)
      return deleted
    },
  }
}
