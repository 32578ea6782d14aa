import { trialsToSupport } from '../evaluation/statistics/binomial-interval.js'
import {
  checkCalibrationModel,
  falseMatchRate,
  falseNonMatchRate,
  suspectMatchRate,
  type BoundedRate,
  type Calibration,
  type ModelIdentity,
} from './calibration.js'

/** Share of identifications of strangers that may end in somebody's name: 99.9 % do not. */
export const DEFAULT_TARGET_FPIR = 0.001
/** Share of right answers that the margin may turn into `ambiguous`. */
const MARGIN_COST = 0.005

/** What a door's owner may set by hand; anything left out is taken from the calibration. */
export interface ThresholdOverride {
  /** Squared L2, in [0, 4]. */
  readonly threshold?: number | undefined
  /** Squared L2, ≥ 0. */
  readonly margin?: number | undefined
}

/** What a threshold has to serve. */
export interface GallerySize {
  /** K: persons enrolled. */
  readonly persons: number
  /** All their templates, each of which a stranger may resemble; as many as persons when left out. */
  readonly templates?: number | undefined
}

/** A threshold, what it costs, and how well it is founded. */
export interface ThresholdAdvice {
  /** τ, squared L2: same person iff distanceSq ≤ τ. */
  readonly threshold: number
  /** The runner-up person must be this much farther; squared L2. */
  readonly margin: number
  readonly source: 'calibration' | 'override'
  /** K it was computed for. */
  readonly persons: number
  readonly targetFpir: number
  /** FMR a single comparison may have to keep the target: 1 − (1 − target)^(1/templates). */
  readonly targetFmr: number
  /** Two-sided, of the intervals here; the threshold keeps the *upper* bound at the target. */
  readonly confidence: number
  readonly expectedFpir: BoundedRate
  /** For one frame and one template; several frames and templates do better. */
  readonly expectedFnir: BoundedRate
  /** FPIR if every suspect pair of the calibration were two persons who look like one. */
  readonly fpirIfLabelsAreRight: number
  /** Independent identifications that the calibration is worth at this gallery size. */
  readonly trials: number
  /** Clean ones that the target needs; 3,688 for 0.1 % at 95 %. */
  readonly trialsNeeded: number
  /** Whether the trials carry the target without the fitted tail. */
  readonly supported: boolean
  /** Sentences for the console: why not supported, what else to mind. Empty when all is well. */
  readonly reasons: readonly string[]
}

/** The thresholds of one encoder with its calibration. */
export interface Thresholds {
  readonly calibration: Calibration
  /**
   * For 1:K. A pure function of its arguments: call it again whenever the gallery changes.
   * @throws RangeError for sizes, targets or overrides out of range
   */
  forIdentification(
    gallery: GallerySize,
    options?: { readonly targetFpir?: number; readonly override?: ThresholdOverride | undefined },
  ): ThresholdAdvice
  /**
   * For 1:1 against a claimed person: the target is the FMR of that one comparison.
   * @throws RangeError for a target or override out of range
   */
  forVerification(options?: {
    readonly targetFmr?: number
    readonly templates?: number
    readonly override?: ThresholdOverride | undefined
  }): ThresholdAdvice
}

/** Rate of at least one event in `count` independent tries. */
function anyOf(count: number, rate: number): number {
  return -Math.expm1(count * Math.log1p(-rate))
}

/** The largest distance at which the upper bound of the FMR keeps the target; 0 if none does. */
function largestThreshold(calibration: Calibration, targetFmr: number): number {
  let low = 0
  let high = 4
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2
    if (falseMatchRate(calibration, middle).high <= targetFmr) low = middle
    else high = middle
  }
  return low
}

/** The gap that costs at most {@link MARGIN_COST} of the right answers. */
function calibratedMargin({ gaps }: Calibration): number {
  const affordable = gaps.quantiles.filter(({ share }) => share <= MARGIN_COST)
  return Math.max(0, ...affordable.map(({ gapSq }) => gapSq))
}

