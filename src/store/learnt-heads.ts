import type Database from 'better-sqlite3-multiple-ciphers'

import type { AuditLog } from './audit.js'
import { StoreError } from './store-error.js'

/** `projection` changes embeddings, `siamese` gives a second opinion in 1:1. */
export type LearntKind = 'projection' | 'siamese'

/** Something learnt on site. */
export interface LearntHead {
  readonly id: string
  readonly kind: LearntKind
  /** What was in force before, and is again after a rollback. */
  readonly previousId: string | null
  /** Text of the record; see `src/learning`. */
  readonly body: string
  readonly adoptedAtMs: number
}

/** From what to what a rollback went; `null` is the encoder as shipped. */
export interface LearntRollback {
  readonly from: string
  readonly to: string | null
}

/**
 * What was learnt, and which of it is in force. Adopting and rolling back are one transaction each:
 * templates keep the embedding of the encoder as shipped, so nothing else has to change with them.
 */
export interface LearntHeads {
  inForce(kind: LearntKind): LearntHead | undefined
  /** Puts a new head in force; the one of before is kept. @throws StoreError `invalid-value` */
  adopt(kind: LearntKind, body: string, actor: string): LearntHead
  /** Puts the head of before in force again; `undefined` when none is in force. */
  rollback(kind: LearntKind, actor: string): LearntRollback | undefined
}

/** Enough for a head of 512 × 512 and a calibration. */
export const MAX_HEAD_BYTES = 4 * 1024 * 1024

interface Row {
  id: string
  kind: LearntKind
  previous_id: string | null
  body: string
  adopted_at_ms: number
}

/** The {@link LearntHeads} of a database. */
export function createLearntHeads(
  database: Database.Database,
  options: { nowMs: () => number; newId: () => string; audit: Pick<AuditLog, 'append'> },
): LearntHeads {
  const { nowMs, newId, audit } = options
  const selectInForce = database.prepare<[string], Row>(
    'SELECT * FROM learnt_heads WHERE kind = ? AND in_force = 1',
  )
  const retire = database.prepare<[string]>('UPDATE learnt_heads SET in_force = 0 WHERE kind = ?')
  const reinstate = database.prepare<[string]>('UPDATE learnt_heads SET in_force = 1 WHERE id = ?')
  const insert = database.prepare<[Row]>(
    `INSERT INTO learnt_heads (id, kind, previous_id, body, adopted_at_ms, in_force)
     VALUES (@id, @kind, @previous_id, @body, @adopted_at_ms, 1)`,
  )

  const toHead = (row: Row): LearntHead => ({
    id: row.id,
    kind: row.kind,
    previousId: row.previous_id,
    body: row.body,
    adoptedAtMs: row.adopted_at_ms,
  })

  const adopt = database.transaction((kind: LearntKind, body: string, actor: string) => {
    if (Buffer.byteLength(body) > MAX_HEAD_BYTES) {
      throw new StoreError({
        code: 'invalid-value',
        what: `a learnt head is larger than ${MAX_HEAD_BYTES} bytes`,
        cure: 'learn a smaller one',
      })
    }
    const row: Row = {
      id: newId(),
      kind,
      previous_id: selectInForce.get(kind)?.id ?? null,
      body,
      adopted_at_ms: nowMs(),
    }
    retire.run(kind)
    insert.run(row)
    audit.append({ actor, action: 'learn.adopt', subjectId: row.id })
    return toHead(row)
  })

  const rollback = database.transaction((kind: LearntKind, actor: string) => {
    const current = selectInForce.get(kind)
    if (current === undefined) return undefined
    retire.run(kind)
    if (current.previous_id !== null) reinstate.run(current.previous_id)
    audit.append({ actor, action: 'learn.rollback', subjectId: current.id })
    return { from: current.id, to: current.previous_id }
  })

  return {
    inForce(kind) {
      const row = selectInForce.get(kind)
      return row && toHead(row)
    },
    adopt: (kind, body, actor) => adopt.immediate(kind, body, actor),
    rollback: (kind, actor) => rollback.immediate(kind, actor),
  }
}
