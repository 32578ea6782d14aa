import t from 'tap'
import { createSeededRandom } from '../../src/evaluation/statistics/random.js'
import { compareHeldOut, measurableFmr } from '../../src/learning/held-out.js'
import { learnHead, type LearnOptions } from '../../src/learning/learn.js'
import { drawLossCurve } from '../../src/learning/loss-plot.js'
import { splitPeople, splitThreeWays, type LearningPerson } from '../../src/learning/people.js'
import { findPoisoned, withoutPoisoned } from '../../src/learning/poisoned.js'
import { loadTensorFlow } from '../../src/learning/tensorflow.js'

const { tf } = await loadTensorFlow()
const LENGTH = 128
/** Directions in which one person's pictures differ, in a world that a head can mend. */
const NOISY = 24

function unit(raw: Float32Array): Float32Array {
  const length = Math.hypot(...raw)
  return raw.map((value) => value / length)
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** @param noise of the noisy directions; the others tell people apart */
function crowd(persons: number, pictures: number, noise: number, seed: number): LearningPerson[] {
  const random = createSeededRandom(seed)
  return Array.from({ length: persons }, (_, person) => {
    const centre = Float32Array.from({ length: LENGTH }, () => normal(random))
    return {
      id: `person ${person}`,
      pictures: Array.from({ length: pictures }, (_, i) => ({
        id: `${person}/${i}`,
        altered: [],
        vector: unit(centre.map((value, k) => value + (k < NOISY ? noise : 0.6) * normal(random))),
      })),
    }
  })
}

const OPTIONS: LearnOptions = {
  tf,
  triplets: {
    choice: 'semi-hard',
    margin: 0.4,
    epochs: 12,
    learningRate: 0.05,
    anchoring: 0,
    personsPerBatch: 40,
    picturesPerPerson: 3,
    seed: 1,
  },
  heldOutShare: 0.4,
  calibrationShare: 0,
  workingFmr: 1e-2,
  limits: { farSq: 2.5, nearSq: 0.01 },
}

t.test('people are split whole, and those with several pictures into both parts', (t) => {
  const people = [
    ...crowd(50, 3, 1, 1),
    ...crowd(50, 1, 1, 2).map((one) => ({ ...one, id: `${one.id}b` })),
  ]
  const { train, heldOut } = splitPeople(people, 0.4, 5)
  t.equal(train.length, 60)
  t.equal(heldOut.filter(({ pictures }) => pictures.length > 1).length, 20)
  t.same(new Set([...train, ...heldOut].map(({ id }) => id)).size, 100)
  const ids = (list: readonly LearningPerson[]) => list.map(({ id }) => id).join()
  t.equal(ids(splitPeople(people, 0.4, 5).train), ids(train), 'the seed decides')
  t.not(ids(splitPeople(people, 0.4, 6).train), ids(train))
  t.end()
})

t.test('who calibrates the threshold has neither trained nor judged the head', (t) => {
  const people = crowd(150, 3, 5, 3)
  const { train, heldOut, calibration } = splitThreeWays(
    people,
    { heldOut: 0.3, calibration: 0.3 },
    7,
  )
  t.same(
    [train, heldOut, calibration].map(({ length }) => length),
    [60, 45, 45],
  )
  t.equal(new Set([...train, ...heldOut, ...calibration].map(({ id }) => id)).size, 150)
  const learnt = learnHead(people, { ...OPTIONS, heldOutShare: 0.3, calibrationShare: 0.3 })
  const judges = new Set(learnt.heldOut.map(({ id }) => id))
  t.equal(learnt.calibration.length, 45)
  t.notOk(learnt.calibration.some(({ id }) => judges.has(id)))
  t.equal(learnt.trainedPersons, 60)
  t.end()
})

t.test('a head is taken where it surely helps people it has not seen', (t) => {
  const { result, epochs, poisoned } = learnHead(crowd(150, 3, 5, 3), OPTIONS)
  t.same(poisoned, [])
  t.ok(result.improved, result.reason)
  if (result.head === undefined) throw new Error(result.reason)
  const { before, after, difference } = result.comparison
  t.ok(after.fnmr < before.fnmr && difference.high < 0)
  t.ok(before.low <= before.fnmr && before.fnmr <= before.high)
  t.match(drawLossCurve(epochs, 'test'), /<svg[\s\S]*share of active triplets[\s\S]*<\/svg>/)
  t.end()
})

t.test('and refused where it does not', (t) => {
  const nothingToLearn = learnHead(crowd(120, 3, 0.6, 4), OPTIONS).result
  t.notOk(nothingToLearn.improved, nothingToLearn.reason)
  t.match(nothingToLearn.reason, /not surely better/)
  const few = learnHead(crowd(30, 3, 3, 4), OPTIONS).result
  t.equal(few.head, undefined)
  t.match(few.reason, /too few persons/)
  const collapsing = learnHead(crowd(60, 3, 4, 4), {
    ...OPTIONS,
    triplets: { ...OPTIONS.triplets, learningRate: Infinity },
  }).result
  t.match(collapsing.reason, /collapsed/)
  t.end()
})

t.test('both ways are compared on the same pairs, and no change is no difference', (t) => {
  const people = crowd(60, 3, 2.5, 6)
  const same = (vector: Float32Array) => vector
  const result = compareHeldOut(people, same, same, { fmr: 1e-2, seed: 1, resamples: 100 })
  t.same(result.difference, { estimate: 0, low: 0, high: 0 })
  t.equal(result.genuinePairs, 180)
  t.equal(result.impostorPairs, (180 * 179) / 2 - 180)
  const noise = createSeededRandom(2)
  const worse = (vector: Float32Array) => unit(vector.map((value) => value + 0.1 * normal(noise)))
  const { difference } = compareHeldOut(people, same, worse, { fmr: 1e-2, seed: 1, resamples: 100 })
  t.ok(difference.low > 0, `${difference.low}`)
  t.equal(measurableFmr(200_000), 1e-4)
  t.throws(() => compareHeldOut(crowd(5, 1, 1, 1), same, same, { fmr: 1e-2, seed: 1 }), RangeError)
  t.end()
})

t.test('two people under one name and one under two are found, and left out', (t) => {
  const people = crowd(30, 3, 0.6, 8)
  const limits = { farSq: 1.4, nearSq: 0.2 }
  t.same(findPoisoned(people, limits), [])
  const [a, b, c, d] = people
  const mixed = { ...a, pictures: [...a.pictures, b.pictures[0]] }
  const double = { id: 'double', pictures: [c.pictures[0], d.pictures[1]] }
  const found = findPoisoned([mixed, c, d, double, ...people.slice(4)], limits)
  t.match(
    found.filter(({ kind }) => kind === 'two-people'),
    [
      { person: a.id, pictures: [b.pictures[0].id] },
      { person: 'double', pictures: [String] },
    ],
  )
  t.match(
    found.filter(({ kind }) => kind === 'two-names'),
    [{ persons: [c.id, 'double'] }, { persons: [d.id, 'double'] }],
  )
  t.same(
    withoutPoisoned([mixed, c, d, double, ...people.slice(4)], found).map(({ id }) => id),
    people.slice(4).map(({ id }) => id),
    'nobody named in a finding is learnt from',
  )
  t.end()
})
