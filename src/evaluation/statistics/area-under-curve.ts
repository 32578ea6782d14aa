import type { Interval } from './binomial-interval.js'

/** Area under the ROC curve with its 95 % interval. */
export interface AreaUnderCurve {
  readonly auc: number
  readonly ci95: Interval
  readonly positives: number
  readonly negatives: number
}

const Z95 = 1.959964

/**
 * Share of pairs in which the positive scores higher, ties half (Mann–Whitney), with Newcombe's
 * score interval (Statistics in Medicine 2006, method 5), which stays honest for few items and at
 * areas of 0 and 1.
 * @throws RangeError when a kind is missing or a score is not a number
 */
export function areaUnderCurve(
  positives: readonly number[],
  negatives: readonly number[],
): AreaUnderCurve {
  const [m, n] = [positives.length, negatives.length]
  if (m === 0 || n === 0) throw new RangeError('an area needs positives and negatives')
  if ([...positives, ...negatives].some(Number.isNaN)) throw new RangeError('a score is NaN')
  let wins = 0
  for (const p of positives) for (const q of negatives) wins += p > q ? 1 : p === q ? 0.5 : 0
  const auc = wins / (m * n)
  const halfSize = (m + n) / 2 - 1
  const spread = (area: number): number =>
    Z95 *
    Math.sqrt(
      (area * (1 - area) * (1 + halfSize * ((1 - area) / (2 - area) + area / (1 + area)))) /
        (m * n),
    )
  /** The area furthest from the measured one, towards `end`, that does not exclude it. */
  const limit = (end: 0 | 1): number => {
    let inside = auc
    let outside: number = end
    for (let i = 0; i < 60; i++) {
      const middle = (inside + outside) / 2
      if (Math.abs(middle - auc) <= spread(middle)) inside = middle
      else outside = middle
    }
    return (inside + outside) / 2
  }
  return { auc, ci95: { low: limit(0), high: limit(1) }, positives: m, negatives: n }
}
