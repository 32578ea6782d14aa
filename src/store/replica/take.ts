import type Database from 'better-sqlite3-multiple-ciphers'

import type { AuditLog } from '../audit.js'
import { StoreError } from '../store-error.js'
import type { Known, Ledger } from './ledger.js'
import { compareEdits, isEdited, joinEdits, mergeEdits } from './merge.js'
import type { Edited } from './merge.js'
import { contentHash, payloadText, REUSABLE_KINDS, tombstoneOf } from './record.js'
import type { Edits, Payload, PayloadOf, RecordKind, RemoteRecord } from './record.js'
import { needsOf } from './rows.js'
import type { Need, ReplicaRows } from './rows.js'

/** Kinds that concern nobody but the person. */
const OF_A_FACE: readonly RecordKind[] = ['template', 'picture', 'encoding', 'consent']

/** What came to be different so far, see `AppliedChanges`. */
export interface Changes {
  persons: Set<string>
  personsGone: Set<string>
  templates: Map<string, string>
  templatesGone: Set<string>
  confirmed: Set<string>
  others: boolean
  unbelieved: Need[]
}

export const newChanges = (): Changes => ({
  persons: new Set(),
  personsGone: new Set(),
  templates: new Map(),
  templatesGone: new Set(),
  confirmed: new Set(),
  others: false,
  unbelieved: [],
})

/** Takes records of others, one by one, within a transaction. */
export type Taker = ReturnType<typeof createTaker>

