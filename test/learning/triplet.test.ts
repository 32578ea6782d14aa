import t from 'tap'
import { createSeededRandom } from '../../src/evaluation/statistics/random.js'
import { CollapsedHeadError, findCollapse } from '../../src/learning/collapse.js'
import type { LabelledVectors, LinearHead } from '../../src/learning/linear-head.js'
import { mineTriplets, TRIPLET_CHOICES, type Triplet } from '../../src/learning/mine-triplets.js'
import { loadTensorFlow } from '../../src/learning/tensorflow.js'
import {
  identityHead,
  projectRows,
  trainTripletHead,
  tripletLoss,
} from '../../src/learning/triplet.js'

const { tf, backend } = await loadTensorFlow()
t.comment(`TensorFlow.js on the backend ${backend}`)

const LENGTH = 8
const OPTIONS = {
  choice: 'semi-hard',
  margin: 0.3,
  epochs: 15,
  learningRate: 0.02,
  anchoring: 0,
  personsPerBatch: 12,
  picturesPerPerson: 4,
  seed: 7,
} as const

/** People who differ along the first half of the axes, with as much noise along the rest. */
function people(count: number, seed = 3): LabelledVectors {
  const random = createSeededRandom(seed)
  const vectors: number[][] = []
  const persons: string[] = []
  for (let person = 0; person < count; person++) {
    const centre = Array.from({ length: LENGTH / 2 }, () => random() - 0.5)
    for (let i = 0; i < 4; i++) {
      const raw = [
        ...centre.map((value) => value + 0.1 * (random() - 0.5)),
        ...Array.from({ length: LENGTH / 2 }, () => random() - 0.5),
      ]
      const length = Math.hypot(...raw)
      vectors.push(raw.map((value) => value / length))
      persons.push(`person ${person}`)
    }
  }
  return { vectors, persons }
}

/** The loss as the paper writes it, in double precision: the yardstick. */
function plainLoss(
  { inputs, outputs, weights, bias }: LinearHead,
  vectors: readonly ArrayLike<number>[],
  triplets: readonly Triplet[],
  margin: number,
): number {
  const units = vectors.map((vector) => {
    const raw = Array.from({ length: outputs }, (_, o) => {
      let sum = bias[o]
      for (let i = 0; i < inputs; i++) sum += weights[o * inputs + i] * vector[i]
      return sum
    })
    const length = Math.hypot(...raw)
    return raw.map((value) => value / length)
  })
  const distanceSq = (a: number, b: number) =>
    units[a].reduce((sum, value, i) => sum + (value - units[b][i]) ** 2, 0)
  const sum = triplets.reduce((total, { anchor, positive, negative }) => {
    const excess = distanceSq(anchor, positive) - distanceSq(anchor, negative) + margin
    return total + Math.max(0, excess)
  }, 0)
  return sum / triplets.length
}

/** A head that is no special case of anything. */
function someHead(seed: number): LinearHead {
  const random = createSeededRandom(seed)
  const head = identityHead(LENGTH)
  return {
    ...head,
    weights: head.weights.map((value) => Math.fround(value + 0.3 * (random() - 0.5))),
    bias: head.bias.map(() => Math.fround(0.2 * (random() - 0.5))),
  }
}

function tensorsOf(head: LinearHead, vectors: readonly ArrayLike<number>[]) {
  return {
    x: tf.tensor2d(
      vectors.map((vector) => Array.from(vector)),
      [vectors.length, LENGTH],
    ),
    w: tf.tensor2d(Float32Array.from(head.weights), [LENGTH, LENGTH]),
    b: tf.tensor2d(Float32Array.from(head.bias), [1, LENGTH]),
  }
}

