/**
 * Distances of comparisons whose truth is known, ascending. Smaller is more alike.
 * Make it with {@link sortScores}.
 */
export interface Scores {
  /** Same person. */
  readonly genuine: Float64Array
  /** Different persons. */
  readonly impostor: Float64Array
}

/**
 * Sorts distances once for all the measures here.
 * @throws RangeError when a kind is missing or a distance is not a number
 */
export function sortScores(genuine: Iterable<number>, impostor: Iterable<number>): Scores {
  const scores = {
    genuine: Float64Array.from(genuine).sort(),
    impostor: Float64Array.from(impostor).sort(),
  }
  for (const [kind, sorted] of Object.entries(scores)) {
    if (sorted.length === 0) throw new RangeError(`there are no ${kind} comparisons`)
    if (sorted.some(Number.isNaN)) throw new RangeError(`a ${kind} distance is not a number`)
  }
  return scores
}

/** How many of the ascending values are ≤ `limit`. */
export function countUpTo(sorted: ArrayLike<number>, limit: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle] <= limit) low = middle + 1
    else high = middle
  }
  return low
}

/** False match rate: share of impostor comparisons with distance ≤ threshold (ISO/IEC 19795-1). */
export function fmrAt({ impostor }: Scores, threshold: number): number {
  return countUpTo(impostor, threshold) / impostor.length
}

/** False non-match rate: share of genuine comparisons with distance > threshold (ISO/IEC 19795-1). */
export function fnmrAt({ genuine }: Scores, threshold: number): number {
  return 1 - countUpTo(genuine, threshold) / genuine.length
}

/** A threshold and the two rates it gives. */
export interface OperatingPoint {
  readonly threshold: number
  readonly fmr: number
  readonly fnmr: number
}

/**
 * The largest threshold whose measured FMR does not exceed `fmr`, with its FNMR.
 * Where fewer than 1/fmr impostors were compared it lies just below the nearest of them.
 */
export function fnmrAtFmr(scores: Scores, fmr: number): OperatingPoint {
  const { impostor } = scores
  const allowed = Math.floor(fmr * impostor.length * (1 + 1e-12))
  const threshold = allowed >= impostor.length ? Infinity : justBelow(impostor[allowed])
  return { threshold, fmr: fmrAt(scores, threshold), fnmr: fnmrAt(scores, threshold) }
}

function justBelow(value: number): number {
  return value - Math.max(Math.abs(value) * Number.EPSILON, Number.MIN_VALUE)
}

/** Every threshold at which a rate changes, ascending, from nothing matches to all matches. */
function* operatingPoints({ genuine, impostor }: Scores): Generator<OperatingPoint> {
  yield { threshold: -Infinity, fmr: 0, fnmr: 1 }
  let g = 0
  let i = 0
  while (g < genuine.length || i < impostor.length) {
    const threshold = Math.min(genuine[g] ?? Infinity, impostor[i] ?? Infinity)
    while (g < genuine.length && genuine[g] <= threshold) g++
    while (i < impostor.length && impostor[i] <= threshold) i++
    yield { threshold, fmr: i / impostor.length, fnmr: 1 - g / genuine.length }
  }
}

/**
 * The staircase of ROC and DET.
 * @param ratio a point is left out while neither rate has changed by this factor since the last
 *   kept one; 1 keeps all, 1.02 is finer than a drawing shows. The ends are always kept.
 */
export function detPoints(scores: Scores, ratio = 1): OperatingPoint[] {
  const kept: OperatingPoint[] = []
  const isFar = (a: number, b: number): boolean => Math.max(a, b) > ratio * Math.min(a, b)
  let left: OperatingPoint | undefined
  for (const point of operatingPoints(scores)) {
    const last = kept.at(-1)
    const isKept = !last || isFar(last.fmr, point.fmr) || isFar(last.fnmr, point.fnmr)
    if (isKept) kept.push(point)
    left = isKept ? undefined : point
  }
  if (left) kept.push(left)
  return kept
}

/** Equal error rate: where FMR and FNMR cross, linear between the steps around the crossing. */
export function equalErrorRate(scores: Scores): { eer: number; threshold: number } {
  let before: OperatingPoint = { threshold: -Infinity, fmr: 0, fnmr: 1 }
  for (const point of operatingPoints(scores)) {
    if (point.fmr >= point.fnmr) {
      const gapBefore = before.fnmr - before.fmr
      const gapAfter = point.fmr - point.fnmr
      const share = gapBefore + gapAfter === 0 ? 1 : gapBefore / (gapBefore + gapAfter)
      return { eer: before.fmr + share * (point.fmr - before.fmr), threshold: point.threshold }
    }
    before = point
  }
  return { eer: before.fmr, threshold: before.threshold }
}
