import { createHash } from 'node:crypto'

import type Database from 'better-sqlite3-multiple-ciphers'

import type { AuditLog } from '../audit.js'
import { truncateLog } from '../database.js'
import { StoreError } from '../store-error.js'
import { createLedger } from './ledger.js'
import type { Known, Ledger } from './ledger.js'
import { compareEdits, isEdited, mergeEdits } from './merge.js'
import { contentHash, payloadText, RECORD_KINDS, tombstoneOf } from './record.js'
import type { Edits, Payload, PayloadOf, RecordKind, RemoteRecord } from './record.js'
import { createReplicaRows, needsOf } from './rows.js'
import type { Need } from './rows.js'

/** How far the record was read. */
export interface Cursor {
  /** Everything up to this number of the record is in the replica. */
  readonly sequence: number
  /** A point of the record's history that is known here; one that is not there any more was lost. */
  readonly check: { readonly sequence: number; readonly commit: string }
  /** The newest that this kiosk gave to the record, which must be there, too. */
  readonly given: { readonly sequence: number; readonly commit: string }
  /** The reading from the beginning that is under way after a loss, 1, 2, 3, …; 0 when none is. */
  readonly pass: number
}

/** A change that was made here and that the record does not have. */
export interface PendingChange {
  readonly kind: RecordKind
  readonly subject: string
  /** Number of the change here. */
  readonly mark: number
  /** Version that it was made upon; 0 for none. */
  readonly base: number
  /** `null` for a deletion. */
  readonly payload: Payload | null
}

/** What became of a {@link PendingChange} at the record. */
export interface PushVerdict {
  readonly change: PendingChange
  /** `stale`: somebody was faster; `deleted`: the subject is gone for good. */
  readonly outcome: 'accepted' | 'stale' | 'deleted'
  readonly version: number
}

/** A revocation on its way to the other doors. */
export interface Announcement {
  /** 1, 2, 3, … of this kiosk. */
  readonly sequence: number
  readonly personId: string
  /** Which edit of this kiosk it is, so that a record that has it takes the revocation's place. */
  readonly edit: number
}

/** What came to be different by applying records. */
export interface AppliedChanges {
  /** Written anew or changed. */
  readonly persons: readonly string[]
  readonly personsGone: readonly string[]
  readonly templates: readonly { readonly templateId: string; readonly personId: string }[]
  readonly templatesGone: readonly string[]
  /** Templates of this kiosk of which everything earlier in the record is known by now. */
  readonly confirmed: readonly string[]
  /** Mistakes that were pointed out, groups, schedules or tokens. */
  readonly others: boolean
  /** Outdated records that would have told something new, and were not taken. */
  readonly unbelieved: readonly Need[]
}

/** The kinds whose ids people choose, and may choose again after a deletion. */
const REUSABLE: readonly RecordKind[] = ['group', 'schedule']

/** A fleet's record as this kiosk has it: applied to the store's own tables, with what is still to be told. */
export interface Replica {
  /** Whether changes are marked for the fleet. */
  isCapturing(): boolean
  /** From now on marks changes, and marks everything that is there. @param kiosk id of this kiosk */
  begin(kiosk: string): void
  /** Forgets the fleet; persons and templates stay. */
  end(): void
  cursor(): Cursor
  /** Reads the record from the beginning, because it lost some of its history. */
  beginPass(): Cursor
  /** What the record does not have any more is marked, to be given back to it. */
  endPass(check: Cursor['check']): void
  /**
   * Takes records in the order of the record, with the cursor in the same transaction. Harmless when
   * repeated.
   */
  apply(records: readonly RemoteRecord[], cursor: Cursor): AppliedChanges
  /** Whether a record says exactly what is known here. */
  knows(record: RemoteRecord): boolean
  hasPending(): boolean
  countPending(): number
  /** Revocations first, then in the order in which they were made. */
  pending(limit: number): PendingChange[]
  /** @param given the point of the record's history at which it has them */
  settle(verdicts: readonly PushVerdict[], given: Cursor['check']): void
  /** Revocations made here that have not been announced yet get their number. */
  announce(): void
  unsent(limit: number): Announcement[]
  sent(sequence: number): void
  /**
   * Takes a revocation of another kiosk: the person is inactive until the record knows of it.
   * @returns `replayed` for a number that is not new
   */
  hear(kiosk: string, told: Announcement): 'applied' | 'replayed'
  /** Two persons with one face. @returns whether it is news */
  noteDuplicate(personId: string, otherId: string): boolean
  duplicates(): {
    readonly personId: string
    readonly otherId: string
    readonly foundAtMs: number
  }[]
  /** SHA-256 over all that is shared, but pictures; equal where replicas agree. */
  digest(): string
  /** A small value; takes part in no transaction of others. */
  recall(name: ReplicaMemory): unknown
  /** `null` forgets. */
  remember(name: ReplicaMemory, value: unknown): void
}

