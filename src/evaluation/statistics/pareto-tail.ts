/** A generalised Pareto distribution of excesses y ≥ 0 (Pickands, Annals of Statistics 1975). */
export interface ParetoTail {
  /** σ > 0, in the unit of the excesses. */
  readonly scale: number
  /** ξ: below 0 the tail ends at −σ/ξ, at 0 it is exponential, above 0 it is heavy. */
  readonly shape: number
}

const NEARLY_EXPONENTIAL = 1e-9

/** P(Y > y). */
export function paretoSurvival({ scale, shape }: ParetoTail, y: number): number {
  if (y <= 0) return 1
  if (Math.abs(shape) < NEARLY_EXPONENTIAL) return Math.exp(-y / scale)
  const base = 1 + (shape * y) / scale
  return base <= 0 ? 0 : base ** (-1 / shape)
}

/** Density at y ≥ 0. */
export function paretoDensity({ scale, shape }: ParetoTail, y: number): number {
  if (y < 0) return 0
  if (Math.abs(shape) < NEARLY_EXPONENTIAL) return Math.exp(-y / scale) / scale
  const base = 1 + (shape * y) / scale
  return base <= 0 ? 0 : base ** (-1 / shape - 1) / scale
}

/** The y that is exceeded with probability `survival`. */
export function paretoQuantile({ scale, shape }: ParetoTail, survival: number): number {
  if (Math.abs(shape) < NEARLY_EXPONENTIAL) return -scale * Math.log(survival)
  return (scale / shape) * (survival ** -shape - 1)
}

/** Shapes that can be told apart from data; outside, the likelihood has no maximum (ξ ≤ −1). */
const SHAPE_LIMITS = [-0.9, 2] as const
const SEARCH_STEPS = 16

/**
 * Fits by maximum likelihood, along the profile θ = ξ/σ (Grimshaw, Technometrics 1993):
 * for a given θ, ξ = mean ln(1 + θ·y), and only θ has to be searched.
 *
 * @param excesses y ≥ 0
 * @param weights how much each counts; 1 when left out, 0 leaves one out altogether
 * @throws RangeError for fewer than 10 excesses, or excesses without extent
 */
export function fitParetoTail(
  excesses: ArrayLike<number>,
  weights?: ArrayLike<number>,
): ParetoTail {
  let total = 0
  let sum = 0
  let largest = 0
  let counted = 0
  for (let i = 0; i < excesses.length; i++) {
    const weight = weights ? weights[i] : 1
    if (weight <= 1e-9) continue
    counted++
    total += weight
    sum += weight * excesses[i]
    largest = Math.max(largest, excesses[i])
  }
  if (counted < 10 || !(sum > 0)) {
    throw new RangeError(`a tail needs at least 10 excesses with some extent, got ${counted}`)
  }
  const mean = sum / total

  const shapeFor = (theta: number): number => {
    let logs = 0
    for (let i = 0; i < excesses.length; i++) {
      const weight = weights ? weights[i] : 1
      if (weight > 1e-9) logs += weight * Math.log1p(theta * excesses[i])
    }
    return logs / total
  }
  /** Mean negative log-likelihood. */
  const lossFor = (theta: number): number => {
    if (Math.abs(theta * mean) < NEARLY_EXPONENTIAL) return Math.log(mean) + 1
    const shape = shapeFor(theta)
    if (shape < SHAPE_LIMITS[0] || shape > SHAPE_LIMITS[1]) return Infinity
    return Math.log(shape / theta) + 1 + shape
  }

  const lowest = -1 / largest
  const candidates: number[] = []
  for (let i = 1; i <= SEARCH_STEPS; i++) candidates.push(lowest * (1 - (i / SEARCH_STEPS) ** 2))
  for (let i = 0; i <= SEARCH_STEPS; i++) candidates.push((20 / mean) * (i / SEARCH_STEPS) ** 3)
  let bestAt = 0
  let bestLoss = Infinity
  candidates.forEach((theta, at) => {
    const loss = lossFor(theta)
    if (loss < bestLoss) {
      bestLoss = loss
      bestAt = at
    }
  })
  const theta = minimise(
    lossFor,
    candidates[Math.max(0, bestAt - 1)],
    candidates[Math.min(candidates.length - 1, bestAt + 1)],
  )
  if (Math.abs(theta * mean) < NEARLY_EXPONENTIAL) return { scale: mean, shape: 0 }
  const shape = shapeFor(theta)
  return { scale: shape / theta, shape }
}

/** Golden-section search for the minimum of a function with one valley in `[low, high]`. */
function minimise(f: (x: number) => number, low: number, high: number): number {
  const golden = (Math.sqrt(5) - 1) / 2
  let a = low
  let b = high
  let c = b - golden * (b - a)
  let d = a + golden * (b - a)
  let fc = f(c)
  let fd = f(d)
  for (let i = 0; i < 32; i++) {
    if (fc < fd) {
      b = d
      d = c
      fd = fc
      c = b - golden * (b - a)
      fc = f(c)
    } else {
      a = c
      c = d
      fc = fd
      d = a + golden * (b - a)
      fd = f(d)
    }
  }
  return (a + b) / 2
}