function meanRatio({ vectors, persons }: LabelledVectors, head: LinearHead): number {
  const { x, w, b } = tensorsOf(head, vectors)
  const units = projectRows(tf, x, w, b).arraySync()
  let [own, ownPairs, other, otherPairs] = [0, 0, 0, 0]
  for (let i = 0; i < units.length; i++) {
    for (let j = 0; j < i; j++) {
      const distance = units[i].reduce((sum, value, k) => sum + (value - units[j][k]) ** 2, 0)
      if (persons[i] === persons[j]) {
        own += distance
        ownPairs++
      } else {
        other += distance
        otherPairs++
      }
    }
  }
  return own / ownPairs / (other / otherPairs)
}

t.test('the loss is the paper’s to 1e-6, for every choice of triplets', (t) => {
  const { vectors, persons } = people(10)
  for (const [seed, choice] of TRIPLET_CHOICES.entries()) {
    const head = someHead(seed)
    const { x, w, b } = tensorsOf(head, vectors)
    const units = projectRows(tf, x, w, b)
    const batch = { units: units.dataSync<'float32'>(), length: LENGTH, persons }
    const { triplets, active } = mineTriplets(batch, choice, 0.3, createSeededRandom(seed))
    t.equal(triplets.length, persons.length * 3, 'one for each ordered pair of one person')
    t.ok(active > 0 && active <= triplets.length)
    const loss = tripletLoss(tf, units, triplets, 0.3).dataSync()[0]
    const plain = plainLoss(head, vectors, triplets, 0.3)
    t.ok(Math.abs(loss - plain) < 1e-6, `${choice}: ${loss} and ${plain}`)
  }
  t.end()
})

t.test('its gradient is what finite differences of the plain loss give', (t) => {
  const { vectors, persons } = people(6)
  const head = someHead(11)
  const { x, w, b } = tensorsOf(head, vectors)
  const units = projectRows(tf, x, w, b).dataSync<'float32'>()
  const { triplets } = mineTriplets(
    { units, length: LENGTH, persons },
    'semi-hard',
    0.3,
    createSeededRandom(1),
  )
  const weights = tf.variable(w)
  const bias = tf.variable(b)
  const { grads } = tf.variableGrads(() =>
    tripletLoss(tf, projectRows(tf, x, weights, bias), triplets, 0.3),
  )
  function gradientOf(name: string): Float32Array {
    return grads[name].dataSync<'float32'>()
  }
  const step = 1e-6
  for (const part of ['weights', 'bias'] as const) {
    const gradient = gradientOf(part === 'weights' ? weights.name : bias.name)
    let worst = 0
    head[part].forEach((value, at) => {
      const moved = (by: number) => {
        const values = head[part].slice()
        values[at] = value + by
        return plainLoss({ ...head, [part]: values }, vectors, triplets, 0.3)
      }
      const slope = (moved(step) - moved(-step)) / (2 * step)
      worst = Math.max(worst, Math.abs(slope - gradient[at]))
    })
    t.ok(worst < 1e-5, `${part}: at most ${worst.toExponential(1)} apart`)
    t.ok(Math.max(...gradient.map(Math.abs)) > 0.01, 'and not because all is zero')
  }
  t.end()
})

t.test('triplets are chosen as their name says', (t) => {
  const angles = [0, 20, 50, 15, 90]
  const units = Float32Array.from(
    angles.flatMap((angle) => [
      Math.cos((angle * Math.PI) / 180),
      Math.sin((angle * Math.PI) / 180),
    ]),
  )
  const batch = { units, length: 2, persons: ['a', 'a', 'b', 'c', 'd'] }
  const negatives = (choice: (typeof TRIPLET_CHOICES)[number]) =>
    mineTriplets(batch, choice, 0.3, createSeededRandom(1)).triplets.map(({ negative }) => negative)
  t.same(negatives('all-hard'), [3, 3], 'the nearest stranger, though nearer than the own picture')
  t.same(negatives('semi-hard'), [2, 2], 'the nearest of those farther than the own picture')
  const drawn = new Set(
    Array.from({ length: 40 }, (_, seed) =>
      mineTriplets(batch, 'random', 0.3, createSeededRandom(seed)).triplets.map(
        ({ negative }) => negative,
      ),
    ).flat(),
  )
  t.same([...drawn].sort(), [2, 3, 4], 'any stranger')
  t.same(
    mineTriplets({ ...batch, persons: ['a', 'a', 'a', 'a', 'a'] }, 'random', 0.3, Math.random),
    {
      triplets: [],
      active: 0,
    },
  )
  t.end()
})

