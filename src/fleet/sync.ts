import { setImmediate as turn } from 'node:timers/promises'

import { z } from 'zod'

import type { RemoteRecord } from '../store/replica/record.js'
import type { AppliedChanges, Cursor, Replica } from '../store/replica/replica.js'
import type { Need } from '../store/replica/rows.js'
import { explainPostgres } from './fault.js'
import type { FleetFault } from './fault.js'
import type { FleetSecrets } from './membership.js'
import type { TakenRows } from './news.js'
import type { Connection } from './postgres.js'
import { openRows, PAGE_ROWS, pushChanges, readHead, readPage, readRows } from './record-table.js'
import type { RecordHead, RecordPage } from './record-table.js'
import { resealRecords } from './reseal.js'
import { fetchKeys, giveBackKeys } from './rotation.js'
import { subjectHash } from './sealed-record.js'
import type { RecordRow } from './sealed-record.js'

export interface CopyParts {
  readonly replica: Replica
  readonly secrets: FleetSecrets
  /** Told after each transaction of the replica. */
  readonly onApplied: (changes: AppliedChanges) => void
  /** What wake-ups brought since the last round, which need not be taken twice. */
  readonly taken?: TakenRows
}

/** What one round of copying did. */
export interface CopyReport {
  readonly pulled: number
  readonly pushed: number
  /** Rows that somebody changed at the server; the replica is not fresh while there are any. */
  readonly unreadable: number
}

/** Rows in one transaction of the replica; between two the door goes on. */
const FIRST_SLICE_ROWS = 50
const SLICE_ROWS = { least: 50, most: 400 } as const
/** What a turn should take: shorter ones pay the disk too often, longer ones are felt at the door. */
const TURN_MS = { least: 8, most: 20 } as const
const PUSH_ROWS = 200
/** Far more than two kiosks that edit one subject in turns ever need. */
const MAX_ROUNDS = 20
/** Damaged rows that are looked at again in one round. */
const MAX_DAMAGED = 1000

/**
 * One round between record and replica: reads what is new, gives what was made here, reads again where
 * another kiosk was faster. Resumable at every transaction, and harmless when repeated.
 * @throws FleetFault; nothing is half done then
 */
export async function copyOnce(client: Connection, parts: CopyParts): Promise<CopyReport> {
  try {
    let unreadable = 0
    let pulled = 0
    let pushed = 0
    let stale: readonly string[] = []
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const read = await pull(client, parts, stale)
      pulled += read.pulled
      unreadable = read.unreadable
      const given = await push(client, parts)
      pushed += given.pushed
      stale = given.stale
      if (stale.length === 0 && given.pushed === 0) break
    }
    return { pulled, pushed, unreadable }
  } catch (error) {
    throw explainPostgres(error) satisfies FleetFault
  }
}

/**
 * Takes rows that came with a wake-up, as few rows as a page of the record. The cursor stays: the next
 * round reads them again from the table, which alone says what the record holds, so that a notification
 * that is lost, forged or out of date takes nothing from this kiosk but a query: what the table does not
 * tell of by then is looked up there.
 * @returns whether that was all; else a round is needed at once
 */
export function takeNews(
  { replica, secrets, onApplied, taken }: CopyParts,
  rows: readonly RecordRow[],
): boolean {
  const cursor = replica.cursor()
  // One that is behind, or reads anew, would take them before what they rest on.
  if (cursor.pass > 0 || cursor.sequence === 0) return false
  const fresh = rows.filter(({ seq }) => Number(seq) > cursor.sequence)
  if (fresh.length === 0) return true
  if (taken?.hasRoomFor(fresh.length) === false) return false
  const { records, unreadable } = openRows(secrets, fresh)
  if (unreadable.length > 0 || records.some(({ outdated }) => outdated)) return false
  onApplied(replica.apply(records, cursor))
  taken?.add(fresh)
  return !replica.hasPending()
}

function nextSlice(rows: number, tookMs: number): number {
  if (tookMs > TURN_MS.most) return Math.max(SLICE_ROWS.least, Math.floor(rows / 2))
  return tookMs < TURN_MS.least ? Math.min(SLICE_ROWS.most, rows * 2) : rows
}

/** A round's reading of the record. */
interface Reading extends CopyParts {
  readonly head: RecordHead
  /** Where the reading began. */
  readonly start: Cursor
  /** Subjects, as the server names them, of rows that could not be opened or believed so far. */
  readonly damaged: Set<string>
}

async function pull(
  client: Connection,
  parts: CopyParts,
  stale: readonly string[],
): Promise<{ readonly pulled: number; readonly unreadable: number }> {
  const { replica, secrets } = parts
  const known = replica.cursor()
  const head = await readHead(client, secrets, known)
  const isKeyNew = head.generation > secrets.generation()
  const isKeyLost = head.generation < secrets.generation()
  if (isKeyNew) await fetchKeys(client, secrets, head.generation)
  if (isKeyLost) await giveBackKeys(client, secrets)
  const start = head.hasCheck ? known : replica.beginPass()
  const reading: Reading = { ...parts, head, start, damaged: new Set(readDamaged(replica)) }
  let pulled = 0
  if (head.check.sequence > start.sequence) pulled = await readPages(client, reading)
  const unmet = openRows(secrets, parts.taken?.unmet() ?? []).records
  for (const record of unmet) reading.damaged.add(nameAtServer(secrets, record))
  for (const subject of stale) reading.damaged.add(subject)
  if (reading.damaged.size > 0) {
    const missing = await lookAgain(client, reading)
    const isMissing = (record: RemoteRecord) => missing.has(nameAtServer(secrets, record))
    replica.giveBack(unmet.filter(isMissing))
  }
  parts.taken?.clear()
  const isPass = start.pass > 0
  if (isPass || !sameCheck(replica.cursor().check, head.check)) {
    replica.apply([], atHead(replica.cursor(), head))
  }
  if (isPass) replica.endPass(head.check)
  if (isKeyNew || isKeyLost || isPass) {
    await resealRecords(client, secrets, replica, isKeyNew ? 'own' : 'all')
  }
  return { pulled, unreadable: reading.damaged.size }
}

