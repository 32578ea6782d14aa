import { z } from '@hono/zod-openapi'

import type { ThresholdStanding } from './ports/recognition.js'

const distanceSq = z.number().min(0).max(4)

export const identificationSchema = z
  .object({
    outcome: z.enum(['match', 'ambiguous', 'unknown']),
    person: z.object({ id: z.ulid(), name: z.string() }).optional().openapi({
      description: 'Only of a match.',
    }),
    distanceSq: distanceSq.nullable().openapi({
      description: 'Squared L2 to the nearest person; null when nobody is enrolled.',
    }),
    runnerUpDistanceSq: distanceSq.nullable().openapi({
      description: 'Squared L2 to the next person, once the nearest is within the threshold.',
    }),
    threshold: distanceSq.openapi({ description: 'τ(K), squared L2.' }),
    margin: distanceSq.openapi({ description: 'Lead that the nearest person needs.' }),
    galleryPersons: z.int().nonnegative().openapi({ description: 'K.' }),
  })
  .openapi('Identification')

export const verificationSchema = z
  .object({
    outcome: z.enum(['same', 'different', 'not-enrolled']),
    distanceSq: distanceSq.nullable().openapi({
      description: "Squared L2 to the person's nearest template; null when there is none.",
    }),
    threshold: distanceSq.openapi({
      description: 'τ of 1:1, squared L2, for as many templates as the person has.',
    }),
  })
  .openapi('Verification')

const boundedRate = z.object({
  estimate: z.number().min(0).max(1),
  low: z.number().min(0).max(1),
  high: z.number().min(0).max(1),
})

/** What other thresholds and other galleries would cost. */
export const curvesSchema = z
  .object({
    persons: z.int().openapi({ description: 'K as it is.' }),
    templates: z.int(),
    byThreshold: z.array(
      z.object({
        threshold: distanceSq,
        fmr: boundedRate.openapi({ description: 'Of one comparison with a stranger.' }),
        fnmr: boundedRate,
        fpir: boundedRate.openapi({ description: 'Of a stranger against the gallery as it is.' }),
      }),
    ),
    byPersons: z.array(
      z.object({
        persons: z.int().openapi({ description: 'K, with one template each.' }),
        threshold: distanceSq.openapi({ description: 'τ(K).' }),
        expectedFpir: boundedRate,
        expectedFnir: boundedRate,
        supported: z.boolean(),
      }),
    ),
  })
  .openapi('ThresholdCurves', { description: 'Rates with their intervals.' })

const standing = z.object({
  threshold: distanceSq.openapi({ description: 'τ, squared L2: the same person up to here.' }),
  source: z.enum(['calibration', 'override']),
  supported: z.boolean().openapi({
    description: 'Whether the calibration holds enough trials to carry the target.',
  }),
  reasons: z.array(z.string()).openapi({
    description: 'Why it is not supported, and what else to mind. Empty when all is well.',
  }),
})

export const thresholdsSchema = z
  .object({
    identification: standing
      .extend({
        margin: distanceSq,
        persons: z.int().nonnegative().openapi({ description: 'K.' }),
        targetFpir: z.number(),
        expectedFpir: boundedRate.nullable().openapi({
          description: 'Share of strangers taken for somebody, with its interval.',
        }),
        expectedFnir: boundedRate.nullable().openapi({
          description: 'Share of enrolled people not recognised in one frame, with its interval.',
        }),
      })
      .openapi({ description: '1:K, for the gallery as it is.' }),
    verification: standing
      .extend({
        targetFmr: z.number(),
        expectedFmr: boundedRate.nullable(),
        expectedFnmr: boundedRate.nullable(),
      })
      .openapi({ description: '1:1, for a person with one template; more make τ stricter.' }),
  })
  .openapi('Thresholds')

const UNCALIBRATED =
  'the threshold was set by hand and the encoder has no calibration: what it costs is not known'

function present({ value, advice }: ThresholdStanding): z.infer<typeof standing> {
  return {
    threshold: value,
    source: advice?.source ?? 'override',
    supported: advice?.supported ?? false,
    reasons: [...(advice?.reasons ?? [UNCALIBRATED])],
  }
}

/** Both thresholds as the API shows them. */
export function presentThresholds(
  identification: ThresholdStanding,
  verification: ThresholdStanding,
  persons: number,
): z.infer<typeof thresholdsSchema> {
  return {
    identification: {
      ...present(identification),
      margin: identification.margin,
      persons,
      targetFpir: identification.targetFpir,
      expectedFpir: identification.advice?.expectedFpir ?? null,
      expectedFnir: identification.advice?.expectedFnir ?? null,
    },
    verification: {
      ...present(verification),
      targetFmr: verification.targetFpir,
      expectedFmr: verification.advice?.expectedFpir ?? null,
      expectedFnmr: verification.advice?.expectedFnir ?? null,
    },
  }
}
