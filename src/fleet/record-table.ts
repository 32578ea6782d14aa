import { randomUUID } from 'node:crypto'

import type { Cursor, PendingChange, PushVerdict } from '../store/replica/replica.js'
import { REUSABLE_KINDS } from '../store/replica/record.js'
import type { RemoteRecord } from '../store/replica/record.js'
import { FleetFault } from './fault.js'
import type { FleetSecrets } from './membership.js'
import { newsOf } from './news.js'
import type { Connection } from './postgres.js'
import { inTransaction } from './postgres.js'
import type { RecordRow, Unreadable } from './sealed-record.js'
import { contentKeyedHash, openRecord, sealRecord, subjectHash } from './sealed-record.js'

/** What `LISTEN` wakes for, see `news.ts`; the truth is in the table. */
export const CHANGE_CHANNEL = 'fleet_change'

/** Where the record stands. */
export interface RecordHead {
  readonly generation: number
  readonly check: Cursor['check']
  /** Whether the record still has the point of its history that the kiosk knows. */
  readonly hasCheck: boolean
}

/** A page of the record. */
export interface RecordPage {
  readonly rows: readonly RecordRow[]
  /** There may be more behind it. */
  readonly full: boolean
}

/** Rows of the record, opened. */
export interface OpenedRows {
  readonly records: readonly RemoteRecord[]
  /** With the subject as the server names it, as hex. */
  readonly unreadable: readonly (Unreadable & { readonly subject: string })[]
}

/** Rows and bytes of a page: whichever is reached first, but always one row. */
export const PAGE_ROWS = 1000
const PAGE_BYTES = 4 * 1024 * 1024

/** @throws FleetFault `no-fleet`, `another-fleet` */
export async function readHead(
  client: Connection,
  secrets: FleetSecrets,
  cursor: Cursor,
): Promise<RecordHead> {
  const { rows } = await client.query<{
    id: string
    generation: number
    seq: string
    commit_id: string
    checked: string | null
    given: string | null
  }>({
    // By name: every kiosk asks it every few seconds, and the server plans it once a connection.
    name: 'fleet head',
    text: `SELECT id, generation, seq, commit_id,
       (SELECT c.id FROM fleet_commit c WHERE c.seq = $1) AS checked,
       (SELECT c.id FROM fleet_commit c WHERE c.seq = $2) AS given FROM fleet`,
    values: [cursor.check.sequence, cursor.given.sequence],
  })
  const head = rows.at(0)
  checkFleet(head, secrets)
  const sequence = Number(head.seq)
  const holds = (point: Cursor['check'], found: string | null) =>
    point.sequence === 0 || point.commit === found
  return {
    generation: head.generation,
    check: { sequence, commit: head.commit_id },
    hasCheck:
      holds(cursor.check, head.checked) &&
      holds(cursor.given, head.given) &&
      sequence >= cursor.sequence,
  }
}

function checkFleet<Row extends { readonly id: string }>(
  found: Row | undefined,
  secrets: FleetSecrets,
): asserts found is Row {
  const { fleet } = secrets.membership()
  if (found === undefined) {
    const cure = 'restore the database’s backup; every kiosk then gives back what it lacks'
    throw new FleetFault('no-fleet', 'the database holds no fleet', cure)
  }
  if (found.id !== fleet) {
    const cause = `the database holds fleet ${found.id}, this kiosk is in ${fleet}`
    throw new FleetFault('another-fleet', cause, 'set store.fleet.url to the right database')
  }
}

const bytesOf = (rows: readonly RecordRow[]) =>
  rows.reduce((sum, { ciphertext }) => sum + ciphertext.length, 0)

/** The rows after a number, in order; a picture is never among them. */
export async function readPage(client: Connection, after: number): Promise<RecordPage> {
  const { rows } = await client.query<RecordRow>({
    name: 'fleet page',
    text: `SELECT kind, subject, version, deleted, generation, ciphertext, keyed_hash, author, seq FROM (
       SELECT *, sum(length(ciphertext)) OVER (ORDER BY seq) - length(ciphertext) AS before FROM (
         SELECT * FROM fleet_record WHERE seq > $1 AND kind <> 'picture' ORDER BY seq LIMIT $2
       ) AS page
     ) AS sized WHERE before < $3 ORDER BY seq`,
    values: [after, PAGE_ROWS, PAGE_BYTES],
  })
  return { rows, full: rows.length === PAGE_ROWS || bytesOf(rows) >= PAGE_BYTES }
}

/** Opens rows, which takes some 50 µs each. */
export function openRows(secrets: FleetSecrets, rows: readonly RecordRow[]): OpenedRows {
  const opened = rows.map((row) => ({ row, record: openRecord(secrets, row) }))
  return {
    records: opened.flatMap(({ record }) => ('unreadable' in record ? [] : [record])),
    unreadable: opened.flatMap(({ row, record }) =>
      'unreadable' in record ? [{ ...record, subject: row.subject.toString('hex') }] : [],
    ),
  }
}

/** The rows of some subjects, named as the server names them; one that is gone is left out. */
export async function readRows(
  client: Connection,
  secrets: FleetSecrets,
  subjects: readonly string[],
): Promise<OpenedRows> {
  const { rows } = await client.query<RecordRow>(
    'SELECT * FROM fleet_record WHERE subject = ANY($1::bytea[]) ORDER BY seq',
    [subjects.map((subject) => Buffer.from(subject, 'hex'))],
  )
  return openRows(secrets, rows)
}