/** Pictures have numbers, too: what was read reaches to the head as it was before. */
function atHead(cursor: Cursor, { check }: RecordHead): Cursor {
  const sequence = Math.max(cursor.sequence, check.sequence)
  return cursor.pass > 0 ? { ...cursor, sequence } : { ...cursor, sequence, check }
}

const nameAtServer = (secrets: FleetSecrets, { kind, subject }: Need): string =>
  subjectHash(secrets, kind, subject).toString('hex')

/** Applies records in one transaction. @returns how many were taken */
function applyRecords(
  { replica, secrets, onApplied, damaged }: Reading,
  records: readonly RemoteRecord[],
  cursor: Cursor,
): number {
  const changes = replica.apply(records, cursor)
  onApplied(changes)
  for (const need of changes.unbelieved) damaged.add(nameAtServer(secrets, need))
  return records.length - changes.unbelieved.length
}

/** Reads and applies everything behind the cursor. @returns how many records were taken */
async function readPages(client: Connection, reading: Reading): Promise<number> {
  const { secrets, taken, head, start, damaged } = reading
  let cursor = start
  let pulled = 0
  // A kiosk with nobody in it has nobody to keep waiting: a page a turn.
  const isFirst = start.sequence === 0 && start.pass === 0
  let sliceRows = isFirst ? PAGE_ROWS : FIRST_SLICE_ROWS

  async function applyPage({ rows, full }: RecordPage): Promise<void> {
    for (let from = 0; from < rows.length;) {
      const startMs = performance.now()
      const slice = rows.slice(from, from + sliceRows)
      from += slice.length
      // One that reads anew must see all of it, known or not.
      const isNew = (row: RecordRow) => taken?.meets(row) !== true || cursor.pass > 0
      const { records, unreadable } = openRows(secrets, slice.filter(isNew))
      for (const { subject } of unreadable) damaged.add(subject)
      cursor = { ...cursor, sequence: Number(slice.at(-1)?.seq) }
      if (!full && from >= rows.length) cursor = atHead(cursor, head)
      pulled += applyRecords(reading, records, cursor)
      if (!isFirst) sliceRows = nextSlice(sliceRows, performance.now() - startMs)
      await turn()
    }
  }

  let next = readPage(client, cursor.sequence)
  for (let full = true; full;) {
    const page = await next
    full = page.full
    // The server reads the next one while this one is written here.
    if (full) next = readPage(client, Number(page.rows.at(-1)?.seq))
    await Promise.all([applyPage(page), next])
  }
  return pulled
}

/**
 * Whether rows that could not be taken can be by now.
 * @returns subjects, as the server names them, that the record does not have
 */
async function lookAgain(client: Connection, reading: Reading): Promise<ReadonlySet<string>> {
  const { replica, secrets, damaged } = reading
  const looked = [...damaged].slice(0, MAX_DAMAGED)
  const { records, unreadable } = await readRows(client, secrets, looked)
  const missing = new Set(looked)
  for (const record of records) missing.delete(nameAtServer(secrets, record))
  for (const { subject } of unreadable) missing.delete(subject)
  for (const subject of looked) damaged.delete(subject)
  if (records.length > 0) applyRecords(reading, records, replica.cursor())
  for (const { subject } of unreadable) damaged.add(subject)
  replica.remember('unreadable', damaged.size === 0 ? null : [...damaged])
  return missing
}

function readDamaged(replica: Replica): string[] {
  const remembered = replica.recall('unreadable') ?? []
  return z.array(z.string()).catch([]).parse(remembered)
}

const sameCheck = (a: Cursor['check'], b: Cursor['check']): boolean =>
  a.sequence === b.sequence && a.commit === b.commit

async function push(
  client: Connection,
  { replica, secrets, onApplied }: CopyParts,
): Promise<{ readonly pushed: number; readonly stale: readonly string[] }> {
  let pushed = 0
  for (;;) {
    // Looked at first, since reading them takes the store's lock.
    const changes = replica.hasPending() ? replica.pending(PUSH_ROWS) : []
    if (changes.length === 0) return { pushed, stale: [] }
    const { verdicts, given } = await pushChanges(client, secrets, changes)
    onApplied(replica.settle(verdicts, given))
    pushed += verdicts.filter(({ outcome }) => outcome !== 'stale').length
    const stale = verdicts.filter(({ outcome }) => outcome === 'stale')
    if (stale.length > 0)
      return { pushed, stale: stale.map(({ change }) => nameAtServer(secrets, change)) }
    await turn()
  }
}
