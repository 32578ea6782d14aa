import type Database from 'better-sqlite3-multiple-ciphers'

import { storedForm, type Embedding } from '../encoding/embedding.js'
import type { AuditLog } from './audit.js'
import { StoreError } from './store-error.js'
import { toVector, toVectorBytes } from './vector-bytes.js'

/** Most negative examples one person may have; the oldest go first. */
export const MAX_NEGATIVES_A_PERSON = 40

/** That a decision named `personId` though somebody else stood there. */
export interface NegativeExample {
  readonly personId: string
  /** Who it was, where that is somebody enrolled. */
  readonly otherId: string | null
  /** What was taken for the person, where it was still held. */
  readonly embedding: Embedding | null
}

/** The negative examples of the store; they go with either person. */
export interface Negatives {
  add(example: NegativeExample & { readonly decisionId: string }, actor: string): string
  /** @throws StoreError `corrupt-row` */
  list(): NegativeExample[]
  countOf(personId: string): number
}

interface Row {
  id: string
  person_id: string
  other_id: string | null
  model_id: string | null
  vector: Buffer | null
}

/** The {@link Negatives} of a database. */
export function createNegatives(
  database: Database.Database,
  options: { nowMs: () => number; newId: () => string; audit: AuditLog },
): Negatives {
  const { nowMs, newId, audit } = options
  const insert = database.prepare(
    `INSERT INTO negatives (id, person_id, other_id, model_id, vector, decision_id, created_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  const removeOldest = database.prepare<[{ person: string; keep: number }]>(
    `DELETE FROM negatives WHERE person_id = @person AND id NOT IN
       (SELECT id FROM negatives WHERE person_id = @person ORDER BY id DESC LIMIT @keep)`,
  )
  const selectAll = database.prepare<[], Row>('SELECT * FROM negatives ORDER BY id')
  const count = database
    .prepare<[string, string], number>(
      'SELECT count(*) FROM negatives WHERE person_id = ? OR other_id = ?',
    )
    .pluck()

  const add = database.transaction(
    (example: NegativeExample & { decisionId: string }, actor: string) => {
      const { personId, otherId, decisionId } = example
      const embedding = example.embedding && storedForm(example.embedding)
      const id = newId()
      insert.run(
        id,
        personId,
        otherId,
        embedding?.modelId ?? null,
        embedding === null ? null : toVectorBytes(embedding.vector),
        decisionId,
        nowMs(),
      )
      removeOldest.run({ person: personId, keep: MAX_NEGATIVES_A_PERSON })
      audit.append({ actor, action: 'decision.not-this-person', subjectId: decisionId })
      return id
    },
  )

  function toEmbedding(row: Row): Embedding | null {
    if (row.vector === null || row.model_id === null) return null
    const vector = toVector(row.vector)
    if (vector !== undefined) return { modelId: row.model_id, vector }
    throw new StoreError({
      code: 'corrupt-row',
      what: `negative example ${row.id} is no unit vector of 128 numbers`,
      cure: 'restore the last backup',
    })
  }

  return {
    add: (example, actor) => add.immediate(example, actor),
    list: () =>
      selectAll.all().map((row) => ({
        personId: row.person_id,
        otherId: row.other_id,
        embedding: toEmbedding(row),
      })),
    countOf: (personId) => count.get(personId, personId) ?? 0,
  }
}
