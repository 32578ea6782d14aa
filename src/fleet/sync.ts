import { setImmediate as turn } from 'node:timers/promises'

import type { AppliedChanges, Cursor, Replica } from '../store/replica/replica.js'
import { explainPostgres } from './fault.js'
import type { FleetFault } from './fault.js'
import { fetchKeys } from './members.js'
import type { FleetSecrets } from './membership.js'
import type { Connection } from './postgres.js'
import { pushChanges, readHead, readPage } from './record-table.js'
import type { RecordPage } from './record-table.js'

export interface CopyParts {
  readonly replica: Replica
  readonly secrets: FleetSecrets
  /** Told after each transaction of the replica. */
  readonly onApplied: (changes: AppliedChanges) => void
  /** Records in one transaction of the replica; between two the door goes on. */
  readonly sliceRows?: number
}

/** What one round of copying did. */
export interface CopyReport {
  readonly pulled: number
  readonly pushed: number
  /** Rows that somebody changed at the server; the replica is not fresh while there are any. */
  readonly unreadable: number
}

const SLICE_ROWS = 100
const PUSH_ROWS = 200
/** Far more than two kiosks that edit one subject in turns ever need. */
const MAX_ROUNDS = 20

/**
 * One round between record and replica: reads what is new, gives what was made here, reads again where
 * another kiosk was faster. Resumable at every transaction, and harmless when repeated.
 * @throws FleetFault; nothing is half done then
 */
export async function copyOnce(client: Connection, parts: CopyParts): Promise<CopyReport> {
  const { replica, secrets } = parts
  try {
    let unreadable = 0
    let pulled = 0
    let pushed = 0
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const read = await pull(client, parts)
      pulled += read.pulled
      unreadable += read.unreadable
      const given = await push(client, replica, secrets)
      pushed += given.pushed
      if (!given.isStale && given.pushed === 0) break
    }
    return { pulled, pushed, unreadable }
  } catch (error) {
    throw explainPostgres(error) satisfies FleetFault
  }
}

async function pull(
  client: Connection,
  { replica, secrets, onApplied, sliceRows = SLICE_ROWS }: CopyParts,
): Promise<{ readonly pulled: number; readonly unreadable: number }> {
  let cursor = replica.cursor()
  const head = await readHead(client, secrets, cursor)
  if (head.generation > secrets.generation()) await fetchKeys(client, secrets, head.generation)
  if (!head.hasCheck) cursor = replica.beginPass()
  let pulled = 0
  let unreadable = 0

  async function applyPage(page: RecordPage): Promise<void> {
    for (let from = 0; from < page.records.length; from += sliceRows) {
      const slice = page.records.slice(from, from + sliceRows)
      cursor = { ...cursor, sequence: slice.at(-1)?.sequence ?? cursor.sequence }
      onApplied(replica.apply(slice, cursor))
      await turn()
    }
    pulled += page.records.length
    unreadable += page.unreadable.length
  }

  if (head.check.sequence > cursor.sequence || !head.hasCheck) {
    for (;;) {
      const page = await readPage(client, secrets, cursor.sequence)
      if (page.last === undefined) break
      await applyPage(page)
      cursor = { ...cursor, sequence: page.last }
    }
  }
  // Pictures have numbers, too: what was read reaches to the head as it was before.
  const sequence = Math.max(cursor.sequence, head.check.sequence)
  if (cursor.pass > 0) {
    replica.apply([], { ...cursor, sequence })
    replica.endPass(head.check)
  } else if (!sameCheck(cursor.check, head.check) || cursor.sequence !== sequence) {
    replica.apply([], { ...cursor, sequence, check: head.check })
  }
  return { pulled, unreadable }
}

const sameCheck = (a: Cursor['check'], b: Cursor['check']): boolean =>
  a.sequence === b.sequence && a.commit === b.commit

async function push(
  client: Connection,
  replica: Replica,
  secrets: FleetSecrets,
): Promise<{ readonly pushed: number; readonly isStale: boolean }> {
  let pushed = 0
  for (;;) {
    const changes = replica.pending(PUSH_ROWS)
    if (changes.length === 0) return { pushed, isStale: false }
    const { verdicts, given } = await pushChanges(client, secrets, changes)
    replica.settle(verdicts, given)
    pushed += verdicts.filter(({ outcome }) => outcome !== 'stale').length
    if (verdicts.some(({ outcome }) => outcome === 'stale')) return { pushed, isStale: true }
    await turn()
  }
}
