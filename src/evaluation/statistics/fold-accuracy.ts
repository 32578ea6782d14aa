import type { Interval } from './binomial-interval.js'

/** A pair of pictures of a verification protocol. */
export interface LabelledPair {
  readonly distanceSq: number
  readonly same: boolean
  /** Number of the fold the protocol puts it in; a protocol without folds may number at will. */
  readonly fold: number
}

export interface FoldAccuracy {
  /** Mean over the folds. */
  readonly accuracy: number
  /** Standard error of that mean. */
  readonly standardError: number
  readonly ci95: Interval
  readonly folds: readonly { fold: number; accuracy: number; threshold: number; pairs: number }[]
}

/** Student's t at 97.5 % by degrees of freedom (1 to 30); beyond, the normal value. */
const T_975 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
  2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048,
  2.045, 2.042,
]

/** The threshold with the most right answers; between two distances, so that neither decides. */
function bestThreshold(pairs: readonly LabelledPair[]): number {
  const sorted = [...pairs].sort((a, b) => a.distanceSq - b.distanceSq)
  let right = sorted.filter(({ same }) => !same).length
  let best = { right, threshold: -Infinity }
  sorted.forEach(({ distanceSq, same }, at) => {
    right += same ? 1 : -1
    const next = sorted.at(at + 1)?.distanceSq ?? distanceSq + 1
    if (next > distanceSq && right > best.right) {
      best = { right, threshold: (distanceSq + next) / 2 }
    }
  })
  return best.threshold
}

/**
 * Accuracy as LFW reports it (Huang et al., UMass TR 07-49): each fold is judged with the
 * threshold that is best on all other folds; mean and standard error over the folds, with a
 * 95 % interval by Student's t.
 * @throws RangeError for fewer than two folds
 */
export function foldAccuracy(pairs: readonly LabelledPair[]): FoldAccuracy {
  const numbers = [...new Set(pairs.map(({ fold }) => fold))].sort((a, b) => a - b)
  if (numbers.length < 2) throw new RangeError('accuracy by folds needs at least two folds')
  const folds = numbers.map((fold) => {
    const threshold = bestThreshold(pairs.filter((pair) => pair.fold !== fold))
    const judged = pairs.filter((pair) => pair.fold === fold)
    const right = judged.filter(({ distanceSq, same }) => distanceSq <= threshold === same).length
    return { fold, accuracy: right / judged.length, threshold, pairs: judged.length }
  })
  const accuracy = folds.reduce((sum, fold) => sum + fold.accuracy, 0) / folds.length
  const squares = folds.reduce((sum, fold) => sum + (fold.accuracy - accuracy) ** 2, 0)
  const standardError = Math.sqrt(squares / (folds.length - 1) / folds.length)
  const reach = (T_975.at(folds.length - 2) ?? 1.96) * standardError
  return {
    accuracy,
    standardError,
    ci95: { low: Math.max(0, accuracy - reach), high: Math.min(1, accuracy + reach) },
    folds,
  }
}
