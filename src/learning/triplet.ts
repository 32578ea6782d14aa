import type { Scalar, Tensor2D, Variable } from '@tensorflow/tfjs-core'
import { createSeededRandom, shuffle } from '../evaluation/statistics/random.js'
import { CollapsedHeadError, findCollapse } from './collapse.js'
import type { LabelledVectors, LinearHead } from './linear-head.js'
import { mineTriplets, type Triplet, type TripletChoice } from './mine-triplets.js'
import type { TensorFlow } from './tensorflow.js'

/** Choices of {@link trainTripletHead}. */
export interface TripletOptions {
  readonly choice: TripletChoice
  /** α: squared distance by which a stranger must be farther than the person's own. */
  readonly margin: number
  readonly epochs: number
  /** Step of Adam (arXiv 1412.6980), relative to the size of the first weights. */
  readonly learningRate: number
  /** Weight of the squared way from the first head, relative to that head's own square. */
  readonly anchoring: number
  readonly personsPerBatch: number
  readonly picturesPerPerson: number
  /** Chooses batches and random strangers. */
  readonly seed: number
  readonly onEpoch?: (epoch: TripletEpoch) => void
}

/** How one pass over the persons went. */
export interface TripletEpoch {
  /** From 1. */
  readonly epoch: number
  /** Mean over the chosen triplets, before the steps that they led to. */
  readonly loss: number
  readonly triplets: number
  /** Share of the chosen triplets that violated the margin. */
  readonly activeShare: number
}

export interface TrainedHead {
  readonly head: LinearHead
  readonly epochs: readonly TripletEpoch[]
}

/**
 * J / count = mean max(‖a − p‖² − ‖a − n‖² + α, 0) over triplets of unit-length rows.
 *
 * Written as Σ C ⊙ D / count + α·active / count with D the distances of all rows and C how often
 * each occurs in a triplet that costs something: gathering rows instead has a gradient that takes
 * the CPU backend a hundred times as long.
 */
export function tripletLoss(
  tf: TensorFlow,
  units: Tensor2D,
  triplets: readonly Triplet[],
  margin: number,
): Scalar {
  const [rows] = units.shape
  const lengthsSq = tf.sum(tf.square(units), 1, true)
  const products = tf.matMul(units, units, false, true)
  const distances = tf.sub(tf.add(lengthsSq, tf.transpose(lengthsSq)), tf.mul(products, 2))
  const known = distances.dataSync()
  const counts = new Float32Array(rows * rows)
  let active = 0
  for (const { anchor, positive, negative } of triplets) {
    const own = anchor * rows + positive
    const other = anchor * rows + negative
    if (!(known[own] - known[other] + margin > 0)) continue
    active++
    counts[own]++
    counts[other]--
  }
  const share = 1 / Math.max(1, triplets.length)
  const sum = tf.sum(tf.mul(distances, tf.tensor2d(counts, [rows, rows])))
  return tf.add(tf.mul(sum, share), margin * active * share)
}

/** W·x + b, then unit length. */
export function projectRows(
  tf: TensorFlow,
  vectors: Tensor2D,
  weights: Tensor2D,
  bias: Tensor2D,
): Tensor2D {
  const raw = tf.add(tf.matMul(vectors, weights, false, true), bias)
  return tf.div(raw, tf.sqrt(tf.add(tf.sum(tf.square(raw), 1, true), 1e-12)))
}

/**
 * Improves a head by the triplet loss: batches of some persons with some vectors each, triplets
 * chosen within the batch. The same seed, data and backend give the same weights.
 * @throws RangeError when no person has two vectors
 * @throws CollapsedHeadError when the head stops telling people apart
 */
