import t from 'tap'
import { createSeededRandom } from '../../src/evaluation/statistics/random.js'
import { learnSiamese } from '../../src/learning/learn-siamese.js'
import type { LearningPerson } from '../../src/learning/people.js'
import { drawReliability, measureReliability } from '../../src/learning/reliability.js'
import {
  calibrateSiamese,
  pairFeatures,
  siameseLogit,
  siameseLoss,
  siameseProbability,
  SIAMESE_FORMS,
  trainSiamese,
  type EncodedPair,
  type SiameseForm,
} from '../../src/learning/siamese.js'
import { loadTensorFlow } from '../../src/learning/tensorflow.js'
import { chiSquareDistance } from '../../src/matching/chi-square.js'

const { tf } = await loadTensorFlow()
const LENGTH = 16

function unit(raw: Float32Array): Float32Array {
  const length = Math.hypot(...raw)
  return raw.map((value) => value / length)
}

/** The last half of the components are noise, which a plain distance cannot know. */
function crowd(persons: number, seed: number): LearningPerson[] {
  const random = createSeededRandom(seed)
  return Array.from({ length: persons }, (_, person) => {
    const centre = Float32Array.from({ length: LENGTH }, () => random() - 0.5)
    return {
      id: String(person),
      pictures: Array.from({ length: 4 }, (_, i) => ({
        id: `${person}/${i}`,
        altered: [],
        vector: unit(
          centre.map((value, k) =>
            k < LENGTH / 2 ? value + 0.15 * (random() - 0.5) : random() - 0.5,
          ),
        ),
      })),
    }
  })
}

function pairsOf(people: readonly LearningPerson[], seed: number): EncodedPair[] {
  const random = createSeededRandom(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]
  return Array.from({ length: 400 }, (_, i) => {
    const one = pick(people)
    const other = i % 2 === 0 ? one : pick(people.filter((person) => person !== one))
    return { a: pick(one.pictures).vector, b: pick(other.pictures).vector, same: i % 2 === 0 }
  })
}

/** As the books write it, in double precision. */
function plainLoss(
  form: SiameseForm,
  pairs: readonly EncodedPair[],
  weights: readonly number[],
  bias: number,
  decay: number,
): number {
  const genuine = pairs.filter(({ same }) => same).length
  const data = pairs.reduce((sum, { a, b, same }) => {
    const logit = pairFeatures(form, a, b).reduce((z, x, k) => z + weights[k] * x, bias)
    const probability = 1 / (1 + Math.exp(-logit))
    const share = 0.5 / (same ? genuine : pairs.length - genuine)
    return sum - share * Math.log(same ? probability : 1 - probability)
  }, 0)
  return data + decay * weights.reduce((sum, weight) => sum + weight * weight, 0)
}

t.test('features are the differences and the χ² terms of non-negative features', (t) => {
  const [{ pictures }] = crowd(1, 1)
  const [a, b] = pictures.map(({ vector }) => vector)
  t.same(
    pairFeatures('difference', a, b),
    a.map((value, k) => Math.abs(value - b[k])),
  )
  const rectified = (vector: Float32Array) =>
    Float32Array.from([...vector, ...vector.map((value) => -value)], (value) => Math.max(0, value))
  const sum = pairFeatures('chi-square', a, b).reduce((total, value) => total + value, 0)
  t.ok(Math.abs(sum - chiSquareDistance(rectified(a), rectified(b))) < 1e-6)
  t.ok(pairFeatures('chi-square', a, a).every((value) => value === 0))
  t.throws(() => pairFeatures('difference', a, b.slice(1)), RangeError)
  t.end()
})

t.test('loss to 1e-6 of the plain one, gradient as finite differences say', (t) => {
  const pairs = pairsOf(crowd(20, 2), 2)
  const genuine = pairs.filter(({ same }) => same).length
  const random = createSeededRandom(5)
  for (const form of SIAMESE_FORMS) {
    const rows = pairs.map(({ a, b }) => Array.from(pairFeatures(form, a, b)))
    const plain = Array.from({ length: rows[0].length }, () => Math.fround(2 * random() - 1))
    const features = tf.tensor2d(rows)
    const signs = tf.tensor1d(pairs.map(({ same }) => (same ? 1 : -1)))
    const shares = tf.tensor1d(
      pairs.map(({ same }) => 0.5 / (same ? genuine : pairs.length - genuine)),
    )
    const weights = tf.variable(tf.tensor2d(plain, [plain.length, 1]))
    const bias = tf.variable(tf.scalar(0.25))
    const { value, grads } = tf.variableGrads(() =>
      siameseLoss(tf, features, signs, shares, weights, bias, 1e-3),
    )
    const expected = plainLoss(form, pairs, plain, 0.25, 1e-3)
    t.ok(Math.abs(value.dataSync()[0] - expected) < 1e-6, `${form}: the loss`)
    const gradient = grads[weights.name].dataSync()
    const step = 1e-5
    const worst = Math.max(
      ...plain.map((weight, k) => {
        const moved = (by: number) =>
          plainLoss(
            form,
            pairs,
            plain.map((other, at) => (at === k ? weight + by : other)),
            0.25,
            1e-3,
          )
        return Math.abs((moved(step) - moved(-step)) / (2 * step) - gradient[k])
      }),
    )
    t.ok(worst < 1e-5, `${form}: at most ${worst.toExponential(1)} apart`)
  }
  t.end()
})

t.test('it learns which components matter, and says probabilities that come true', (t) => {
  for (const form of SIAMESE_FORMS) {
    const options = { form, steps: 150, learningRate: 0.2, decay: 1e-5 }
    const raw = trainSiamese(tf, pairsOf(crowd(60, 3), 3), options)
    t.same(trainSiamese(tf, pairsOf(crowd(60, 3), 3), options), raw, 'always the same weights')
    const head = calibrateSiamese(raw, pairsOf(crowd(60, 4), 4))
    const heldOut = pairsOf(crowd(60, 5), 5)
    const right = heldOut.filter(
      ({ a, b, same }) => siameseProbability(head, a, b) > 0.5 === same,
    ).length
    t.ok(right > 0.85 * heldOut.length, `${form}: ${right} of ${heldOut.length}`)
    const reliability = measureReliability(
      heldOut.map(({ a, b, same }) => ({ probability: siameseProbability(head, a, b), same })),
    )
    t.ok(reliability.expectedCalibrationError < 0.12, `${reliability.expectedCalibrationError}`)
    t.match(drawReliability(reliability, form), /<svg[\s\S]*probability said/)
    const [{ a, b }] = heldOut
    t.equal(siameseLogit(head, a, b), siameseLogit(head, b, a), 'the order does not matter')
  }
  t.throws(() => trainSiamese(tf, [], { form: 'difference', steps: 1, learningRate: 1, decay: 0 }))
  t.end()
})

t.test('it is of use only where it refuses more strangers than employees', (t) => {
  const learnt = learnSiamese(crowd(150, 6), {
    tf,
    siamese: { form: 'difference', steps: 120, learningRate: 0.2, decay: 1e-5 },
    seed: 1,
  })
  t.ok(learnt.genuineRefused.rate <= 0.05, `${learnt.genuineRefused.rate}`)
  t.equal(learnt.useful, learnt.impostorRefused.low > learnt.genuineRefused.high)
  t.match(learnt.reason, /nearest strangers/)
  t.end()
})
