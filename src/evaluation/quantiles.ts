/** Middle and tails of a set of timings, in milliseconds. */
export interface Timing {
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

/** @throws RangeError when there are no samples */
export function summariseTimings(samplesMs: readonly number[]): Timing {
  if (samplesMs.length === 0) throw new RangeError('there are no samples')
  const sorted = [...samplesMs].sort((a, b) => a - b)
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}

/**
 * Slope of y over x after Theil and Sen: the median of the slopes of all pairs, which a few outliers
 * cannot move.
 * @returns NaN for fewer than two points
 */
export function robustSlopeOf(
  points: readonly { readonly x: number; readonly y: number }[],
): number {
  const slopes = points.flatMap((a, i) =>
    points.slice(i + 1).flatMap((b) => (b.x === a.x ? [] : [(b.y - a.y) / (b.x - a.x)])),
  )
  if (slopes.length === 0) return Number.NaN
  slopes.sort((a, b) => a - b)
  const middle = slopes.length >> 1
  return slopes.length % 2 === 1 ? slopes[middle] : (slopes[middle - 1] + slopes[middle]) / 2
}
