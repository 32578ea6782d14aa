import type Database from 'better-sqlite3-multiple-ciphers'
import { z } from 'zod'

import { decisionSchema, denialReasonSchema, type Decision } from '../decision/decision.js'
import type { Counters } from './counters.js'
import { parseInput } from './input.js'
import { prepareEnd } from './open-attempts.js'
import { StoreError } from './store-error.js'

const MAX_BODY_BYTES = 16 * 1024

/** A decision that is on disk, with its message in the outbox. */
export interface RecordedDecision {
  readonly decision: Decision
  /**
   * Number for the grant message, higher than any before, also after a restart or a restored backup
   * (it follows the clock); `null` unless the outcome is granted.
   */
  readonly grantSequence: number | null
}

/** Where a decision's message is. */
export type Delivery = 'pending' | 'delivered' | 'abandoned'

/** A decision as listed. */
export interface StoredDecision {
  readonly decision: Decision
  readonly delivery: Delivery
  readonly deliveredAtMs: number | null
}

const listSchema = z.strictObject({
  limit: z.int().min(1).max(500).default(50),
  /** From the page before; opaque. */
  cursor: z
    .string()
    .regex(/^[1-9][0-9]{0,15}$/)
    .optional(),
  outcome: z.enum(['granted', 'denied']).optional(),
  reason: denialReasonSchema.optional(),
  personId: z.ulid().optional(),
  /** Decided at or after then; wall clock. */
  fromMs: z.int().optional(),
  /** Decided before then. */
  toMs: z.int().optional(),
})

/** Which decisions to list; see {@link decisionQuerySchema}. */
export type DecisionQuery = z.input<typeof listSchema>

/** Validates a {@link DecisionQuery} from outside. */
export const decisionQuerySchema = listSchema

/** Newest first; `nextCursor` is null at the end. */
export interface DecisionPage {
  readonly decisions: StoredDecision[]
  readonly nextCursor: string | null
}

/** The decisions of the store. */
export interface Decisions {
  /**
   * Writes the decision and its message in one transaction that is on disk when this returns; the
   * attempt noted as open under its id is so no more.
   * Only then may it be shown or a grant be sent.
   * @throws StoreError `duplicate`, `invalid-value`, `disk-full`, `read-only`, `locked`, `corrupt`, `io`
   */
  record(decision: Decision): RecordedDecision
  get(id: string): StoredDecision | undefined
  /** @throws StoreError `invalid-value` for a malformed query, `corrupt-row` */
  list(query?: DecisionQuery): DecisionPage
  /** Those after a number, in order. @throws StoreError `corrupt-row` */
  after(
    sequence: number,
    limit: number,
  ): { readonly sequence: number; readonly decision: Decision }[]
  count(): number
  /** How many name the person. */
  countOf(personId: string): number
}

interface Row {
  sequence: number
  body: string
  delivery: Delivery
  delivered_at_ms: number | null
}

function toDecision(row: Row): Decision {
  try {
    return decisionSchema.parse(JSON.parse(row.body))
  } catch {
    throw new StoreError({
      code: 'corrupt-row',
      what: `decision row ${row.sequence} can't be read`,
      cure: 'run the genkan version that wrote it, or restore the last backup',
    })
  }
}

/** A few pages of them. */
const MAX_REMEMBERED = 512

/** Reads rows; the newest pages are asked for again and again, and a decision never changes. */
function createRowReader(): (row: Row) => StoredDecision {
  const known = new Map<number, { readonly body: string; readonly decision: Decision }>()

  function decisionOf(row: Row): Decision {
    const before = known.get(row.sequence)
    if (before?.body === row.body) return before.decision
    const decision = toDecision(row)
    const oldest = known.keys().next()
    if (known.size >= MAX_REMEMBERED && !oldest.done) known.delete(oldest.value)
    known.set(row.sequence, { body: row.body, decision })
    return decision
  }

  return (row) => ({
    decision: decisionOf(row),
    delivery: row.delivery,
    deliveredAtMs: row.delivered_at_ms,
  })
}

