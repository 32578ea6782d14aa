import { distanceSq } from '../encoding/embedding.js'
import type { EncodedPictures } from './labelled-pictures.js'
import type { LabelledPair } from './lfw-pairs.js'
import { clopperPearson } from './statistics/binomial-interval.js'
import type { Interval } from './statistics/binomial-interval.js'
import { equalErrorRate, fnmrAtFmr, sortScores } from './statistics/error-rates.js'
import type { Scores } from './statistics/error-rates.js'
import { foldAccuracy } from './statistics/fold-accuracy.js'

/** The largest distance there is between unit vectors: what a face that was not acquired scores. */
const FARTHEST_DISTANCE_SQ = 4

/** FNMR at one FMR, with its interval and the threshold that gives it. */
export interface FnmrAtFmr {
  readonly fnmr: number
  readonly ci95: Interval
  readonly threshold: number
}

/** A 1:1 verification test over labelled pairs (ISO/IEC 19795-1 terms). */
export interface VerificationReport {
  readonly modelId: string
  /** Mean over the folds, each judged with the threshold that is best on the others. */
  readonly accuracy: number
  /** Clopper–Pearson over all pairs. */
  readonly accuracyCi95: Interval
  readonly eer: number
  readonly fnmrAtFmr: { readonly '1e-2': FnmrAtFmr; readonly '1e-3': FnmrAtFmr }
  /** Share of pictures in which no face was found; their pairs count as non-matches. */
  readonly failureToAcquire: number
  readonly pictures: number
  readonly pairs: number
  readonly folds: number
  readonly msPerFace: number
}

/** The report and the distances it rests on, for a plot. */
export interface VerificationResult {
  readonly report: VerificationReport
  readonly scores: Scores
}

/**
 * Scores every pair and sums up.
 * @throws RangeError for fewer than two folds, or when a kind of pair is missing
 */
export function verifyPairs(
  pairs: readonly LabelledPair[],
  encoded: EncodedPictures,
  modelId: string,
): VerificationResult {
  const { embeddings, msPerFace } = encoded
  const judged = pairs.map(({ fold, same, paths }) => {
    const [first, second] = paths.map((path) => embeddings.get(path))
    const acquired = first !== undefined && second !== undefined
    return {
      fold,
      same,
      distanceSq: acquired ? distanceSq(first.vector, second.vector) : FARTHEST_DISTANCE_SQ,
    }
  })
  const distances = (same: boolean) =>
    judged.filter((pair) => pair.same === same).map((pair) => pair.distanceSq)
  const scores = sortScores(distances(true), distances(false))
  const { accuracy, folds } = foldAccuracy(judged)
  const right = folds.reduce((sum, fold) => sum + Math.round(fold.accuracy * fold.pairs), 0)
  const missing = [...embeddings.values()].filter((embedding) => embedding === undefined).length
  return {
    scores,
    report: {
      modelId,
      accuracy,
      accuracyCi95: clopperPearson(right, judged.length),
      eer: equalErrorRate(scores).eer,
      fnmrAtFmr: { '1e-2': operatingPoint(scores, 1e-2), '1e-3': operatingPoint(scores, 1e-3) },
      failureToAcquire: missing / embeddings.size,
      pictures: embeddings.size,
      pairs: judged.length,
      folds: folds.length,
      msPerFace,
    },
  }
}

function operatingPoint(scores: Scores, fmr: number): FnmrAtFmr {
  const { fnmr, threshold } = fnmrAtFmr(scores, fmr)
  const { length } = scores.genuine
  return { fnmr, ci95: clopperPearson(Math.round(fnmr * length), length), threshold }
}