export function trainTripletHead(
  tf: TensorFlow,
  start: LinearHead,
  data: LabelledVectors,
  options: TripletOptions,
): TrainedHead {
  const { vectors, persons } = data
  const members = new Map<string, number[]>()
  persons.forEach((person, i) => {
    const known = members.get(person)
    if (known === undefined) members.set(person, [i])
    else known.push(i)
  })
  if (![...members.values()].some((rows) => rows.length > 1)) {
    throw new RangeError('no person has two vectors')
  }
  const { inputs, outputs } = start
  const sumSq = start.weights.reduce((sum, value) => sum + value * value, 0)
  const random = createSeededRandom(options.seed)
  const all = tf.tensor2d(flatten(vectors, inputs), [vectors.length, inputs])
  const origin = tf.tensor2d(Float32Array.from(start.weights), [outputs, inputs])
  const weights = tf.variable(origin, true)
  const originBias = tf.tensor2d(Float32Array.from(start.bias), [1, outputs])
  const bias = tf.variable(originBias, true)
  const adam = tf.train.adam(options.learningRate * Math.sqrt(sumSq / start.weights.length))
  const epochs: TripletEpoch[] = []
  try {
    for (let epoch = 1; epoch <= options.epochs; epoch++) {
      const report = runEpoch(epoch)
      epochs.push(report)
      const collapse = findCollapse(headOf(weights, bias, start), data)
      if (collapse !== undefined) throw new CollapsedHeadError(collapse)
      options.onEpoch?.(report)
    }
    return { head: headOf(weights, bias, start), epochs }
  } finally {
    adam.dispose()
    tf.dispose([all, origin, originBias, weights, bias])
  }

  function runEpoch(epoch: number): TripletEpoch {
    const order = shuffle([...members.values()], random)
    let loss = 0
    let triplets = 0
    let active = 0
    for (let first = 0; first < order.length; first += options.personsPerBatch) {
      const batch = order
        .slice(first, first + options.personsPerBatch)
        .flatMap((rows) => shuffle([...rows], random).slice(0, options.picturesPerPerson))
      const step = tf.tidy(() => takeStep(batch))
      loss += step.loss * step.triplets
      triplets += step.triplets
      active += step.active
    }
    const count = Math.max(1, triplets)
    return { epoch, loss: loss / count, triplets, activeShare: active / count }
  }

  function takeStep(batch: readonly number[]) {
    const rows: Tensor2D = tf.gather(all, tf.tensor1d([...batch], 'int32'))
    const units = projectRows(tf, rows, weights, bias)
    const mined = mineTriplets(
      {
        units: units.dataSync<'float32'>(),
        length: outputs,
        persons: batch.map((i) => persons[i]),
      },
      options.choice,
      options.margin,
      random,
    )
    const { triplets, active } = mined
    if (active === 0) return { loss: 0, triplets: triplets.length, active }
    let loss = 0
    adam.minimize(
      () => {
        const projected = projectRows(tf, rows, weights, bias)
        const triplet = tripletLoss(tf, projected, triplets, options.margin)
        loss = triplet.dataSync()[0]
        const way = tf.sum(tf.square(tf.sub(weights, origin)))
        return tf.add(triplet, tf.mul(way, options.anchoring / sumSq))
      },
      false,
      [weights, bias],
    )
    return { loss, triplets: triplets.length, active }
  }
}

function headOf(
  weights: Variable,
  bias: Variable,
  { inputs, outputs }: Pick<LinearHead, 'inputs' | 'outputs'>,
): LinearHead {
  return {
    inputs,
    outputs,
    weights: Float64Array.from(weights.dataSync()),
    bias: Float64Array.from(bias.dataSync()),
  }
}

function flatten(vectors: readonly ArrayLike<number>[], length: number): Float32Array {
  const flat = new Float32Array(vectors.length * length)
  vectors.forEach((vector, i) => flat.set(vector, i * length))
  return flat
}

/** The head that changes nothing: training starts there. */
export function identityHead(length: number): LinearHead {
  const weights = new Float64Array(length * length)
  for (let i = 0; i < length; i++) weights[i * length + i] = 1
  return { inputs: length, outputs: length, weights, bias: new Float64Array(length) }
}
