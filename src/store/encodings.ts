import type Database from 'better-sqlite3-multiple-ciphers'

import type { Embedding } from '../encoding/embedding.js'
import { StoreError } from './store-error.js'
import { isUnitVector, toVectorBytes } from './vector-bytes.js'

/** A kept enrolment picture that an encoder has not seen. */
export interface UnseenPicture {
  readonly templateId: string
  /** Encoder that the picture was cut out for. */
  readonly modelId: string
  /** Empty where the picture is not kept here. */
  readonly cropPng: Uint8Array
}

/** Templates as other encoders see the same pictures, so that doors on two encoders know the same people. */
export interface Encodings {
  /**
   * Keeps what another encoder makes of a template's picture; an earlier answer of it is replaced.
   * @returns `false` when the template is gone, or is of that encoder itself
   * @throws StoreError `invalid-value` for a vector that is no embedding
   */
  add(templateId: string, embedding: Embedding): boolean
  /** How many templates an encoder knows neither by themselves nor by an encoding. */
  countUnseen(modelId: string): number
  /**
   * The next template that an encoder does not know, in the order of ids.
   * @param after id of the one before; all from the beginning with ''
   * @param kept only those whose picture is kept here
   */
  nextUnseen(modelId: string, after: string, kept: boolean): UnseenPicture | undefined
}

/** The {@link Encodings} of a database. */
export function createEncodings(database: Database.Database): Encodings {
  const upsert = database.prepare<[{ template: string; model: string; vector: Buffer }]>(
    `INSERT INTO encodings (template_id, model_id, vector)
     SELECT id, @model, @vector FROM templates WHERE id = @template AND model_id <> @model
     ON CONFLICT (template_id, model_id) DO UPDATE SET vector = excluded.vector`,
  )
  const unseen = `FROM templates t WHERE t.model_id <> @model AND NOT EXISTS
    (SELECT 1 FROM encodings e WHERE e.template_id = t.id AND e.model_id = @model)`
  const count = database.prepare<[{ model: string }], number>(`SELECT count(*) ${unseen}`).pluck()
  const next = database.prepare<[{ model: string; after: string; kept: number }], UnseenPicture>(
    `SELECT t.id AS templateId, t.model_id AS modelId, t.crop_png AS cropPng ${unseen}
     AND t.id > @after AND (@kept = 0 OR length(t.crop_png) > 0) ORDER BY t.id LIMIT 1`,
  )
  return {
    add(templateId, { modelId, vector }) {
      if (!isUnitVector(vector)) {
        const what = `what ${modelId} makes of template ${templateId} is no unit vector of 128 numbers`
        throw new StoreError({ code: 'invalid-value', what, cure: 'check the encoder’s model' })
      }
      const row = { template: templateId, model: modelId, vector: toVectorBytes(vector) }
      return upsert.run(row).changes > 0
    },
    countUnseen: (modelId) => count.get({ model: modelId }) ?? 0,
    nextUnseen: (modelId, after, kept) => next.get({ model: modelId, after, kept: kept ? 1 : 0 }),
  }
}
