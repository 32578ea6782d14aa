import type Database from 'better-sqlite3-multiple-ciphers'

import type { AuditLog } from './audit.js'
import type { Counters } from './counters.js'
import { StoreError } from './store-error.js'

/** How much may wait for a broker before the oldest is given up. */
export interface OutboxBound {
  /** Of the messages' bodies together. */
  readonly maxBytes: number
  readonly maxAgeMs: number
}

/** About 100,000 decisions, or a month without a broker. */
export const DEFAULT_OUTBOX_BOUND: OutboxBound = {
  maxBytes: 100 * 1024 * 1024,
  maxAgeMs: 30 * 24 * 3_600_000,
}

/** What a message tells of. */
export const OUTBOX_KINDS = ['decision', 'door'] as const
export type OutboxKind = (typeof OUTBOX_KINDS)[number]

/** A message that waits for its broker. */
export interface OutboxMessage {
  /** Ascending in the order of what happened. */
  readonly sequence: number
  /** Id of the decision or door event. */
  readonly id: string
  readonly kind: OutboxKind
  /** The decision or event as it was recorded. */
  readonly body: unknown
  readonly createdAtMs: number
}

/** How the outbox stands; `abandoned` above zero wants someone's attention. */
export interface OutboxStats {
  readonly pending: number
  readonly pendingBytes: number
  /** Of the bound by size, 0..1; at 1 the oldest are given up. */
  readonly fill: number
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
  /**
   * Gives up the oldest beyond the bound: counted, audited, and the decisions themselves stay, marked.
   * @param options.byAge whether ages count, too: they don't while the clock is not trusted
   * @returns how many
   */
  enforceBound(options: { readonly byAge: boolean }): number
  stats(): OutboxStats
}

const MAX_ABANDONED_AT_ONCE = 1000

interface Row {
  sequence: number
  message_id: string
  kind: string
  body: string
  created_at_ms: number
}

function toMessage(row: Row): OutboxMessage {
  const kind = OUTBOX_KINDS.find((known) => known === row.kind)
  if (kind !== undefined) {
    try {
      const body: unknown = JSON.parse(row.body)
      return {
        sequence: row.sequence,
        id: row.message_id,
        kind,
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
  options: { nowMs: () => number; counters: Counters; audit: AuditLog; bound: OutboxBound },
): Outbox {
  const { nowMs, counters, audit, bound } = options
  const oldest = database.prepare<[number], Row>('SELECT * FROM outbox ORDER BY sequence LIMIT ?')
  const remove = database
    .prepare<[number], string>('DELETE FROM outbox WHERE sequence = ? RETURNING message_id')
    .pluck()
  const settle = database.prepare<[string, number | null, string]>(
    'UPDATE decisions SET delivery = ?, delivered_at_ms = ? WHERE id = ?',
  )
  const oldestSizes = database.prepare<
    [number],
    { sequence: number; message_id: string; created_at_ms: number; bytes: number }
  >(
    `SELECT sequence, message_id, created_at_ms, octet_length(body) AS bytes
     FROM outbox ORDER BY sequence LIMIT ?`,
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

  const enforceBound = database.transaction(({ byAge }: { readonly byAge: boolean }): number => {
    let excessBytes = counters.get('outbox-bytes') - bound.maxBytes
    const oldestAllowedMs = byAge ? nowMs() - bound.maxAgeMs : -Infinity
    const given: string[] = []
    for (const row of oldestSizes.all(MAX_ABANDONED_AT_ONCE)) {
      if (excessBytes <= 0 && row.created_at_ms >= oldestAllowedMs) break
      remove.get(row.sequence)
      settle.run('abandoned', null, row.message_id)
      excessBytes -= row.bytes
      given.push(row.message_id)
    }
    const first = given.at(0)
    if (first === undefined) return 0
    counters.add('outbox-abandoned', given.length)
    const subjectId = `${first}..${given.at(-1) ?? first}`
    audit.append({ actor: 'system', action: 'outbox.abandon', subjectId })
    return given.length
  })

  return {
    pending: (limit) => oldest.all(limit).map(toMessage),
    markDelivered: (sequence) => markDelivered.immediate(sequence),
    enforceBound: (options) => enforceBound.immediate(options),
    stats() {
      const row = summary.get()
      const pendingBytes = counters.get('outbox-bytes')
      return {
        pending: row?.pending ?? 0,
        pendingBytes,
        fill: Math.min(1, pendingBytes / bound.maxBytes),
        oldestAtMs: row?.oldest ?? null,
        delivered: counters.get('outbox-delivered'),
        abandoned: counters.get('outbox-abandoned'),
      }
    },
  }
}