function checkNumber(what: string, value: number, low: number, high: number): number {
  if (!(value >= low && value <= high)) {
    throw new RangeError(`${what} must be in [${low}, ${high}], got ${value}`)
  }
  return value
}

const percent = (rate: number): string => `${Number((100 * rate).toPrecision(2))} %`

function advise(
  calibration: Calibration,
  persons: number,
  templates: number,
  targetFpir: number,
  override: ThresholdOverride,
): ThresholdAdvice {
  const targetFmr = -Math.expm1(Math.log1p(-targetFpir) / templates)
  const calibrated = largestThreshold(calibration, targetFmr)
  const threshold = checkNumber('threshold', override.threshold ?? calibrated, 0, 4)
  const margin = checkNumber('margin', override.margin ?? calibratedMargin(calibration), 0, 4)
  const fmr = falseMatchRate(calibration, threshold)
  const expectedFpir = {
    estimate: anyOf(templates, fmr.estimate),
    low: anyOf(templates, fmr.low),
    high: anyOf(templates, fmr.high),
  }
  const fpirIfLabelsAreRight = anyOf(
    templates,
    Math.min(1, fmr.estimate + suspectMatchRate(calibration, threshold)),
  )
  const { confidence } = calibration.method
  const trials = Math.floor(calibration.fmr.effectivePairs / templates)
  const trialsNeeded = trialsToSupport(targetFpir, confidence)
  const reasons: string[] = []
  if (trials < trialsNeeded) {
    reasons.push(
      `the calibration is worth ${trials} identifications at this gallery size, ${trialsNeeded} ` +
        `clean ones would carry ${percent(targetFpir)}: the threshold rests on the fitted tail; ` +
        'calibrate with more people',
    )
  }
  if (calibrated === 0) {
    reasons.push('no distance keeps the target with this calibration: nobody will be recognised')
  }
  if (threshold > calibrated) {
    reasons.push(
      `the threshold set by hand lets up to ${percent(expectedFpir.high)} of strangers pass, ` +
        `the target is ${percent(targetFpir)}`,
    )
  }
  if (fpirIfLabelsAreRight > targetFpir) {
    reasons.push(
      `${calibration.fmr.suspectPairs} pairs of the calibration look like one person under two ` +
        `names; were they doubles, ${percent(fpirIfLabelsAreRight)} of strangers would pass`,
    )
  }
  return {
    threshold,
    margin,
    source:
      override.threshold === undefined && override.margin === undefined
        ? 'calibration'
        : 'override',
    persons,
    targetFpir,
    targetFmr,
    confidence,
    expectedFpir,
    expectedFnir: falseNonMatchRate(calibration, threshold),
    fpirIfLabelsAreRight,
    trials,
    trialsNeeded,
    supported: trials >= trialsNeeded && calibrated > 0 && threshold <= calibrated,
    reasons,
  }
}

function checkCount(what: string, value: number, low: number): number {
  if (!Number.isInteger(value) || value < low) {
    throw new RangeError(`${what} must be a whole number ≥ ${low}, got ${value}`)
  }
  return value
}

/**
 * Thresholds for an encoder by its calibration: τ(K) is the largest distance whose FMR, at the
 * upper confidence bound, is at most 1 − (1 − FPIR)^(1/K).
 * @throws CalibrationRefusedError when the calibration belongs to another model
 */
export function createThresholds(calibration: Calibration, model: ModelIdentity): Thresholds {
  checkCalibrationModel(calibration, model)
  const target = (value: number): number => checkNumber('target rate', value, 1e-9, 0.5)

  return {
    calibration,

    forIdentification({ persons, templates = persons }, options = {}) {
      checkCount('persons', persons, 0)
      checkCount('templates', templates, persons)
      const { targetFpir = DEFAULT_TARGET_FPIR, override = {} } = options
      return advise(calibration, persons, Math.max(1, templates), target(targetFpir), override)
    },

    forVerification(options = {}) {
      const { targetFmr = DEFAULT_TARGET_FPIR, templates = 1, override = {} } = options
      checkCount('templates', templates, 1)
      return advise(calibration, 1, templates, target(targetFmr), override)
    },
  }
}
