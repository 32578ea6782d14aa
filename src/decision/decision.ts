import { z } from 'zod'

/** Why an attempt did not open the door. */
export const DENIAL_REASONS = [
  'unknown',
  'ambiguous',
  'attack',
  'no-liveness-evidence',
  'low-quality',
  'not-permitted',
  'fault',
] as const

export const denialReasonSchema = z.enum(DENIAL_REASONS)
export type DenialReason = z.infer<typeof denialReasonSchema>

const evidenceSchema = z.strictObject({
  id: z.ulid().describe('Time-ordered, unique; readers de-duplicate by it.'),
  door: z.string(),
  decidedAt: z.iso.datetime().describe('Wall clock, UTC.'),
  attempt: z.strictObject({
    frames: z.int().nonnegative().describe('Frames of the attempt that were judged.'),
    durationMs: z.number().nonnegative(),
  }),
  match: z
    .strictObject({
      distanceSq: z
        .number()
        .describe('Squared L2 to the best person, worst of the deciding frames.'),
      runnerUpDistanceSq: z.number().nullable(),
      threshold: z.number().describe('τ: same person iff distanceSq ≤ τ.'),
      galleryPersons: z.int().nonnegative().describe('K.'),
    })
    .nullable(),
  liveness: z.strictObject({
    texture: z.number().nullable().describe('Mean live score of the texture net, 0..1.'),
    lifeEvents: z.int().nonnegative().describe('Events in the attempt that no still can make.'),
    proof: z
      .string()
      .max(100)
      .nullable()
      .optional()
      .describe('What proved life: the event seen, or `challenge` and its nonce.'),
  }),
  models: z.record(z.string(), z.string()).describe('Model id by role.'),
  latencyMs: z.number().nonnegative().describe('Capture of the last frame to this decision.'),
})

/** A decision that opens the door. */
export const grantedSchema = evidenceSchema.extend({
  outcome: z.literal('granted'),
  person: z.strictObject({ id: z.ulid(), name: z.string() }),
})

/** A decision that does not. */
export const deniedSchema = evidenceSchema.extend({
  outcome: z.literal('denied'),
  reason: denialReasonSchema,
  detail: z.string().describe('What a person or the log should read; names no person.'),
})

/** One attempt at the door and how it ended. Never holds an image or an embedding. */
export const decisionSchema = z.discriminatedUnion('outcome', [grantedSchema, deniedSchema])
export type Decision = z.infer<typeof decisionSchema>
export type GrantedDecision = z.infer<typeof grantedSchema>
export type DeniedDecision = z.infer<typeof deniedSchema>
