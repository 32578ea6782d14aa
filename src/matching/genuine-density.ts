/** Spread of the kernel in squared L2; genuine distances lie around 0.6 with a deviation of 0.25. */
const BANDWIDTH = 0.08
/** Part that is spread evenly, so that no distance is impossible (the same file under two names). */
const EVEN_SHARE = 0.02
const CELLS = 400

/**
 * Smooth density of same-person distances over [0, `endSq`), by a Gaussian kernel, tabulated.
 * @param genuineSq squared L2 of same-person pairs
 */
export function genuineDensity(
  genuineSq: Float64Array,
  endSq: number,
): (distanceSq: number) => number {
  const table = new Float64Array(CELLS + 1)
  for (let cell = 0; cell <= CELLS; cell++) {
    const at = (cell / CELLS) * endSq
    let sum = 0
    for (const distance of genuineSq) {
      const z = (distance - at) / BANDWIDTH
      if (Math.abs(z) < 6) sum += Math.exp((-z * z) / 2)
    }
    const smooth = sum / (genuineSq.length * BANDWIDTH * Math.sqrt(2 * Math.PI))
    table[cell] = (1 - EVEN_SHARE) * smooth + EVEN_SHARE / endSq
  }
  return (distanceSq) => {
    const at = Math.min(CELLS, Math.max(0, (distanceSq / endSq) * CELLS))
    const below = Math.min(CELLS - 1, Math.floor(at))
    return table[below] + (at - below) * (table[below + 1] - table[below])
  }
}
