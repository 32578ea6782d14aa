import { createHash } from 'node:crypto'

import type Database from 'better-sqlite3-multiple-ciphers'

import type { AuditLog } from '../audit.js'
import { truncateLog } from '../database.js'
import { createLedger } from './ledger.js'
import type { Ledger } from './ledger.js'
import { contentHash, payloadText, RECORD_KINDS, REUSABLE_KINDS, tombstoneOf } from './record.js'
import type { RecordKind, RemoteRecord } from './record.js'
import type {
  Announcement,
  AppliedChanges,
  Cursor,
  PendingChange,
  PushVerdict,
  Replica,
} from './replica.js'
import { createReplicaRows } from './rows.js'
import type { Need } from './rows.js'
import { createTaker, newChanges } from './take.js'
import type { Changes } from './take.js'

/** Kinds of which the record counts no edits. */
const WRITTEN_ONCE: readonly RecordKind[] = ['template', 'picture', 'encoding']

const toApplied = (changes: Changes): AppliedChanges => ({
  persons: [...changes.persons],
  personsGone: [...changes.personsGone],
  templates: [...changes.templates].map(([templateId, personId]) => ({ templateId, personId })),
  templatesGone: [...changes.templatesGone],
  confirmed: [...changes.confirmed],
  others: changes.others,
  unbelieved: changes.unbelieved,
})

