import { shuffle, type Random } from '../evaluation/statistics/random.js'
import type { LabelledVectors, LinearHead } from './linear-head.js'

/** Choices of {@link trainTripletHead}. */
export interface TripletOptions {
  /** Squared distance by which a stranger must be farther than the person's own. */
  readonly margin: number
  readonly epochs: number
  readonly learningRate: number
  /** Pull back to the head it starts from, a step. */
  readonly anchoring: number
  readonly personsPerBatch: number
  readonly picturesPerPerson: number
  readonly random: Random
  /** Told of each epoch's mean loss over its triplets, and how many there were. */
  readonly onEpoch?: (epoch: number, loss: number, triplets: number) => void
}

/** A triplet by the rows of a batch. */
export interface Triplet {
  readonly anchor: number
  readonly positive: number
  readonly negative: number
}

/** A batch's vectors through the head. */
interface Projected {
  /** Unit-length rows. */
  readonly units: readonly Float64Array[]
  /** Lengths before. */
  readonly lengths: readonly number[]
}

/**
 * Semi-hard triplets of a batch (FaceNet, arXiv 1503.03832, section 3.2): for each pair of one
 * person the nearest stranger that is farther than the pair but by less than the margin, or where
 * there is none the nearest stranger of all, if he violates the margin.
 */
export function mineTriplets(
  units: readonly Float64Array[],
  persons: readonly string[],
  margin: number,
): Triplet[] {
  const triplets: Triplet[] = []
  for (const [anchor, person] of persons.entries()) {
    const distances = units.map((unit) => 2 - 2 * dot(units[anchor], unit))
    for (const [positive, other] of persons.entries()) {
      if (positive === anchor || other !== person) continue
      const own = distances[positive]
      let semiHard = -1
      let hardest = -1
      for (const [negative, stranger] of persons.entries()) {
        if (stranger === person) continue
        const distance = distances[negative]
        if (hardest < 0 || distance < distances[hardest]) hardest = negative
        if (distance > own && (semiHard < 0 || distance < distances[semiHard])) semiHard = negative
      }
      const negative = semiHard < 0 ? hardest : semiHard
      if (negative >= 0 && distances[negative] < own + margin) {
        triplets.push({ anchor, positive, negative })
      }
    }
  }
  return triplets
}

/**
 * Mean triplet loss max(0, ‖a − p‖² − ‖a − n‖² + margin) over unit-length rows, and its gradient to
 * each row.
 */
export function tripletLoss(
  units: readonly Float64Array[],
  triplets: readonly Triplet[],
  margin: number,
): { readonly loss: number; readonly gradients: readonly Float64Array[] } {
  const gradients = units.map((unit) => new Float64Array(unit.length))
  let loss = 0
  const share = 1 / Math.max(1, triplets.length)
  for (const { anchor, positive, negative } of triplets) {
    const [a, p, n] = [units[anchor], units[positive], units[negative]]
    const excess = 2 * dot(a, n) - 2 * dot(a, p) + margin
    if (excess <= 0) continue
    loss += share * excess
    for (let i = 0; i < a.length; i++) {
      gradients[anchor][i] += 2 * share * (n[i] - p[i])
      gradients[positive][i] -= 2 * share * a[i]
      gradients[negative][i] += 2 * share * a[i]
    }
  }
  return { loss, gradients }
}

/**
 * Improves a head by the triplet loss: batches of a few persons with a few vectors each, semi-hard
 * mining within the batch, Adam (Kingma & Ba, arXiv 1412.6980).
 * @throws RangeError when no person has two vectors
 */
export function trainTripletHead(
  start: LinearHead,
  { vectors, persons }: LabelledVectors,
  options: TripletOptions,
): LinearHead {
  const members = new Map<string, number[]>()
  persons.forEach((person, i) => members.set(person, [...(members.get(person) ?? []), i]))
  const several = [...members.values()].filter((group) => group.length > 1)
  if (several.length === 0) throw new RangeError('no person has two vectors')

  const { inputs, outputs } = start
  const head = { ...start, weights: start.weights.slice(), bias: start.bias.slice() }
  const scale = Math.sqrt(
    start.weights.reduce((sum, value) => sum + value * value, 0) / start.weights.length,
  )
  const moveWeights = adam(head.weights, start.weights, options.learningRate * scale, options)
  const moveBias = adam(head.bias, start.bias, options.learningRate * scale, options)
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    const order = shuffle([...several], options.random)
    let lossSum = 0
    let tripletCount = 0
    for (let first = 0; first < order.length; first += options.personsPerBatch) {
      const batch = order
        .slice(first, first + options.personsPerBatch)
        .flatMap((group) => shuffle([...group], options.random).slice(0, options.picturesPerPerson))
      const { units, lengths } = project(
        head,
        batch.map((i) => vectors[i]),
      )
      const triplets = mineTriplets(
        units,
        batch.map((i) => persons[i]),
        options.margin,
      )
      if (triplets.length === 0) continue
      const { loss, gradients } = tripletLoss(units, triplets, options.margin)
      lossSum += loss * triplets.length
      tripletCount += triplets.length
      const weightGradient = new Float64Array(outputs * inputs)
      const biasGradient = new Float64Array(outputs)
      gradients.forEach((gradient, row) => {
        const along = dot(gradient, units[row])
        const vector = vectors[batch[row]]
        for (let o = 0; o < outputs; o++) {
          const slope = (gradient[o] - along * units[row][o]) / lengths[row]
          if (slope === 0) continue
          biasGradient[o] += slope
          for (let i = 0, at = o * inputs; i < inputs; i++, at++) {
            weightGradient[at] += slope * vector[i]
          }
        }
      })
      moveWeights(weightGradient)
      moveBias(biasGradient)
    }
    options.onEpoch?.(epoch, lossSum / Math.max(1, tripletCount), tripletCount)
  }
  return head
}

function project(head: LinearHead, batch: readonly ArrayLike<number>[]): Projected {
  const { inputs, outputs, weights, bias } = head
  const lengths: number[] = []
  const units = batch.map((vector) => {
    const raw = Float64Array.from({ length: outputs }, (_, o) => {
      let sum = bias[o]
      for (let i = 0, at = o * inputs; i < inputs; i++, at++) sum += weights[at] * vector[i]
      return sum
    })
    const length = Math.max(1e-12, Math.sqrt(dot(raw, raw)))
    lengths.push(length)
    return raw.map((value) => value / length)
  })
  return { units, lengths }
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

const MOMENTUM = 0.9
const VARIANCE_DECAY = 0.999

/** Adam over one array, with a pull back to where it started. */
function adam(
  values: Float64Array,
  origin: Float64Array,
  rate: number,
  { anchoring }: TripletOptions,
): (gradient: Float64Array) => void {
  const first = new Float64Array(values.length)
  const second = new Float64Array(values.length)
  let step = 0
  return (gradient) => {
    step++
    const correction = Math.sqrt(1 - VARIANCE_DECAY ** step) / (1 - MOMENTUM ** step)
    for (let i = 0; i < values.length; i++) {
      first[i] = MOMENTUM * first[i] + (1 - MOMENTUM) * gradient[i]
      second[i] = VARIANCE_DECAY * second[i] + (1 - VARIANCE_DECAY) * gradient[i] * gradient[i]
      values[i] -= (rate * correction * first[i]) / (Math.sqrt(second[i]) + 1e-12)
      values[i] -= anchoring * (values[i] - origin[i])
    }
  }
}
