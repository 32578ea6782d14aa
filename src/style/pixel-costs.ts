import type { Planes } from './planes.js'

/** Differences well below this count by their square, those above by their size. */
export const SMOOTH_BELOW = 0.02

/**
 * Total variation of a picture: the mean over pixels of Σ_c √(dx² + dy² + ε²) − ε, dx and dy to the
 * next pixel, in the picture's unit (0..1). Speckles cost much, an edge no more than its height.
 * @param weight multiplies cost and gradient
 * @param gradient is added to
 * @returns the weighted cost
 */
export function addTotalVariation(
  { width, height, data }: Planes,
  weight: number,
  gradient: Float32Array,
): number {
  const share = weight / (width * height)
  let sum = 0
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = (c * height + y) * width + x
        const right = x + 1 < width ? at + 1 : at
        const below = y + 1 < height ? at + width : at
        const dx = data[right] - data[at]
        const dy = data[below] - data[at]
        const length = Math.sqrt(dx * dx + dy * dy + SMOOTH_BELOW * SMOOTH_BELOW)
        sum += length - SMOOTH_BELOW
        const pull = share / length
        gradient[right] += pull * dx
        gradient[below] += pull * dy
        gradient[at] -= pull * (dx + dy)
      }
    }
  }
  return share * sum
}

/**
 * What values outside 0..1 cost: the mean over pixels of Σ_c of the squared excess.
 * @param weight multiplies cost and gradient
 * @param gradient is added to
 * @returns the weighted cost
 */
export function addRangeCost(
  { width, height, data }: Planes,
  weight: number,
  gradient: Float32Array,
): number {
  const share = weight / (width * height)
  let sum = 0
  for (let i = 0; i < data.length; i++) {
    const excess = data[i] < 0 ? data[i] : data[i] > 1 ? data[i] - 1 : 0
    sum += excess * excess
    gradient[i] += 2 * share * excess
  }
  return share * sum
}
