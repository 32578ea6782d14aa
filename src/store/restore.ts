import { existsSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

import type Database from 'better-sqlite3-multiple-ciphers'

import { createAuditLog } from './audit.js'
import { openFile, syncFolder } from './database.js'
import { STORE_FILES } from './folder.js'
import { guarded } from './store-error.js'

/** What a restore did. */
export interface AppliedRestore {
  /** Where the database of before is kept; `undefined` when there was none. */
  readonly keptAside: string | undefined
  /** Persons that had been deleted since the backup, and were deleted again. */
  readonly erasedAgain: number
}

/** Ids of the persons that the database of today has deleted; none when it cannot be read. */
function deletedPersons(path: string, key: Buffer): readonly string[] {
  if (!existsSync(path)) return []
  let database: Database.Database | undefined
  try {
    database = openFile(path, key)
    return database
      .prepare<[], string>(`SELECT subject_id FROM audit WHERE action = 'person.delete'`)
      .pluck()
      .all()
  } catch {
    return []
  } finally {
    database?.close()
  }
}

/** A restore must not bring back whom somebody had erased. */
function eraseAgain(
  database: Database.Database,
  ids: readonly string[],
  nowMs: () => number,
): number {
  const audit = createAuditLog(database, nowMs)
  const remove = database.prepare<[string]>('DELETE FROM persons WHERE id = ?')
  const apply = database.transaction(() => {
    let count = 0
    for (const subjectId of ids) {
      if (remove.run(subjectId).changes === 0) continue
      audit.append({ actor: 'system', action: 'person.delete', subjectId })
      count++
    }
    audit.append({ actor: 'system', action: 'restore.apply' })
    return count
  })
  return apply.immediate()
}

/**
 * Puts a staged restore in the place of the database, under the instance lock. Each step may be the last
 * one before a crash: the next start goes on from there.
 * @returns `undefined` when nothing was staged
 * @throws StoreError `corrupt`, `wrong-key`, `newer-schema`, `disk-full`, `read-only`, `io`
 */
export function applyStagedRestore(
  folder: string,
  key: Buffer,
  nowMs: () => number,
): AppliedRestore | undefined {
  const staged = join(folder, STORE_FILES.staged)
  if (!existsSync(staged)) return undefined
  const path = join(folder, STORE_FILES.database)
  return guarded(staged, () => {
    const stamp = new Date(statSync(staged).birthtimeMs).toISOString().replace(/[:.]/g, '-')
    const ids = deletedPersons(path, key)
    const database = openFile(staged, key)
    let erasedAgain: number
    try {
      erasedAgain = eraseAgain(database, ids, nowMs)
      database.pragma('wal_checkpoint(TRUNCATE)')
    } finally {
      database.close()
    }
    const keptAside = join(folder, `${STORE_FILES.aside}${stamp}`)
    const hadOne = existsSync(path)
    for (const suffix of ['-wal', '-shm']) {
      if (existsSync(path + suffix)) renameSync(path + suffix, keptAside + suffix)
    }
    if (hadOne) renameSync(path, keptAside)
    for (const suffix of ['-wal', '-shm']) rmSync(staged + suffix, { force: true })
    renameSync(staged, path)
    syncFolder(folder)
    return { keptAside: hadOne ? keptAside : undefined, erasedAgain }
  })
}