interface Standing {
  readonly version: number
  readonly deleted: boolean
  readonly keyedHash: Buffer
}

/** Whether the record takes a change, as {@link mergeEdits} explains. */
function judge(change: PendingChange, hash: Buffer, there: Standing | undefined) {
  if (there === undefined) return { outcome: 'accepted', write: true, version: 1 } as const
  const next = there.version + 1
  if (there.deleted === (change.payload === null) && there.keyedHash.equals(hash)) {
    return { outcome: 'accepted', write: false, version: there.version } as const
  }
  if (change.payload === null) return { outcome: 'accepted', write: true, version: next } as const
  if (there.deleted && !REUSABLE_KINDS.includes(change.kind)) {
    return { outcome: 'deleted', write: false, version: there.version } as const
  }
  // Nobody but its writer has a picture, so that nobody reads the version of one.
  if (change.kind !== 'picture' && there.version !== change.base) {
    return { outcome: 'stale', write: false, version: there.version } as const
  }
  return { outcome: 'accepted', write: true, version: next } as const
}

/**
 * Gives changes to the record, in one transaction in which nobody else writes: the order of the numbers
 * is the order of the commits, without a gap that could be filled later.
 * @throws FleetFault `no-fleet`, `another-fleet`; `removed` while a newer key is not held
 */
export async function pushChanges(
  client: Connection,
  secrets: FleetSecrets,
  changes: readonly PendingChange[],
): Promise<{ readonly verdicts: PushVerdict[]; readonly given: Cursor['check'] }> {
  const author = secrets.membership().kiosk
  return inTransaction(client, async () => {
    const head = await client.query<{
      id: string
      generation: number
      seq: string
      commit_id: string
    }>('SELECT id, generation, seq, commit_id FROM fleet FOR UPDATE')
    const fleet = head.rows.at(0)
    checkFleet(fleet, secrets)
    if (fleet.generation !== secrets.generation()) throw newKeyNeeded()
    const subjects = changes.map(({ kind, subject }) => subjectHash(secrets, kind, subject))
    const found = await client.query<{
      subject: Buffer
      version: string
      deleted: boolean
      keyed_hash: Buffer
    }>(
      'SELECT subject, version, deleted, keyed_hash FROM fleet_record WHERE subject = ANY($1::bytea[])',
      [subjects],
    )
    const standing = new Map(
      found.rows.map((row) => [
        row.subject.toString('hex'),
        { version: Number(row.version), deleted: row.deleted, keyedHash: row.keyed_hash },
      ]),
    )
    let seq = Number(fleet.seq)
    const rows: RecordRow[] = []
    const verdicts = changes.map((change, index): PushVerdict => {
      const subject = subjects[index]
      const hash = contentKeyedHash(secrets, change)
      const verdict = judge(change, hash, standing.get(subject.toString('hex')))
      if (verdict.write) {
        const { version } = verdict
        rows.push({
          ...sealRecord(secrets, { ...change, version, author }),
          kind: change.kind,
          subject,
          version: String(version),
          deleted: change.payload === null,
          keyed_hash: hash,
          author,
          seq: String(++seq),
        })
      }
      return { change, outcome: verdict.outcome, version: verdict.version }
    })
    const commit = rows.length > 0 ? await writeRows(client, rows, seq) : fleet.commit_id
    return { verdicts, given: { sequence: seq, commit } }
  })
}

const newKeyNeeded = () =>
  new FleetFault(
    'removed',
    'the fleet has a newer key than this kiosk',
    'wait for the next round; if it stays, join the fleet again (genkan fleet join)',
  )

async function writeRows(
  client: Connection,
  rows: readonly RecordRow[],
  seq: number,
): Promise<string> {
  const column = (name: keyof RecordRow) => rows.map((row) => row[name])
  await client.query(
    `INSERT INTO fleet_record
       (subject, kind, version, deleted, generation, ciphertext, keyed_hash, author, seq)
     SELECT * FROM unnest($1::bytea[], $2::text[], $3::bigint[], $4::boolean[], $5::integer[],
       $6::bytea[], $7::bytea[], $8::text[], $9::bigint[])
     ON CONFLICT (subject) DO UPDATE SET version = excluded.version, deleted = excluded.deleted,
       generation = excluded.generation, ciphertext = excluded.ciphertext,
       keyed_hash = excluded.keyed_hash, author = excluded.author, seq = excluded.seq`,
    [
      column('subject'),
      column('kind'),
      column('version'),
      column('deleted'),
      column('generation'),
      column('ciphertext'),
      column('keyed_hash'),
      column('author'),
      column('seq'),
    ],
  )
  return noteCommit(client, rows, seq)
}

/** Ends a writing transaction: a point of the history, and a wake-up for whoever listens. */
async function noteCommit(
  client: Connection,
  rows: readonly RecordRow[],
  seq: number,
): Promise<string> {
  const id = randomUUID()
  await client.query('UPDATE fleet SET seq = $1, commit_id = $2', [seq, id])
  await client.query('INSERT INTO fleet_commit (seq, id) VALUES ($1, $2)', [seq, id])
  for (const payload of newsOf(rows, String(seq))) {
    await client.query(`SELECT pg_notify('${CHANGE_CHANNEL}', $1)`, [payload])
  }
  return id
}