/** The {@link Replica} of a database. */
export function createReplica(
  database: Database.Database,
  options: { readonly nowMs: () => number; readonly audit: AuditLog },
): Replica {
  const { nowMs, audit } = options
  const ledger: Ledger = createLedger(database)
  const rows = createReplicaRows(database)
  const taker = createTaker(database, { ledger, rows, audit })
  const { kiosk, stamp, knows, take, takeDeletion, release, deactivate } = taker
  const allDuplicates = database.prepare<
    [],
    { personId: string; otherId: string; foundAtMs: number }
  >(
    `SELECT person_id AS personId, other_id AS otherId, found_at_ms AS foundAtMs
     FROM fleet_duplicates ORDER BY found_at_ms, person_id, other_id LIMIT 1000`,
  )
  const addDuplicate = database.prepare<[string, string, number]>(
    `INSERT INTO fleet_duplicates (person_id, other_id, found_at_ms) VALUES (?, ?, ?)
     ON CONFLICT DO NOTHING`,
  )

  const apply = database.transaction(
    (records: readonly RemoteRecord[], cursor: Cursor): AppliedChanges => {
      const changes = newChanges()
      ledger.uncaptured(() => {
        for (const record of records) take(record, changes, cursor.pass)
      })
      ledger.remember('cursor', cursor)
      return toApplied(changes)
    },
  )

  const ORIGIN = { sequence: 0, commit: '' }
  const START: Cursor = { sequence: 0, check: ORIGIN, given: ORIGIN, pass: 0 }
  const cursor = (): Cursor => (ledger.recall('cursor') as Cursor | undefined) ?? START

  const beginPass = database.transaction((): Cursor => {
    const pass = Number(ledger.recall('passes') ?? 0) + 1
    ledger.remember('passes', pass)
    const next = { ...START, pass }
    ledger.remember('cursor', next)
    audit.append({ actor: 'system', action: 'fleet.record-went-back' })
    return next
  })

  const giveBack = database.transaction((subjects: readonly Need[]) => {
    for (const { kind, subject } of subjects) {
      const known = ledger.known(kind, subject)
      if (known === undefined) continue
      ledger.setKnown(kind, subject, { ...known, version: 0 })
      ledger.ensureMark(kind, subject, known.deleted, true)
    }
  })

  const endPass = database.transaction((check: Cursor['check']) => {
    const now = cursor()
    ledger.markUnseen(now.pass)
    ledger.remember('cursor', { sequence: now.sequence, check, given: check, pass: 0 })
  })

  function toPending(mark: ReturnType<Ledger['marks']>[number]): PendingChange | undefined {
    const { kind, subject, sequence } = mark
    const version = ledger.known(kind, subject)?.version ?? 0
    if (taker.isDeletedHere(kind, subject)) {
      const edits = REUSABLE_KINDS.includes(kind) ? stamp(kind, subject) : undefined
      ledger.setDeleted(kind, subject)
      return { kind, subject, mark: sequence, base: version, payload: null, edits }
    }
    if (taker.isLacking(ledger.waiting(kind, subject))) return undefined
    const edits = WRITTEN_ONCE.includes(kind) ? {} : stamp(kind, subject)
    const payload = ledger.waiting(kind, subject) ?? rows.read(kind, subject, edits) ?? null
    return { kind, subject, mark: sequence, base: version, payload }
  }

  const pending = database.transaction((limit: number): PendingChange[] =>
    ledger.marks(limit).flatMap((mark) => toPending(mark) ?? []),
  )

  const settle = database.transaction(
    (verdicts: readonly PushVerdict[], given: Cursor['check']): AppliedChanges => {
      const changes = newChanges()
      ledger.remember('cursor', { ...cursor(), given })
      ledger.uncaptured(() => {
        for (const { change, outcome, version } of verdicts) {
          const { kind, subject, payload, edits, mark } = change
          if (outcome === 'deleted') takeDeletion({ kind, subject, version }, changes, 0)
          if (outcome !== 'accepted') continue
          const known = ledger.known(kind, subject)
          ledger.setKnown(kind, subject, {
            version,
            hash: contentHash(payload ?? tombstoneOf(kind, subject, edits)),
            deleted: payload === null,
            mine: true,
            edits: known?.edits ?? {},
            pass: known?.pass ?? 0,
          })
          ledger.clearMark(kind, subject, mark)
          if (payload !== null) release({ kind, subject }, changes)
        }
      })
      return toApplied(changes)
    },
  )

  const announce = database.transaction(() => {
    for (const { subject } of ledger.unannounced()) {
      const edits = stamp('person', subject)
      const sequence = Number(ledger.recall('announced') ?? 0) + 1
      ledger.remember('announced', sequence)
      ledger.addAnnouncement(sequence, subject, edits[kiosk()] ?? 1)
    }
  })

  const hear = database.transaction((from: string, told: Announcement) => {
    const heard = (ledger.recall('heard') ?? {}) as Record<string, number>
    if (told.sequence <= (heard[from] ?? 0)) return 'replayed' as const
    ledger.remember('heard', { ...heard, [from]: told.sequence })
    const known = ledger.known('person', told.personId)
    if (known?.deleted === true || (known?.edits[from] ?? 0) >= told.edit) return 'applied' as const
    ledger.tell(told.personId, from, told.edit)
    ledger.uncaptured(() => deactivate(told.personId))
    audit.append({ actor: 'system', action: 'fleet.revocation', subjectId: told.personId })
    return 'applied' as const
  })

  const begin = database.transaction((id: string) => {
    ledger.clear()
    ledger.remember('kiosk', id)
    ledger.setCapturing(true)
    for (const kind of RECORD_KINDS) {
      for (const subject of rows.ids(kind)) ledger.ensureMark(kind, subject, false)
    }
    audit.append({ actor: 'system', action: 'fleet.begin', subjectId: id })
  })

  const forgetRules = database.prepare('DELETE FROM fleet_doors')
  const forgetRollout = database.prepare('DELETE FROM fleet_rollouts')
  const end = database.transaction(() => {
    ledger.clear()
    ledger.setCapturing(false)
    forgetRules.run()
    forgetRollout.run()
    audit.append({ actor: 'system', action: 'fleet.end' })
  })

  const noteDuplicate = database.transaction((personId: string, otherId: string) => {
    if (!rows.exists('person', personId) || !rows.exists('person', otherId)) return false
    const [first = '', second = ''] = [personId, otherId].sort()
    if (addDuplicate.run(first, second, nowMs()).changes === 0) return false
    audit.append({ actor: 'system', action: 'fleet.duplicate-face', subjectId: first })
    audit.append({ actor: 'system', action: 'fleet.duplicate-face', subjectId: second })
    return true
  })

  /** What went leaves nothing in the log of the database. */
  function withoutTraces(changes: AppliedChanges): AppliedChanges {
    if (changes.personsGone.length + changes.templatesGone.length > 0) truncateLog(database)
    return changes
  }

  return {
    isCapturing: () => ledger.isCapturing(),
    begin: (id) => begin.immediate(id),
    end: () => end.immediate(),
    cursor,
    beginPass: () => beginPass.immediate(),
    endPass: (check) => endPass.immediate(check),
    apply: (records, next) => withoutTraces(apply.immediate(records, next)),
    giveBack: (subjects) => giveBack.immediate(subjects),
    knows,
    hasPending: () => ledger.hasMarks(),
    countPending: () => ledger.countMarks(),
    pending: (limit) => pending.immediate(limit),
    settle: (verdicts, given) => withoutTraces(settle.immediate(verdicts, given)),
    announce() {
      if (ledger.unannounced().length > 0) announce.immediate()
    },
    unsent: (limit) => ledger.announcements(limit),
    sent: (sequence) => ledger.removeAnnouncement(sequence),
    hear: (from, told) => hear.immediate(from, told),
    noteDuplicate: (personId, otherId) => noteDuplicate.immediate(personId, otherId),
    duplicates: () => allDuplicates.all(),
    digest() {
      const hash = createHash('sha256')
      for (const kind of RECORD_KINDS) {
        if (kind === 'picture') continue
        for (const subject of rows.ids(kind)) {
          const payload = rows.read(kind, subject, ledger.known(kind, subject)?.edits ?? {})
          if (payload !== undefined) hash.update(`${payloadText(payload)}\n`)
        }
      }
      return hash.digest('hex')
    },
    recall: (name) => ledger.recall(name),
    remember: (name, value) => ledger.remember(name, value),
  }
}
