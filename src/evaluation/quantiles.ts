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

/** Least-squares slope of y over x. */
export function slopeOf(points: readonly { readonly x: number; readonly y: number }[]): number {
  const count = points.length
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / count
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / count
  let covariance = 0
  let variance = 0
  for (const { x, y } of points) {
    covariance += (x - meanX) * (y - meanY)
    variance += (x - meanX) ** 2
  }
  return variance === 0 ? 0 : covariance / variance
}