/** What is remembered by name. */
export type ReplicaMemory =
  | 'membership'
  | 'keys'
  | 'members'
  | 'rotations'
  | 'fresh-at-ms'
  | 'unreadable'
  | 'decision-cursor'
  | 'audit-cursor'

interface Changes {
  persons: Set<string>
  personsGone: Set<string>
  templates: Map<string, string>
  templatesGone: Set<string>
  confirmed: Set<string>
  others: boolean
  unbelieved: Need[]
}

/** The {@link Replica} of a database. */
export function createReplica(
  database: Database.Database,
  options: { readonly nowMs: () => number; readonly audit: AuditLog },
): Replica {
  const { nowMs, audit } = options
  const ledger: Ledger = createLedger(database)
  const rows = createReplicaRows(database)
  const setInactive = database.prepare<[string]>(
    'UPDATE persons SET active = 0, version = version + 1 WHERE id = ? AND active = 1',
  )
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

  function kiosk(): string {
    const id = ledger.recall('kiosk')
    if (typeof id === 'string') return id
    throw new StoreError({
      code: 'not-found',
      what: 'this kiosk is in no fleet',
      cure: 'join one (genkan fleet join)',
    })
  }

  /** Counts the edit that a mark stands for, once. @returns the edits with it */
  function stamp(kind: RecordKind, subject: string): Edits {
    const known = ledger.known(kind, subject)
    const edits = known?.edits ?? {}
    const mark = ledger.mark(kind, subject)
    if (mark === undefined || mark.stamped) return edits
    const me = kiosk()
    const next = { ...edits, [me]: (edits[me] ?? 0) + 1 }
    ledger.setEdits(kind, subject, next)
    ledger.setStamped(kind, subject)
    return next
  }

  const isDead = ({ kind, subject }: Need): boolean =>
    !rows.exists(kind, subject) && ledger.known(kind, subject)?.deleted === true

  function note(changes: Changes, payload: Payload): void {
    switch (payload.kind) {
      case 'person':
        changes.persons.add(payload.id)
        break
      case 'template':
        changes.templates.set(payload.id, payload.personId)
        break
      case 'picture':
      case 'consent':
        break
      case 'group':
      case 'schedule':
      case 'negative':
      case 'token':
        changes.others = true
    }
  }

  /** @returns whether it is written; else it waits for what it rests on */
  function write(payload: Payload, changes: Changes): boolean {
    const { kind, id } = payload
    const needs = needsOf(payload)
    const missing = needs.find((need) => !rows.exists(need.kind, need.subject) && !isDead(need))
    if (missing !== undefined) {
      ledger.wait(payload, missing)
      // What it says of access is not known yet: until then nobody enters by what was.
      if (kind === 'person' && setInactive.run(id).changes > 0) changes.persons.add(id)
      return false
    }
    ledger.waitNoMore(kind, id)
    rows.write(kind === 'person' ? effective(payload) : payload)
    note(changes, payload)
    release({ kind, subject: id }, changes)
    return true
  }

  /** The person without groups that are gone, and inactive where a revocation was told that it lacks. */
  function effective(person: PayloadOf<'person'>): PayloadOf<'person'> {
    const groups = person.groups.filter((subject) => !isDead({ kind: 'group', subject }))
    const noneLeft = groups.length === 0 && person.groups.length > 0
    if (noneLeft && person.active) {
      audit.append({ actor: 'system', action: 'fleet.no-group-left', subjectId: person.id })
    }
    ledger.forgetTold(person.id, person.edits)
    const active = person.active && !noneLeft && !ledger.isTold(person.id)
    return { ...person, groups, active }
  }

  /** Writes what waited for a subject. */
  function release(need: Need, changes: Changes): void {
    for (const payload of ledger.waitingFor(need)) {
      const { kind, id } = payload
      ledger.waitNoMore(kind, id)
      if (needsOf(payload).some((other) => kind !== 'person' && isDead(other))) {
        bury(kind, id, changes)
      } else if (ledger.mark(kind, id) === undefined || !rows.exists(kind, id)) {
        write(payload, changes)
      }
    }
  }

  /** It hangs on something that is gone: its writer deletes it from the record. */
  function bury(kind: RecordKind, subject: string, changes: Changes): void {
    const known = ledger.known(kind, subject)
    ledger.waitNoMore(kind, subject)
    if (rows.exists(kind, subject)) removeRow(kind, subject, changes)
    ledger.setDeleted(kind, subject)
    if (known?.mine === true) ledger.ensureMark(kind, subject, true)
    else ledger.clearMark(kind, subject)
  }

  function removeRow(kind: RecordKind, subject: string, changes: Changes): void {
    if (kind === 'person') {
      changes.personsGone.add(subject)
      changes.persons.delete(subject)
      for (const child of rows.childrenOf(subject)) {
        const mine = ledger.known(child.kind, child.subject)?.mine === true
        if (child.kind === 'template') {
          changes.templatesGone.add(child.subject)
          changes.templates.delete(child.subject)
        }
        const kinds: RecordKind[] =
          child.kind === 'template' ? ['template', 'picture'] : [child.kind]
        for (const each of kinds) {
          if (mine || ledger.mark(each, child.subject) !== undefined) {
            ledger.ensureMark(each, child.subject, true)
          }
        }
      }
      ledger.forgetAllTold(subject)
    }
    if (kind === 'template') {
      changes.templatesGone.add(subject)
      changes.templates.delete(subject)
    }
    if (kind !== 'template' && kind !== 'picture' && kind !== 'consent') changes.others = true
    rows.remove(kind, subject)
  }

  function takeDeletion(
    { kind, subject, version }: Pick<RemoteRecord, 'kind' | 'subject' | 'version'>,
    changes: Changes,
    pass: number,
  ): void {
    const known = ledger.known(kind, subject)
    const isOld = known?.deleted === true && version <= known.version
    const wasMadeAgain = isOld && REUSABLE.includes(kind) && rows.exists(kind, subject)
    if (!wasMadeAgain) {
      if (rows.exists(kind, subject)) removeRow(kind, subject, changes)
      ledger.waitNoMore(kind, subject)
      ledger.clearMark(kind, subject)
    }
    const hash = contentHash(tombstoneOf(kind, subject))
    ledger.setKnown(kind, subject, {
      version,
      hash,
      deleted: true,
      mine: known?.mine ?? false,
      edits: known?.edits ?? {},
      pass,
    })
    release({ kind, subject }, changes)
  }

  function takeEdited(
    record: RemoteRecord,
    payload: Payload & { readonly edits: Edits },
    known: Known,
    changes: Changes,
    next: Known,
  ): void {
    const { kind, subject } = record
    const mine = stamp(kind, subject)
    switch (compareEdits(payload.edits, mine)) {
      case 'same': {
        ledger.setKnown(kind, subject, next)
        if (ledger.clearMark(kind, subject)) write(payload, changes)
        return
      }
      case 'ahead':
        ledger.setKnown(kind, subject, next)
        ledger.clearMark(kind, subject)
        write(payload, changes)
        return
      case 'behind':
        ledger.setKnown(kind, subject, { ...next, edits: mine, hash: known.hash })
        ledger.ensureMark(kind, subject, true, true)
        return
      case 'apart': {
        const local = ledger.waiting(kind, subject) ?? rows.read(kind, subject, mine)
        if (local === undefined || !isEdited(local) || !isEdited(payload)) {
          ledger.setKnown(kind, subject, next)
          write(payload, changes)
          return
        }
        const merged = mergeEdits(local, payload)
        audit.append({ actor: 'system', action: `fleet.${merged.conflict}`, subjectId: subject })
        ledger.setKnown(kind, subject, { ...next, edits: merged.payload.edits })
        if (payloadText(merged.payload) === payloadText(payload)) ledger.clearMark(kind, subject)
        else ledger.ensureMark(kind, subject, true, true)
        write(merged.payload, changes)
      }
    }
  }

  const knows = ({ kind, subject, hash, payload }: RemoteRecord): boolean => {
    const known = ledger.known(kind, subject)
    return known?.deleted === (payload === null) && known.hash.equals(hash)
  }

  /** Whether it is what is known here, or what a later edit or a deletion that is known here knew. */
  function tellsNothingNew(record: RemoteRecord): boolean {
    if (knows(record)) return true
    const { kind, subject, version, payload } = record
    const known = ledger.known(kind, subject)
    if (known === undefined || payload === null) return false
    if (known.deleted) return !REUSABLE.includes(kind) || version <= known.version
    return isEdited(payload) && compareEdits(payload.edits, known.edits) === 'behind'
  }

  function take(record: RemoteRecord, changes: Changes, pass: number): void {
    const { kind, subject, version, payload } = record
    if (record.outdated && !tellsNothingNew(record)) {
      changes.unbelieved.push({ kind, subject })
      const known = ledger.known(kind, subject)
      if (known !== undefined) ledger.setKnown(kind, subject, { ...known, pass })
      return
    }
    if (payload === null) {
      takeDeletion(record, changes, pass)
      return
    }
    const known = ledger.known(kind, subject)
    const next: Known = {
      version,
      hash: record.hash,
      deleted: false,
      mine: record.mine,
      edits: isEdited(payload) ? payload.edits : {},
      pass,
    }
    if (record.mine && kind === 'template') changes.confirmed.add(subject)
    const isDeletedHere =
      ledger.mark(kind, subject) !== undefined &&
      !rows.exists(kind, subject) &&
      ledger.waiting(kind, subject) === undefined
    if (isDeletedHere) {
      // By a deletion that the record does not have yet, and that beats whatever it has.
      ledger.setKnown(kind, subject, { ...(known ?? next), deleted: true, version, pass })
      return
    }
    if (known?.deleted === true && !(REUSABLE.includes(kind) && version > known.version)) {
      // The record lost a deletion that was told here.
      ledger.setKnown(kind, subject, { ...known, version, pass })
      ledger.ensureMark(kind, subject, true)
      return
    }
    if (kind !== 'person' && needsOf(payload).some(isDead)) {
      ledger.setKnown(kind, subject, next)
      bury(kind, subject, changes)
      return
    }
    if (known === undefined || known.deleted) {
      const marked = ledger.mark(kind, subject) !== undefined && rows.exists(kind, subject)
      if (!marked) {
        ledger.setKnown(kind, subject, next)
        write(payload, changes)
        return
      }
    }
    const before = ledger.known(kind, subject) ?? { ...next, version: 0, edits: {} }
    if (isEdited(payload)) {
      takeEdited(record, payload, before, changes, next)
      return
    }
    const isSame = before.hash.equals(next.hash)
    ledger.setKnown(kind, subject, next)
    if (ledger.mark(kind, subject) !== undefined) {
      if (isSame || sameAsHere(payload)) ledger.clearMark(kind, subject)
      return
    }
    if (!isSame) write(payload, changes)
  }

  function sameAsHere(payload: Payload): boolean {
    const here = rows.read(payload.kind, payload.id, {})
    return here !== undefined && contentHash(here).equals(contentHash(payload))
  }

  const newChanges = (): Changes => ({
    persons: new Set(),
    personsGone: new Set(),
    templates: new Map(),
    templatesGone: new Set(),
    confirmed: new Set(),
    others: false,
    unbelieved: [],
  })

  const apply = database.transaction(
    (records: readonly RemoteRecord[], cursor: Cursor): AppliedChanges => {
      const changes = newChanges()
      ledger.uncaptured(() => {
        for (const record of records) take(record, changes, cursor.pass)
      })
      ledger.remember('cursor', cursor)
      return {
        persons: [...changes.persons],
        personsGone: [...changes.personsGone],
        templates: [...changes.templates].map(([templateId, personId]) => ({
          templateId,
          personId,
        })),
        templatesGone: [...changes.templatesGone],
        confirmed: [...changes.confirmed],
        others: changes.others,
        unbelieved: changes.unbelieved,
      }
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

  const endPass = database.transaction((check: Cursor['check']) => {
    const now = cursor()
    ledger.markUnseen(now.pass)
    ledger.remember('cursor', { sequence: now.sequence, check, given: check, pass: 0 })
  })

  function toPending(mark: ReturnType<Ledger['marks']>[number]): PendingChange | undefined {
    const { kind, subject, sequence } = mark
    if (ledger.waiting(kind, subject) !== undefined) return undefined
    const version = ledger.known(kind, subject)?.version ?? 0
    if (!rows.exists(kind, subject)) {
      ledger.setDeleted(kind, subject)
      return { kind, subject, mark: sequence, base: version, payload: null }
    }
    const edits = kind === 'template' || kind === 'picture' ? {} : stamp(kind, subject)
    const payload = rows.read(kind, subject, edits) ?? null
    return { kind, subject, mark: sequence, base: version, payload }
  }

  const pending = database.transaction((limit: number): PendingChange[] =>
    ledger.marks(limit).flatMap((mark) => toPending(mark) ?? []),
  )

  const settle = database.transaction(
    (verdicts: readonly PushVerdict[], given: Cursor['check']) => {
      ledger.remember('cursor', { ...cursor(), given })
      ledger.uncaptured(() => {
        for (const { change, outcome, version } of verdicts) {
          const { kind, subject, payload, mark } = change
          if (outcome === 'deleted') takeDeletion({ kind, subject, version }, newChanges(), 0)
          if (outcome !== 'accepted') continue
          const known = ledger.known(kind, subject)
          ledger.setKnown(kind, subject, {
            version,
            hash: contentHash(payload ?? tombstoneOf(kind, subject)),
            deleted: payload === null,
            mine: true,
            edits: known?.edits ?? {},
            pass: known?.pass ?? 0,
          })
          ledger.clearMark(kind, subject, mark)
        }
      })
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
    ledger.uncaptured(() => setInactive.run(told.personId))
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

  const end = database.transaction(() => {
    ledger.clear()
    ledger.setCapturing(false)
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

  return {
    isCapturing: () => ledger.isCapturing(),
    begin: (id) => begin.immediate(id),
    end: () => end.immediate(),
    cursor,
    beginPass: () => beginPass.immediate(),
    endPass: (check) => endPass.immediate(check),
    apply(records, next) {
      const changes = apply.immediate(records, next)
      if (changes.personsGone.length + changes.templatesGone.length > 0) truncateLog(database)
      return changes
    },
    knows,
    hasPending: () => ledger.hasMarks(),
    countPending: () => ledger.countMarks(),
    pending: (limit) => pending.immediate(limit),
    settle: (verdicts, given) => settle.immediate(verdicts, given),
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
