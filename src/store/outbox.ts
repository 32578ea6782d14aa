import type Database from 'better-sqlite3-multiple-ciphers'

import type { Counters } from './counters.js'
import { StoreError } from './store-error.js'

/** How much may wait for a broker before the oldest is given up. */
export interface OutboxBound {
  readonly maxMessages: number
  readonly maxAgeMs: number
}

/** About 100 MB of decisions, or a month without a broker. */
export const DEFAULT_OUTBOX_BOUND: OutboxBound = {
  maxMessages: 100_000,
  maxAgeMs: 30 * 24 * 3_600_000,
}

/** A message that waits for its broker. */
export interface OutboxMessage {
  /** Ascending in the order of decisions. */
  readonly sequence: number
  /** Id of the decision. */
  readonly id: string
  readonly kind: 'decision'
  /** The decision as it was recorded. */
  readonly body: unknown
  readonly createdAtMs: number
}

/** How the outbox stands; `abandoned` above zero wants someone's attention. */
export interface OutboxStats {
  readonly pending: number
  readonly oldestAtMs: number | null
  /** Ever acknowledged by a broker. */
  readonly delivered: number
  /** Ever given up beyond the bound; those decisions are still in the store, marked so. */
  readonly abandoned: number
}

/** Messages waiting for the broker, oldest first. */
export interface Outbox {
  /** @throws StoreError `corrupt-row` */
  pending(limit: number): OutboxMessage[]
  /** After the broker's acknowledgement. Unknown sequences are ignored: a repeated acknowledgement is none. */
  markDelivered(sequence: number): void
  /** Gives up what exceeds the bound, counts it, keeps the decisions; returns how many. */
  enforceBound(): number
  stats(): OutboxStats
}

interface Row {
  sequence: number
  message_id: string
  kind: string
  body: string
  created_at_ms: number
}

function toMessage(row: Row): OutboxMessage {
  if (row.kind === 'decision') {
    try {
      const body: unknown = JSON.parse(row.body)
      return {
        sequence: row.sequence,
        id: row.message_id,
        kind: row.kind,
        body,
        createdAtMs: row.created_at_ms,
      }
    } catch {
      // Told below, like an unknown kind.
    }
  }
  throw new StoreError({
    code: 'corrupt-row',
    what: `outbox message ${row.sequence} can't be read`,
    cure: 'restore the last backup',
  })
}

/** The {@link Outbox} of a database. */
export function createOutbox(
  database: Database.Database,
  options: { nowMs: () => number; counters: Counters; bound: OutboxBound },
): Outbox {
  const { nowMs, counters, bound } = options
  const oldest = database.prepare<[number], Row>('SELECT * FROM outbox ORDER BY sequence LIMIT ?')
  const remove = database
    .prepare<[number], string>('DELETE FROM outbox WHERE sequence = ? RETURNING message_id')
    .pluck()
  const settle = database.prepare<[string, number | null, string]>(
    'UPDATE decisions SET delivery = ?, delivered_at_ms = ? WHERE id = ?',
  )
  const newestSequence = database
    .prepare<[], number | null>('SELECT max(sequence) FROM outbox')
    .pluck()
  const beyond = database.prepare<[number, number], { sequence: number; message_id: string }>(
    `SELECT sequence, message_id FROM outbox WHERE sequence <= ? OR created_at_ms < ?
     ORDER BY sequence LIMIT 1000`,
  )
  const summary = database.prepare<[], { pending: number; oldest: number | null }>(
    `SELECT (SELECT count(*) FROM outbox) AS pending,
            (SELECT created_at_ms FROM outbox ORDER BY sequence LIMIT 1) AS oldest`,
  )

  const markDelivered = database.transaction((sequence: number): void => {
    const id = remove.get(sequence)
    if (id === undefined) return
    settle.run('delivered', nowMs(), id)
    counters.add('outbox-delivered', 1)
  })

  const enforceBound = database.transaction((): number => {
    const newest = newestSequence.get()
    if (newest === undefined || newest === null) return 0
    const rows = beyond.all(newest - bound.maxMessages, nowMs() - bound.maxAgeMs)
    for (const row of rows) {
      remove.get(row.sequence)
      settle.run('abandoned', null, row.message_id)
    }
    if (rows.length > 0) counters.add('outbox-abandoned', rows.length)
    return rows.length
  })

  return {
    pending: (limit) => oldest.all(limit).map(toMessage),
    markDelivered: (sequence) => markDelivered.immediate(sequence),
    enforceBound: () => enforceBound.immediate(),
    stats() {
      const row = summary.get()
      return {
        pending: row?.pending ?? 0,
        oldestAtMs: row?.oldest ?? null,
        delivered: counters.get('outbox-delivered'),
        abandoned: counters.get('outbox-abandoned'),
      }
    },
  }
}
