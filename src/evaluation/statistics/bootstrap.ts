import type { Interval } from './binomial-interval.js'
import { createSeededRandom, type Random } from './random.js'

export interface BootstrapOptions {
  /** Default 1,000. */
  readonly resamples?: number
  readonly seed: number
  /** Default 0.95. */
  readonly confidence?: number
}

/** How often each of `count` persons is drawn when as many are drawn with replacement. */
export function drawPersonWeights(count: number, random: Random): Uint8Array {
  const weights = new Uint8Array(count)
  for (let i = 0; i < count; i++) weights[Math.floor(random() * count)]++
  return weights
}

/**
 * The `p`-quantile of ascending values, linear between order statistics (Hyndman and Fan type 7).
 * @throws RangeError when there are no values
 */
export function quantileOfSorted(sorted: ArrayLike<number>, p: number): number {
  if (sorted.length === 0) throw new RangeError('no values to take a quantile of')
  const at = Math.min(1, Math.max(0, p)) * (sorted.length - 1)
  const below = Math.floor(at)
  const above = Math.ceil(at)
  return sorted[below] + (at - below) * (sorted[above] - sorted[below])
}

/**
 * Percentile interval of a statistic under resampling of whole persons, so that a person's many
 * pictures count as one source of chance (Bolle, Ratha and Pankanti, CVIU 2004).
 *
 * @param statistic gets how often each person was drawn; non-finite results are left out
 * @throws RangeError when no resample gave a finite value
 */
export function bootstrapByPerson(
  personCount: number,
  statistic: (weights: Uint8Array) => number,
  options: BootstrapOptions,
): Interval {
  const { resamples = 1000, seed, confidence = 0.95 } = options
  const random = createSeededRandom(seed)
  const values: number[] = []
  for (let i = 0; i < resamples; i++) {
    const value = statistic(drawPersonWeights(personCount, random))
    if (Number.isFinite(value)) values.push(value)
  }
  const sorted = Float64Array.from(values).sort()
  const tail = (1 - confidence) / 2
  return { low: quantileOfSorted(sorted, tail), high: quantileOfSorted(sorted, 1 - tail) }
}
