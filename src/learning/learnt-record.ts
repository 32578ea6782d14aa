import { z } from 'zod'
import { calibrationSchema } from '../matching/calibration.js'
import { headFileSchema } from './head-file.js'

const modelSchema = z.strictObject({
  id: z.string().min(1).max(64),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

/** A head learnt on site, with all that it needs to be used: kept in the store, as one row. */
export const learntProjectionSchema = z.strictObject({
  format: z.literal('genkan-learnt-projection/1'),
  /** The encoder it was learnt behind; it fits no other. */
  base: modelSchema,
  /** The encoder with the head in its graph. */
  encoder: modelSchema,
  head: headFileSchema,
  /** Of {@link learntProjectionSchema.shape.encoder}. */
  calibration: calibrationSchema,
})

/** {@link learntProjectionSchema} */
export type LearntProjection = z.infer<typeof learntProjectionSchema>

/** The store holds something that is no learnt head; the message says the cure. */
export class LearntRecordError extends Error {
  override readonly name = 'LearntRecordError'
}

/**
 * Reads what the store holds.
 * @throws LearntRecordError
 */
export function parseLearntProjection(body: string): LearntProjection {
  try {
    return learntProjectionSchema.parse(JSON.parse(body))
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message
    throw new LearntRecordError(
      `the learnt head in the store cannot be read (${why}); run \`genkan learn --rollback\``,
      { cause },
    )
  }
}