t.test('training brings one person’s pictures together, and only the seed decides how', (t) => {
  const data = people(40)
  const heldOut = people(40, 99)
  for (const choice of TRIPLET_CHOICES) {
    const { head, epochs } = trainTripletHead(tf, identityHead(LENGTH), data, {
      ...OPTIONS,
      choice,
    })
    const [before, after] = [identityHead(LENGTH), head].map((h) => meanRatio(heldOut, h))
    t.ok(after < 0.8 * before, `${choice}: ${before.toFixed(3)} to ${after.toFixed(3)}`)
    t.equal(epochs.length, OPTIONS.epochs)
    t.ok(epochs.every(({ activeShare }) => activeShare >= 0 && activeShare <= 1))
    const again = trainTripletHead(tf, identityHead(LENGTH), data, { ...OPTIONS, choice })
    t.same(again.head, head, 'the same seed gives the same weights, bit by bit')
  }
  const semiHard = trainTripletHead(tf, identityHead(LENGTH), data, OPTIONS)
  const other = trainTripletHead(tf, identityHead(LENGTH), data, { ...OPTIONS, seed: 8 })
  t.notSame(other.head, semiHard.head)
  const tensors = tf.memory().numTensors
  trainTripletHead(tf, identityHead(LENGTH), data, OPTIONS)
  t.equal(tf.memory().numTensors, tensors, 'nothing is left behind')
  t.throws(
    () =>
      trainTripletHead(
        tf,
        identityHead(LENGTH),
        { vectors: data.vectors.slice(0, 2), persons: ['a', 'b'] },
        OPTIONS,
      ),
    RangeError,
  )
  t.end()
})

t.test('a head that gives everybody the same, or nothing, is found and refused', (t) => {
  const data = people(10)
  const nothing = new Float64Array(LENGTH * LENGTH)
  const zero = { ...identityHead(LENGTH), weights: nothing }
  const constant = { ...zero, bias: new Float64Array(LENGTH).fill(1) }
  t.equal(findCollapse(identityHead(LENGTH), data), undefined)
  t.equal(findCollapse(zero, data), 'zero')
  t.equal(findCollapse(constant, data), 'constant')
  t.equal(findCollapse({ ...zero, bias: new Float64Array(LENGTH).fill(NaN) }, data), 'not-finite')

  const { x, w, b } = tensorsOf(constant, data.vectors)
  const batch = {
    units: projectRows(tf, x, w, b).dataSync<'float32'>(),
    length: LENGTH,
    persons: data.persons,
  }
  const { triplets, active } = mineTriplets(batch, 'all-hard', 0.3, createSeededRandom(1))
  t.equal(active, triplets.length)
  const loss = tripletLoss(tf, projectRows(tf, x, w, b), triplets, 0.3).dataSync()[0]
  t.ok(Math.abs(loss - 0.3) < 1e-6, 'there, every triplet costs exactly the margin')

  t.throws(
    () => trainTripletHead(tf, constant, data, { ...OPTIONS, learningRate: 1e-6 }),
    CollapsedHeadError,
    'training that stays there ends with an error',
  )
  t.throws(
    () =>
      trainTripletHead(tf, identityHead(LENGTH), people(10), {
        ...OPTIONS,
        learningRate: Infinity,
      }),
    { name: 'CollapsedHeadError', collapse: 'not-finite' },
  )
  t.end()
})
