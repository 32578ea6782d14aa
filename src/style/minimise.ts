/** A function to minimise: its value and gradient at a point. */
export type Objective = (point: Float32Array) => Promise<{
  readonly value: number
  readonly gradient: Float32Array
}>

/** An optimiser under way; a step may evaluate the objective several times. */
export interface Minimiser {
  readonly point: Float32Array
  /** Value at {@link point}; infinite before the first step. */
  readonly value: number
  /** @returns false where no further descent was found */
  step(): Promise<boolean>
  /** Everything but the point, to go on from; a list of vectors as long as the point, and numbers. */
  state(): MinimiserState
}

/** What an optimiser remembers beside its point. */
export interface MinimiserState {
  readonly vectors: readonly Float32Array[]
  readonly numbers: readonly number[]
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

/** to += factor · from */
function addScaled(to: Float32Array, factor: number, from: Float32Array): void {
  for (let i = 0; i < to.length; i++) to[i] += factor * from[i]
}

/** Decay rates of Adam's means of the gradient and of its square (Kingma & Ba 2015). */
const ADAM_DECAY = 0.9
const ADAM_SQUARE_DECAY = 0.99
const ADAM_EPSILON = 1e-8

/**
 * Adam.
 * @param rateAt how far a coordinate moves in a step, at most; steps count from 1
 */
export function createAdam(
  objective: Objective,
  start: Float32Array,
  rateAt: (step: number) => number,
  resume?: MinimiserState,
): Minimiser {
  const point = start.slice()
  const mean = resume?.vectors.at(0)?.slice() ?? new Float32Array(start.length)
  const square = resume?.vectors.at(1)?.slice() ?? new Float32Array(start.length)
  let steps = resume?.numbers.at(0) ?? 0
  let value = Infinity
  return {
    point,
    get value() {
      return value
    },
    async step() {
      const found = await objective(point)
      value = found.value
      steps++
      const scale = rateAt(steps) / (1 - ADAM_DECAY ** steps)
      const squareScale = 1 / (1 - ADAM_SQUARE_DECAY ** steps)
      for (let i = 0; i < point.length; i++) {
        const slope = found.gradient[i]
        mean[i] += (1 - ADAM_DECAY) * (slope - mean[i])
        square[i] += (1 - ADAM_SQUARE_DECAY) * (slope * slope - square[i])
        point[i] -= (scale * mean[i]) / (Math.sqrt(square[i] * squareScale) + ADAM_EPSILON)
      }
      return true
    },
    state: () => ({ vectors: [mean, square], numbers: [steps] }),
  }
}

/** A rate that falls from `rate` to nothing over so many steps as half a cosine (Loshchilov & Hutter 2017). */
export function fallingRate(rate: number, steps: number): (step: number) => number {
  return (step) => (rate / 2) * (1 + Math.cos((Math.PI * Math.min(step - 1, steps)) / steps))
}

/** Share of the promised descent that a step must keep (Armijo). */
const SUFFICIENT_DESCENT = 1e-4
const MAX_BACKTRACKS = 8
/** Mean change of a coordinate that the first step tries. */
const FIRST_MOVE = 0.01

interface Pair {
  /** Step between two points. */
  readonly s: Float32Array
  /** Change of the gradient between them. */
  readonly y: Float32Array
  readonly sy: number
}

/**
 * L-BFGS with backtracking (Nocedal & Wright 2006, algorithms 7.4 and 7.5).
 * @param memory pairs of steps and gradient changes that are remembered
 */
export function createLbfgs(
  objective: Objective,
  start: Float32Array,
  memory: number,
  resume?: MinimiserState,
): Minimiser {
  let point = start.slice()
  let value = Infinity
  let gradient: Float32Array | undefined
  const pairs: Pair[] = []
  const remember = (s: Float32Array, y: Float32Array) => {
    const sy = dot(s, y)
    if (sy <= 1e-10 * Math.sqrt(dot(s, s) * dot(y, y))) return
    pairs.push({ s, y, sy })
    if (pairs.length > memory) pairs.shift()
  }
  const kept = resume?.vectors ?? []
  for (let i = 0; i + 1 < kept.length; i += 2) remember(kept[i], kept[i + 1])

  /** −H·g by the two-loop recursion. */
  const direction = (slope: Float32Array): Float32Array => {
    const q = slope.map((part) => -part)
    const newest = pairs.at(-1)
    if (newest === undefined) {
      let sum = 0
      for (const part of q) sum += Math.abs(part)
      const scale = (FIRST_MOVE * q.length) / Math.max(sum, 1e-30)
      return q.map((part) => part * scale)
    }
    const shares = new Float64Array(pairs.length)
    for (let i = pairs.length - 1; i >= 0; i--) {
      shares[i] = dot(pairs[i].s, q) / pairs[i].sy
      addScaled(q, -shares[i], pairs[i].y)
    }
    const scale = newest.sy / dot(newest.y, newest.y)
    for (let i = 0; i < q.length; i++) q[i] *= scale
    for (const [i, { s, y, sy }] of pairs.entries()) {
      addScaled(q, shares[i] - dot(y, q) / sy, s)
    }
    return q
  }

  return {
    get point() {
      return point
    },
    get value() {
      return value
    },
    async step() {
      if (gradient === undefined) {
        const first = await objective(point)
        gradient = first.gradient
        value = first.value
      }
      let way = direction(gradient)
      let descent = dot(way, gradient)
      if (descent >= 0) {
        pairs.length = 0
        way = direction(gradient)
        descent = dot(way, gradient)
      }
      let length = 1
      for (let attempt = 0; attempt < MAX_BACKTRACKS; attempt++) {
        const next = point.slice()
        addScaled(next, length, way)
        const found = await objective(next)
        if (found.value <= value + SUFFICIENT_DESCENT * length * descent) {
          const change = found.gradient.slice()
          addScaled(change, -1, gradient)
          for (let i = 0; i < way.length; i++) way[i] *= length
          remember(way, change)
          point = next
          value = found.value
          gradient = found.gradient
          return true
        }
        // The lowest point of the parabola through what is known.
        const curvature = found.value - value - length * descent
        const lowest = (-descent * length * length) / (2 * curvature)
        length = Number.isFinite(lowest)
          ? Math.min(0.5 * length, Math.max(0.1 * length, lowest))
          : 0.1 * length
      }
      if (pairs.length === 0) return false
      pairs.length = 0
      return true
    },
    state: () => ({ vectors: pairs.flatMap(({ s, y }) => [s, y]), numbers: [] }),
  }
}