/** The {@link Decisions} of a database. */
export function createDecisions(
  database: Database.Database,
  options: { nowMs: () => number; counters: Counters },
): Decisions {
  const { nowMs, counters } = options
  const insertDecision = database.prepare(
    `INSERT INTO decisions (id, decided_at_ms, door, outcome, reason, person_id, body)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  const insertMessage = database.prepare(
    `INSERT INTO outbox (message_id, kind, body, created_at_ms) VALUES (?, 'decision', ?, ?)`,
  )
  const columns = 'SELECT sequence, body, delivery, delivered_at_ms FROM decisions'
  const select = database.prepare<[string], Row>(`${columns} WHERE id = ?`)
  const selectPage = database.prepare<
    [
      {
        before: number
        outcome: string | null
        reason: string | null
        person: string | null
        from: number
        to: number
        limit: number
      },
    ],
    Row
  >(
    `${columns} WHERE sequence < @before
       AND (@outcome IS NULL OR outcome = @outcome)
       AND (@reason IS NULL OR reason = @reason)
       AND (@person IS NULL OR person_id = @person)
       AND decided_at_ms >= @from AND decided_at_ms < @to
     ORDER BY sequence DESC LIMIT @limit`,
  )
  const countOf = database
    .prepare<[string], number>('SELECT count(*) FROM decisions WHERE person_id = ?')
    .pluck()
  const selectAfter = database.prepare<[number, number], Row>(
    `${columns} WHERE sequence > ? ORDER BY sequence LIMIT ?`,
  )
  const count = database.prepare<[], number>('SELECT count(*) FROM decisions').pluck()

  const endAttempt = prepareEnd(database)
  const toStored = createRowReader()

  function nextGrantSequence(): number {
    const sequence = Math.max(counters.get('grant-sequence') + 1, nowMs())
    counters.set('grant-sequence', sequence)
    return sequence
  }

  const record = database.transaction((input: Decision): RecordedDecision => {
    const decision = parseInput(decisionSchema, input, 'decision')
    const body = JSON.stringify(decision)
    if (Buffer.byteLength(body) > MAX_BODY_BYTES) {
      throw new StoreError({
        code: 'invalid-value',
        what: `the decision is larger than ${MAX_BODY_BYTES} bytes`,
        cure: 'report this as a defect of genkan',
      })
    }
    insertDecision.run(
      decision.id,
      Date.parse(decision.decidedAt),
      decision.door,
      decision.outcome,
      decision.outcome === 'denied' ? decision.reason : null,
      decision.outcome === 'granted' ? decision.person.id : null,
      body,
    )
    insertMessage.run(decision.id, body, nowMs())
    endAttempt(decision.id)
    return { decision, grantSequence: decision.outcome === 'granted' ? nextGrantSequence() : null }
  })

  return {
    record: (decision) => record.immediate(decision),
    get(id) {
      const row = select.get(id)
      return row && toStored(row)
    },
    after: (sequence, limit) =>
      selectAfter
        .all(sequence, limit)
        .map((row) => ({ sequence: row.sequence, decision: toDecision(row) })),

    list(input = {}) {
      const query = parseInput(listSchema, input, 'query')
      const rows = selectPage.all({
        before: query.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(query.cursor),
        outcome: query.outcome ?? null,
        reason: query.reason ?? null,
        person: query.personId ?? null,
        from: query.fromMs ?? Number.MIN_SAFE_INTEGER,
        to: query.toMs ?? Number.MAX_SAFE_INTEGER,
        limit: query.limit + 1,
      })
      const page = rows.slice(0, query.limit)
      const last = page.at(-1)
      return {
        decisions: page.map(toStored),
        nextCursor: rows.length > query.limit && last ? String(last.sequence) : null,
      }
    },
    count: () => count.get() ?? 0,
    countOf: (personId) => countOf.get(personId) ?? 0,
  }
}
