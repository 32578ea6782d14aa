import { z } from 'zod'
import { LearntRecordError } from './learnt-record.js'
import { SIAMESE_FORMS, type SiameseHead } from './siamese.js'

const finite = z.number().refine(Number.isFinite)

/** A siamese head as the store keeps it. */
export const siameseRecordSchema = z.strictObject({
  format: z.literal('genkan-learnt-siamese/1'),
  /** Encoder whose encodings it compares. */
  model: z.strictObject({ id: z.string().min(1).max(64), sha256: z.string().length(64) }),
  form: z.enum(SIAMESE_FORMS),
  weights: z.array(finite).min(1).max(2048),
  bias: finite,
  scale: finite,
  offset: finite,
  /** Below this probability it disagrees. */
  refuseBelow: z.number().min(0).max(1),
})

/** {@link siameseRecordSchema} */
export type SiameseRecord = z.infer<typeof siameseRecordSchema>

/**
 * Reads what the store holds.
 * @throws LearntRecordError
 */
export function parseSiameseRecord(body: string): SiameseRecord {
  try {
    return siameseRecordSchema.parse(JSON.parse(body))
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message
    throw new LearntRecordError(
      `the siamese head in the store cannot be read (${why}); run \`genkan learn siamese --rollback\``,
      { cause },
    )
  }
}

/** The head of a record. */
export function siameseHeadOf(record: SiameseRecord): SiameseHead {
  return { ...record, weights: Float64Array.from(record.weights) }
}