/** The {@link Taker} of a database. */
export function createTaker(
  database: Database.Database,
  parts: { readonly ledger: Ledger; readonly rows: ReplicaRows; readonly audit: AuditLog },
) {
  const { ledger, rows, audit } = parts
  const setInactive = database.prepare<[string]>(
    'UPDATE persons SET active = 0, version = version + 1 WHERE id = ? AND active = 1',
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
    // What was done here stands as it is here, whatever groups come: nothing that waits undoes it.
    ledger.waitNoMore(kind, subject)
    const me = kiosk()
    const next = { ...edits, [me]: (edits[me] ?? 0) + 1 }
    ledger.setEdits(kind, subject, next)
    ledger.setStamped(kind, subject)
    return next
  }

  const isDead = ({ kind, subject }: Need): boolean =>
    !rows.exists(kind, subject) && ledger.known(kind, subject)?.deleted === true

  const isMissing = (need: Need): boolean => !rows.exists(need.kind, need.subject) && !isDead(need)

  /** Whether a content waits for something that was never here: nothing of it is written until then. */
  const isLacking = (payload: Payload | undefined): boolean =>
    payload !== undefined && needsOf(payload).some(isMissing)

  /** Persons and schedules outlive their groups, which may be made again. */
  const hangsOnDead = (payload: Payload): boolean =>
    payload.kind !== 'person' && payload.kind !== 'schedule' && needsOf(payload).some(isDead)

  /** Whether it was deleted here, which the record does not have yet. */
  function isDeletedHere(kind: RecordKind, subject: string): boolean {
    const mark = ledger.mark(kind, subject)
    if (mark === undefined || rows.exists(kind, subject)) return false
    return !mark.stamped || ledger.waiting(kind, subject) === undefined
  }

  function note(changes: Changes, payload: Payload): void {
    switch (payload.kind) {
      case 'person':
        changes.persons.add(payload.id)
        break
      case 'template':
        changes.templates.set(payload.id, payload.personId)
        break
      case 'encoding': {
        const personId = rows.personOf(payload.templateId)
        if (personId !== undefined) changes.templates.set(payload.templateId, personId)
        break
      }
      case 'picture':
      case 'consent':
        break
      case 'door':
      case 'rollout':
      case 'group':
      case 'schedule':
      case 'negative':
      case 'token':
        changes.others = true
    }
  }

  /** Writes a content, as far as what it rests on is here; for the rest it waits. */
  function write(payload: Payload, changes: Changes): void {
    const { kind, id } = payload
    const needs = needsOf(payload)
    const missing = needs.find(isMissing)
    if (missing !== undefined) {
      ledger.wait(payload, missing)
      // What it says of access is not known yet: until then nobody enters by what was.
      if (kind === 'person' && setInactive.run(id).changes > 0) changes.persons.add(id)
      return
    }
    const gone = needs.find(isDead)
    if (gone === undefined) ledger.waitNoMore(kind, id)
    else ledger.wait(payload, gone)
    if (kind === 'schedule' && gone !== undefined) return
    rows.write(kind === 'person' ? effective(payload) : payload)
    note(changes, payload)
    release({ kind, subject: id }, changes)
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
      if (hangsOnDead(payload)) bury(kind, id, changes)
      else if (isUntouched(payload)) write(payload, changes)
    }
  }

  /** Whether nothing was done here since to what waits. */
  function isUntouched(payload: Payload): boolean {
    const { kind, id } = payload
    const mark = ledger.mark(kind, id)
    if (mark === undefined) return true
    const known = ledger.known(kind, id)?.edits ?? {}
    return mark.stamped && (!isEdited(payload) || compareEdits(payload.edits, known) === 'same')
  }

  /** A group goes: whoever the record has in it, and its schedule, wait for another of its name. */
  function waitForAnother(group: string): void {
    const need: Need = { kind: 'group', subject: group }
    for (const { kind, subject } of rows.restingOn(group)) {
      if (ledger.mark(kind, subject)?.stamped === false) continue
      if (ledger.waiting(kind, subject) !== undefined) continue
      const content = rows.read(kind, subject, ledger.known(kind, subject)?.edits ?? {})
      if (content !== undefined) ledger.wait(content, need)
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

  /** What goes with a subject is deleted from the record by whoever wrote it. */
  function dropChildren(parent: Need, changes: Changes): void {
    for (const child of rows.childrenOf(parent)) {
      const mine = ledger.known(child.kind, child.subject)?.mine === true
      if (child.kind === 'template') {
        changes.templatesGone.add(child.subject)
        changes.templates.delete(child.subject)
        dropChildren(child, changes)
      }
      const kinds: RecordKind[] = child.kind === 'template' ? ['template', 'picture'] : [child.kind]
      for (const each of kinds) {
        if (mine || ledger.mark(each, child.subject) !== undefined) {
          ledger.ensureMark(each, child.subject, true)
        }
      }
    }
  }

  function removeRow(kind: RecordKind, subject: string, changes: Changes): void {
    dropChildren({ kind, subject }, changes)
    if (kind === 'person') {
      changes.personsGone.add(subject)
      changes.persons.delete(subject)
      ledger.forgetAllTold(subject)
    }
    if (kind === 'template') {
      changes.templatesGone.add(subject)
      changes.templates.delete(subject)
    }
    if (!OF_A_FACE.includes(kind)) changes.others = true
    if (kind === 'group') waitForAnother(subject)
    rows.remove(kind, subject)
  }

  /** Whether what is here was made in knowledge of a deletion. */
  function isMadeAgainHere({ kind, subject }: Need, deletion: Edits | undefined): boolean {
    if (deletion === undefined || Object.keys(deletion).length === 0) return false
    if (!rows.exists(kind, subject) && ledger.waiting(kind, subject) === undefined) return false
    return compareEdits(stamp(kind, subject), deletion) === 'ahead'
  }

  /** Whether a content was made in knowledge of the deletion that is known here. */
  function isMadeAgain(payload: Payload, version: number, deletion: Known): boolean {
    if (!REUSABLE_KINDS.includes(payload.kind) || !isEdited(payload)) return false
    const standing = compareEdits(payload.edits, deletion.edits)
    return standing === 'ahead' || (standing === 'apart' && version > deletion.version)
  }

  function takeDeletion(
    { kind, subject, version, edits }: Pick<RemoteRecord, 'kind' | 'subject' | 'version' | 'edits'>,
    changes: Changes,
    pass: number,
  ): void {
    if (isMadeAgainHere({ kind, subject }, edits)) {
      // An old row, of a backup or played again: the record gets back what followed it.
      const { hash = Buffer.alloc(0), mine = true } = ledger.known(kind, subject) ?? {}
      const here = stamp(kind, subject)
      ledger.setKnown(kind, subject, { version, hash, deleted: false, mine, edits: here, pass })
      ledger.ensureMark(kind, subject, true, true)
      return
    }
    const known = ledger.known(kind, subject)
    const isOld = known?.deleted === true && version <= known.version
    const wasMadeAgain = isOld && REUSABLE_KINDS.includes(kind) && rows.exists(kind, subject)
    if (!wasMadeAgain) {
      if (rows.exists(kind, subject)) removeRow(kind, subject, changes)
      ledger.waitNoMore(kind, subject)
      ledger.clearMark(kind, subject)
    }
    const hash = contentHash(tombstoneOf(kind, subject, edits))
    ledger.setKnown(kind, subject, {
      version,
      hash,
      deleted: true,
      mine: known?.mine ?? false,
      edits: joinEdits(known?.edits ?? {}, edits ?? {}),
      pass,
    })
    release({ kind, subject }, changes)
  }

  function takeEdited(
    record: RemoteRecord,
    payload: Edited,
    known: Known | undefined,
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
        ledger.setKnown(kind, subject, { ...next, edits: mine, hash: known?.hash ?? next.hash })
        ledger.ensureMark(kind, subject, true, true)
        return
      case 'apart': {
        const local = ledger.waiting(kind, subject) ?? rows.read(kind, subject, mine)
        if (local === undefined || !isEdited(local)) {
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
    if (known.deleted) return !isMadeAgain(payload, version, known)
    return isEdited(payload) && compareEdits(payload.edits, known.edits) === 'behind'
  }

  function take(record: RemoteRecord, changes: Changes, pass: number): void {
    const { kind, subject, payload } = record
    if (record.outdated && !tellsNothingNew(record)) {
      changes.unbelieved.push({ kind, subject })
      const known = ledger.known(kind, subject)
      if (known !== undefined) ledger.setKnown(kind, subject, { ...known, pass })
      return
    }
    if (payload === null) takeDeletion(record, changes, pass)
    else takeContent(record, payload, changes, pass)
  }

  function takeContent(
    record: RemoteRecord,
    payload: Payload,
    changes: Changes,
    pass: number,
  ): void {
    const { kind, subject, version } = record
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
    if (isDeletedHere(kind, subject)) {
      // Which beats whatever the record has.
      const edits = joinEdits(known?.edits ?? {}, next.edits)
      ledger.setKnown(kind, subject, { ...(known ?? next), deleted: true, version, edits, pass })
      return
    }
    if (known?.deleted === true && !isMadeAgain(payload, version, known)) {
      // The record lost a deletion that was told here.
      ledger.setKnown(kind, subject, { ...known, version, pass })
      ledger.ensureMark(kind, subject, true, true)
      return
    }
    if (hangsOnDead(payload)) {
      ledger.setKnown(kind, subject, next)
      bury(kind, subject, changes)
      return
    }
    const isMadeHere = ledger.mark(kind, subject) !== undefined && rows.exists(kind, subject)
    if (known?.deleted !== false && !isMadeHere) {
      ledger.setKnown(kind, subject, next)
      write(payload, changes)
    } else if (isEdited(payload)) {
      takeEdited(record, payload, known, changes, next)
    } else {
      takeWrittenOnce(payload, known, changes, next)
    }
  }

  function takeWrittenOnce(
    payload: Payload,
    known: Known | undefined,
    changes: Changes,
    next: Known,
  ): void {
    const { kind, id } = payload
    if (known !== undefined && next.version < known.version) {
      // An old row, of a backup or played again: the record gets back what followed it.
      ledger.setKnown(kind, id, { ...known, version: next.version, pass: next.pass })
      ledger.ensureMark(kind, id, true, true)
      return
    }
    ledger.setKnown(kind, id, next)
    if (ledger.mark(kind, id) !== undefined) {
      // What was made here replaces the record's, of which it may know nothing.
      if (standsHere(payload)) ledger.clearMark(kind, id)
      return
    }
    if (known?.hash.equals(next.hash) !== true) write(payload, changes)
  }

  function standsHere(payload: Payload): boolean {
    const { kind, id } = payload
    const here = ledger.waiting(kind, id) ?? rows.read(kind, id, {})
    return here !== undefined && contentHash(here).equals(contentHash(payload))
  }

  return {
    kiosk,
    stamp,
    knows,
    isLacking,
    isDeletedHere,
    release,
    take,
    takeDeletion,
    /** Nobody enters by what was, until more is known. */
    deactivate: (personId: string) => void setInactive.run(personId),
  }
}
