import { z } from 'zod'
import { quantileOfSorted } from '../evaluation/statistics/bootstrap.js'
import { tailFmr } from './impostor-tail.js'

const count = z.int().nonnegative()
const rate = z.number().min(0).max(1)
const distanceSq = z.number().min(0).max(4)

const curveSchema = z
  .array(z.strictObject({ thresholdSq: distanceSq, rate, low: rate, high: rate }))
  .min(2)
  .max(500)
  .refine(
    (points) =>
      points.every(
        ({ thresholdSq, rate, low, high }, i) =>
          low <= rate && rate <= high && (i === 0 || points[i - 1].thresholdSq < thresholdSq),
      ),
    'thresholds must ascend and every interval must hold its rate',
  )

const tailSchema = z.strictObject({
  rate,
  scale: z.number().positive(),
  shape: z.number().min(-1).max(2),
  mislabelledRate: rate,
})

/** The calibration file: numbers only, nothing from which a person could be told. */
export const calibrationSchema = z.strictObject({
  format: z.literal('genkan-calibration/1'),
  model: z
    .strictObject({ id: z.string().min(1), sha256: z.string().regex(/^[0-9a-f]{64}$/) })
    .describe('The encoder that made the embeddings; thresholds hold for no other.'),
  data: z.strictObject({
    description: z.string().min(1).max(1000).describe('What was calibrated on.'),
    persons: count,
    personsWithSeveralPictures: count,
    pictures: count,
    genuinePairs: count,
    impostorPairs: count,
  }),
  fmr: z.strictObject({
    curve: curveSchema.describe('Measured share of different-person pairs ≤ threshold.'),
    tailStartSq: distanceSq.describe('Below this distance the fitted tail is used.'),
    tailPairs: count.describe('Pairs nearer than that, which the tail was fitted on.'),
    tail: tailSchema.describe('Generalised Pareto tail, FMR(d) = rate · P(excess > start − d).'),
    tailReplicates: z
      .array(tailSchema)
      .min(50)
      .max(2000)
      .describe('The tail refitted on resampled persons; bounds are quantiles over these.'),
    suspectPairs: count.describe('Pairs more likely one person under two names than two persons.'),
    effectivePairs: z
      .number()
      .positive()
      .describe('Independent comparisons that would leave as much chance as these pairs do.'),
  }),
  fnmr: z.strictObject({
    curve: curveSchema.describe('Measured 1 − FNMR: share of same-person pairs ≤ threshold.'),
  }),
  gaps: z.strictObject({
    galleryPersons: count,
    trials: count.describe('Mated searches, each over all persons.'),
    quantiles: z
      .array(z.strictObject({ share: rate, gapSq: z.number().min(-4).max(4) }))
      .min(2)
      .max(100)
      .describe('Share of right answers with a smaller gap to the nearest other person.'),
  }),
  method: z.strictObject({
    seed: z.int(),
    resamples: count,
    confidence: z.number().min(0.5).max(0.9999).describe('Two-sided, of every interval here.'),
    tailShare: rate.describe('Share of the different-person pairs that makes the tail.'),
    notes: z.array(z.string().max(500)).max(20),
  }),
})

/** See {@link calibrationSchema}. */
export type Calibration = z.infer<typeof calibrationSchema>

/** Which model a calibration must belong to. */
export interface ModelIdentity {
  readonly id: string
  /** Of the model file, 64 lower-case hexadecimal digits. */
  readonly sha256: string
}

/** A rate with the calibration's two-sided confidence interval. */
export interface BoundedRate {
  readonly estimate: number
  readonly low: number
  readonly high: number
}

/** A calibration cannot be used; the message says why and what to do. */
export class CalibrationRefusedError extends Error {
  override readonly name = 'CalibrationRefusedError'
}

/**
 * Refuses a calibration of another encoder.
 * @throws CalibrationRefusedError when model id or file hash differ
 */
export function checkCalibrationModel(calibration: Calibration, model: ModelIdentity): void {
  const { id, sha256 } = calibration.model
  if (id === model.id && sha256 === model.sha256) return
  const difference = id === model.id ? 'another file of that model' : `model ${JSON.stringify(id)}`
  throw new CalibrationRefusedError(
    `the calibration was made with ${difference}, the encoder in use is ` +
      `${JSON.stringify(model.id)} (sha256 ${model.sha256.slice(0, 12)}…); ` +
      'run genkan calibrate with this encoder',
  )
}

/**
 * Reads a calibration file's content.
 * @throws CalibrationRefusedError when it is no calibration, or one of another model
 */
export function parseCalibration(content: unknown, model: ModelIdentity): Calibration {
  const parsed = calibrationSchema.safeParse(content)
  if (!parsed.success) {
    throw new CalibrationRefusedError(
      `the calibration file is not valid: ${z.prettifyError(parsed.error)}; ` +
        'restore it, or make one with genkan calibrate',
    )
  }
  checkCalibrationModel(parsed.data, model)
  return parsed.data
}

type Curve = Calibration['fmr']['curve']

/** Linear between the curve's points, in the rate or, where both ends allow it, in its logarithm. */
function readCurve(curve: Curve, thresholdSq: number, logarithmic: boolean): BoundedRate {
  const after = curve.findIndex((point) => point.thresholdSq >= thresholdSq)
  if (after === -1) return pointRate(curve[curve.length - 1])
  if (after === 0) return pointRate(curve[0])
  const [a, b] = [curve[after - 1], curve[after]]
  const share = (thresholdSq - a.thresholdSq) / (b.thresholdSq - a.thresholdSq)
  const between = (x: number, y: number): number =>
    logarithmic && x > 0 && y > 0 ? x * (y / x) ** share : x + (y - x) * share
  return {
    estimate: between(a.rate, b.rate),
    low: between(a.low, b.low),
    high: between(a.high, b.high),
  }
}

function pointRate({ rate, low, high }: Curve[number]): BoundedRate {
  return { estimate: rate, low, high }
}

/** False match rate of one comparison of two different persons, by tail or by measured curve. */
export function falseMatchRate(calibration: Calibration, thresholdSq: number): BoundedRate {
  const { curve, tail, tailReplicates, tailStartSq } = calibration.fmr
  if (thresholdSq >= tailStartSq) return readCurve(curve, thresholdSq, true)
  const replicates = Float64Array.from(tailReplicates, (replicate) =>
    tailFmr(replicate, tailStartSq, thresholdSq),
  ).sort()
  const estimate = tailFmr(tail, tailStartSq, thresholdSq)
  const outside = (1 - calibration.method.confidence) / 2
  return {
    estimate,
    low: Math.min(estimate, quantileOfSorted(replicates, outside)),
    high: Math.max(estimate, quantileOfSorted(replicates, 1 - outside)),
  }
}

/** False non-match rate of one comparison of two pictures of one person, as measured. */
export function falseNonMatchRate(calibration: Calibration, thresholdSq: number): BoundedRate {
  const { estimate, low, high } = readCurve(calibration.fnmr.curve, thresholdSq, false)
  return { estimate: 1 - estimate, low: 1 - high, high: 1 - low }
}

/**
 * FMR that the suspect pairs would add, were each of them two persons after all (twins, doubles)
 * and not one person under two names.
 */
export function suspectMatchRate(calibration: Calibration, thresholdSq: number): number {
  const matching = 1 - falseNonMatchRate(calibration, thresholdSq).estimate
  return calibration.fmr.tail.mislabelledRate * matching
}
