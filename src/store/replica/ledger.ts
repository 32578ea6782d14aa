import type Database from 'better-sqlite3-multiple-ciphers'

import { compareEdits } from './merge.js'
import { editsSchema, payloadSchema } from './record.js'
import type { Edits, Payload, RecordKind } from './record.js'
import type { Need } from './rows.js'
import type { Announcement } from './replica.js'

/** What is known here of a subject's record. */
export interface Known {
  /** 0 while the record has none. */
  readonly version: number
  /** Of its content, see `contentHash`. */
  readonly hash: Buffer
  /** Told here once, whatever the record says later. */
  readonly deleted: boolean
  readonly mine: boolean
  readonly edits: Edits
  /** The last reading from the beginning that met it. */
  readonly pass: number
}

interface Mark {
  readonly kind: RecordKind
  readonly subject: string
  readonly sequence: number
  readonly stamped: boolean
}

interface KnownRow {
  version: number
  hash: Buffer
  deleted: 0 | 1
  mine: 0 | 1
  edits: string
  pass: number
}

/** The tables beside the store's own: what is known, marked, waiting and told. No method opens a transaction. */
export type Ledger = ReturnType<typeof createLedger>

/** The {@link Ledger} of a database. */
export function createLedger(database: Database.Database) {
  const capturing = database.prepare<[], number>('SELECT capturing FROM fleet_capture').pluck()
  const setCapture = database.prepare<[number]>('UPDATE fleet_capture SET capturing = ?')
  const raiseMarks = database.prepare('UPDATE fleet_capture SET marks = marks + 1')
  const selectKnown = database.prepare<[string, string], KnownRow>(
    'SELECT version, hash, deleted, mine, edits, pass FROM fleet_known WHERE kind = ? AND subject = ?',
  )
  const upsertKnown = database.prepare<
    [string, string, number, Buffer, number, number, string, number]
  >(
    `INSERT INTO fleet_known (kind, subject, version, hash, deleted, mine, edits, pass)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (kind, subject) DO UPDATE SET version = excluded.version, hash = excluded.hash,
       deleted = excluded.deleted, mine = excluded.mine, edits = excluded.edits, pass = excluded.pass`,
  )
  const upsertEdits = database.prepare<[string, string, string]>(
    `INSERT INTO fleet_known (kind, subject, version, hash, deleted, mine, edits)
     VALUES (?, ?, 0, x'', 0, 1, ?) ON CONFLICT (kind, subject) DO UPDATE SET edits = excluded.edits`,
  )
  const upsertDeleted = database.prepare<[string, string]>(
    `INSERT INTO fleet_known (kind, subject, version, hash, deleted, mine) VALUES (?, ?, 0, x'', 1, 1)
     ON CONFLICT (kind, subject) DO UPDATE SET deleted = 1`,
  )
  const selectMark = database.prepare<[string, string], { sequence: number; stamped: 0 | 1 }>(
    'SELECT sequence, stamped FROM fleet_marks WHERE kind = ? AND subject = ?',
  )
  const insertMark = database.prepare<[string, string, number, number]>(
    `INSERT INTO fleet_marks (kind, subject, sequence, urgent, announced, stamped)
     VALUES (?, ?, (SELECT marks FROM fleet_capture), ?, 1, ?) ON CONFLICT DO NOTHING`,
  )
  const setStamped = database.prepare<[string, string]>(
    'UPDATE fleet_marks SET stamped = 1 WHERE kind = ? AND subject = ?',
  )
  const deleteMark = database.prepare<[string, string]>(
    'DELETE FROM fleet_marks WHERE kind = ? AND subject = ?',
  )
  const deleteThisMark = database.prepare<[string, string, number]>(
    'DELETE FROM fleet_marks WHERE kind = ? AND subject = ? AND sequence = ?',
  )
  const selectMarks = database.prepare<
    [number],
    { kind: RecordKind; subject: string; sequence: number; stamped: 0 | 1 }
  >(
    `SELECT kind, subject, sequence, stamped FROM fleet_marks
     ORDER BY urgent DESC, sequence LIMIT ?`,
  )
  const anyMark = database.prepare('SELECT 1 FROM fleet_marks LIMIT 1')
  const anyWaiting = database.prepare('SELECT 1 FROM fleet_waiting LIMIT 1')
  const anyTold = database.prepare('SELECT 1 FROM fleet_told LIMIT 1')
  const countMarks = database.prepare<[], number>('SELECT count(*) FROM fleet_marks').pluck()
  const unannounced = database.prepare<[], { subject: string }>(
    `SELECT subject FROM fleet_marks
     WHERE urgent = 1 AND announced = 0 AND kind = 'person' ORDER BY sequence LIMIT 100`,
  )
  const setAnnounced = database.prepare<[string]>(
    `UPDATE fleet_marks SET announced = 1 WHERE kind = 'person' AND subject = ?`,
  )
  const insertAnnouncement = database.prepare<[number, string, number]>(
    'INSERT INTO fleet_announcements (sequence, person_id, edit) VALUES (?, ?, ?)',
  )
  const selectAnnouncements = database.prepare<[number], Announcement>(
    `SELECT sequence, person_id AS personId, edit FROM fleet_announcements ORDER BY sequence LIMIT ?`,
  )
  const deleteAnnouncement = database.prepare<[number]>(
    'DELETE FROM fleet_announcements WHERE sequence = ?',
  )
  const markUnseen = database.prepare<[number]>(
    `INSERT INTO fleet_marks (kind, subject, sequence, urgent, announced, stamped)
     SELECT kind, subject, (SELECT marks FROM fleet_capture), deleted, 1, 1 FROM fleet_known
     WHERE pass < ? AND (kind <> 'picture' OR mine = 1) ON CONFLICT DO NOTHING`,
  )
  const selectWaiting = database
    .prepare<[string, string], string>(
      'SELECT body FROM fleet_waiting WHERE kind = ? AND subject = ?',
    )
    .pluck()
  const upsertWaiting = database.prepare<[string, string, string, string, string]>(
    `INSERT INTO fleet_waiting (kind, subject, needs_kind, needs_subject, body) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (kind, subject) DO UPDATE SET needs_kind = excluded.needs_kind,
       needs_subject = excluded.needs_subject, body = excluded.body`,
  )
  const deleteWaiting = database.prepare<[string, string]>(
    'DELETE FROM fleet_waiting WHERE kind = ? AND subject = ?',
  )
  const selectWaitingFor = database
    .prepare<[string, string], string>(
      'SELECT body FROM fleet_waiting WHERE needs_kind = ? AND needs_subject = ?',
    )
    .pluck()
  const selectWaitingMembers = database
    .prepare<[string], string>(
      `SELECT body FROM fleet_waiting WHERE kind = 'person'
         AND EXISTS (SELECT 1 FROM json_each(body, '$.groups') WHERE value = ?)`,
    )
    .pluck()
  const upsertTold = database.prepare<[string, string, number]>(
    `INSERT INTO fleet_told (person_id, kiosk, edit) VALUES (?, ?, ?)
     ON CONFLICT (person_id, kiosk) DO UPDATE SET edit = max(edit, excluded.edit)`,
  )
  const selectTold = database.prepare<[string], { kiosk: string; edit: number }>(
    'SELECT kiosk, edit FROM fleet_told WHERE person_id = ?',
  )
  const deleteTold = database.prepare<[string, string]>(
    'DELETE FROM fleet_told WHERE person_id = ? AND kiosk = ?',
  )
  const deleteAllTold = database.prepare<[string]>('DELETE FROM fleet_told WHERE person_id = ?')
  const selectMemory = database
    .prepare<[string], string>('SELECT body FROM fleet_memory WHERE name = ?')
    .pluck()
  const upsertMemory = database.prepare<[string, string]>(
    `INSERT INTO fleet_memory (name, body) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET body = excluded.body`,
  )
  const deleteMemory = database.prepare<[string]>('DELETE FROM fleet_memory WHERE name = ?')

  const toPayload = (body: string): Payload => payloadSchema.parse(JSON.parse(body))
  const isCapturing = (): boolean => capturing.get() === 1
  /** Tables that are known to be empty in the transaction under way, so that no row is looked for there. */
  const empty = { marks: false, waiting: false, told: false }

  return {
    isCapturing,
    setCapturing: (on: boolean) => void setCapture.run(on ? 1 : 0),
    /** What is done within is the fleet's own doing and no change to tell it of. */
    uncaptured(action: () => void): void {
      const before = isCapturing()
      setCapture.run(0)
      empty.marks = anyMark.get() === undefined
      empty.waiting = anyWaiting.get() === undefined
      empty.told = anyTold.get() === undefined
      try {
        action()
      } finally {
        empty.marks = empty.waiting = empty.told = false
      }
      setCapture.run(before ? 1 : 0)
    },
    clear(): void {
      for (const table of [
        'fleet_memory',
        'fleet_marks',
        'fleet_known',
        'fleet_waiting',
        'fleet_told',
        'fleet_announcements',
        'fleet_duplicates',
      ]) {
        database.prepare(`DELETE FROM ${table}`).run()
      }
    },

    known(kind: RecordKind, subject: string): Known | undefined {
      const row = selectKnown.get(kind, subject)
      return (
        row && {
          ...row,
          deleted: row.deleted === 1,
          mine: row.mine === 1,
          edits: row.edits === '{}' ? {} : editsSchema.parse(JSON.parse(row.edits)),
        }
      )
    },
    setKnown: (kind: RecordKind, subject: string, known: Known) =>
      void upsertKnown.run(
        kind,
        subject,
        known.version,
        known.hash,
        known.deleted ? 1 : 0,
        known.mine ? 1 : 0,
        JSON.stringify(known.edits),
        known.pass,
      ),
    setEdits: (kind: RecordKind, subject: string, edits: Edits) =>
      void upsertEdits.run(kind, subject, JSON.stringify(edits)),
    setDeleted: (kind: RecordKind, subject: string) => void upsertDeleted.run(kind, subject),

    mark(kind: RecordKind, subject: string): Pick<Mark, 'sequence' | 'stamped'> | undefined {
      if (empty.marks) return undefined
      const row = selectMark.get(kind, subject)
      return row && { sequence: row.sequence, stamped: row.stamped === 1 }
    },
    /** @param stamped whether the edit is counted already */
    ensureMark(kind: RecordKind, subject: string, urgent: boolean, stamped = false): void {
      empty.marks = false
      raiseMarks.run()
      insertMark.run(kind, subject, urgent ? 1 : 0, stamped ? 1 : 0)
    },
    setStamped: (kind: RecordKind, subject: string) => void setStamped.run(kind, subject),
    /** @returns whether there was one, and with `sequence` whether it was still that one */
    clearMark(kind: RecordKind, subject: string, sequence?: number): boolean {
      if (empty.marks) return false
      const { changes } =
        sequence === undefined
          ? deleteMark.run(kind, subject)
          : deleteThisMark.run(kind, subject, sequence)
      return changes > 0
    },
    marks: (limit: number): Mark[] =>
      selectMarks.all(limit).map((row) => ({ ...row, stamped: row.stamped === 1 })),
    hasMarks: (): boolean => anyMark.get() !== undefined,
    countMarks: (): number => countMarks.get() ?? 0,
    markUnseen(pass: number): void {
      empty.marks = false
      raiseMarks.run()
      markUnseen.run(pass)
    },

    unannounced: () => unannounced.all(),
    addAnnouncement(sequence: number, personId: string, edit: number): void {
      insertAnnouncement.run(sequence, personId, edit)
      setAnnounced.run(personId)
    },
    announcements: (limit: number): Announcement[] => selectAnnouncements.all(limit),
    removeAnnouncement: (sequence: number) => void deleteAnnouncement.run(sequence),

    waiting(kind: RecordKind, subject: string): Payload | undefined {
      if (empty.waiting) return undefined
      const body = selectWaiting.get(kind, subject)
      return body === undefined ? undefined : toPayload(body)
    },
    wait(payload: Payload, need: Need): void {
      empty.waiting = false
      const { kind, id } = payload
      upsertWaiting.run(kind, id, need.kind, need.subject, JSON.stringify(payload))
    },
    waitNoMore(kind: RecordKind, subject: string): void {
      if (!empty.waiting) deleteWaiting.run(kind, subject)
    },
    /** With everybody who waits and is in it, where it is a group. */
    waitingFor({ kind, subject }: Need): Payload[] {
      if (empty.waiting) return []
      const members = kind === 'group' ? selectWaitingMembers.all(subject) : []
      return [...new Set([...members, ...selectWaitingFor.all(kind, subject)])].map(toPayload)
    },

    tell(personId: string, kiosk: string, edit: number): void {
      empty.told = false
      upsertTold.run(personId, kiosk, edit)
    },
    isTold: (personId: string): boolean => !empty.told && selectTold.get(personId) !== undefined,
    /** Forgets what the record has by now. */
    forgetTold(personId: string, edits: Edits): void {
      if (empty.told) return
      for (const { kiosk, edit } of selectTold.all(personId)) {
        const standing = compareEdits({ [kiosk]: edit }, { [kiosk]: edits[kiosk] ?? 0 })
        if (standing !== 'ahead') deleteTold.run(personId, kiosk)
      }
    },
    forgetAllTold: (personId: string) => void deleteAllTold.run(personId),

    recall(name: string): unknown {
      const body = selectMemory.get(name)
      return body === undefined ? undefined : (JSON.parse(body) as unknown)
    },
    remember(name: string, value: unknown): void {
      if (value === null) deleteMemory.run(name)
      else upsertMemory.run(name, JSON.stringify(value))
    },
  }
}
