import type { Config } from '../config/schema.js'
import {
  countImpostorPairs,
  fnmrAtThreshold,
  type HeldOutComparison,
} from '../learning/held-out.js'
import { embedBy, type Learnt } from '../learning/learn.js'
import type { LearntProjection } from '../learning/learnt-record.js'
import { exportLearntEncoder, readEncoderFiles, storedHead } from '../learnt-encoder.js'
import { calibrate } from '../matching/calibrate.js'
import { CalibrationRefusedError } from '../matching/calibration.js'
import { createThresholds, type Thresholds } from '../matching/threshold.js'

/** Whether a head is to be adopted, with the record that would be. */
export interface Verdict {
  readonly record: LearntProjection | undefined
  readonly reason: string
  readonly comparison: HeldOutComparison | undefined
  /** At the thresholds that the door would use for K. */
  readonly operating: OperatingChange | undefined
}

/** FNMR of those who judge, at the thresholds that the door would use. */
export interface OperatingChange {
  readonly persons: number
  readonly thresholdBefore: number
  readonly thresholdAfter: number
  readonly fnmrBefore: number
  readonly fnmrAfter: number
}

/**
 * Calibrates the threshold of a head that helped, on persons who neither trained nor judged it, and
 * says by those who judged it whether the door would refuse more employees than today.
 */
export function judgeHead(
  { result, heldOut, calibration: calibrators, trainedPersons, trainedPictures }: Learnt,
  parts: {
    readonly config: Config
    readonly thresholds: Thresholds
    readonly persons: number
    /** Where the pictures come from, for the record. */
    readonly data: string
    /** How the head was learnt, for the record. */
    readonly method: string
    readonly seed: number
  },
): Verdict {
  if (result.head === undefined) {
    const { reason } = result
    return { record: undefined, reason, comparison: undefined, operating: undefined }
  }
  const { config, thresholds, persons, data, method, seed } = parts
  const { comparison } = result
  const refuse = (reason: string, operating?: OperatingChange): Verdict => ({
    record: undefined,
    reason,
    comparison,
    operating,
  })
  if (!result.improved) return refuse(result.reason)
  if (config.matching.threshold !== null) {
    return refuse('matching.threshold is set by hand and would not fit; take it out first')
  }
  const base = readEncoderFiles(config.models.encoder)
  const { file, head } = storedHead(result.head, {
    data,
    persons: trainedPersons,
    pictures: trainedPictures,
    method,
  })
  const { manifest } = exportLearntEncoder(base, file)
  const model = { id: manifest.id, sha256: manifest.file.sha256 }
  const embed = embedBy(head)
  try {
    const { calibration } = calibrate(
      new Map(
        calibrators.map(({ id, pictures }) => [
          id,
          pictures.map(({ vector }) => ({ modelId: model.id, vector: embed(vector) })),
        ]),
      ),
      model,
      {
        description: 'persons of the site who neither trained nor judged the head',
        seed,
        tailShare: tailShareFor(countImpostorPairs(calibrators, Infinity)),
      },
    )
    const before = thresholds.forIdentification({ persons }).threshold
    const after = createThresholds(calibration, model).forIdentification({ persons }).threshold
    const operating: OperatingChange = {
      persons,
      thresholdBefore: before,
      thresholdAfter: after,
      fnmrBefore: fnmrAtThreshold(heldOut, (vector) => vector, before),
      fnmrAfter: fnmrAtThreshold(heldOut, embed, after),
    }
    if (operating.fnmrAfter > operating.fnmrBefore) {
      return refuse(
        `${result.reason}, but at the threshold that the ${calibrators.length} others support ` +
          'more employees would be refused than today; add people to calibrate on',
        operating,
      )
    }
    return {
      record: {
        format: 'genkan-learnt-projection/1',
        base: { id: base.manifest.id, sha256: base.manifest.file.sha256 },
        encoder: model,
        head: file,
        calibration,
      },
      reason: result.reason,
      comparison,
      operating,
    }
  } catch (error) {
    if (!(error instanceof CalibrationRefusedError)) throw error
    return refuse(`${result.reason}, but its threshold cannot be calibrated: ${error.message}`)
  }
}

/** A tail is fitted on so many pairs at least. */
const TAIL_PAIRS = 110
const TAIL_SHARE = 0.001
const MAX_TAIL_SHARE = 0.005

/** As far into the tail as few persons allow; the refits on resampled persons carry what that costs. */
function tailShareFor(impostorPairs: number): number {
  return Math.min(MAX_TAIL_SHARE, Math.max(TAIL_SHARE, TAIL_PAIRS / Math.max(1, impostorPairs)))
}
