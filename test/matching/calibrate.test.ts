import t from 'tap'
import { toEmbedding, type Embedding } from '../../src/encoding/embedding.js'
import { betaCdf } from '../../src/evaluation/statistics/beta-distribution.js'
import { calibrate } from '../../src/matching/calibrate.js'
import {
  CalibrationRefusedError,
  falseMatchRate,
  falseNonMatchRate,
  parseCalibration,
} from '../../src/matching/calibration.js'
import { EmbeddingRefusedError } from '../../src/matching/embedding-fault.js'
import { createThresholds } from '../../src/matching/threshold.js'
import { MODEL, near, randomEmbedding, seededRandom } from './vectors.js'

const MODEL_FILE = { id: MODEL, sha256: 'a'.repeat(64) }
const OPTIONS = { description: 'points on a sphere', resamples: 60 }
const SPREAD = 0.75

/** People whose pictures scatter around a direction of their own. */
function crowd(persons: number, seed: number): Map<string, Embedding[]> {
  const random = seededRandom(seed)
  return new Map(
    Array.from({ length: persons }, (_, p) => {
      const centre = randomEmbedding(random)
      const pictures = p % 2 === 0 ? 2 : 1
      return [`p${p}`, Array.from({ length: pictures }, () => near(centre, SPREAD, random))]
    }),
  )
}

/** P(‖a − b‖² ≤ d) of two independent directions in 128 dimensions: a spherical cap. */
function trueFmr(distanceSq: number): number {
  const cosine = 1 - distanceSq / 2
  return 0.5 * betaCdf(1 - cosine * cosine, 127 / 2, 0.5)
}

const people = crowd(700, 1)
const { calibration, suspects } = calibrate(people, MODEL_FILE, OPTIONS)

t.test('the fitted tail is right where no pair was seen', (t) => {
  const { impostorPairs } = calibration.data
  t.ok(impostorPairs > 500_000 && impostorPairs < 600_000)
  for (const distanceSq of [1.42, 1.35, 1.3, 1.25, 1.2, 1.1]) {
    const truth = trueFmr(distanceSq)
    const { estimate, low, high } = falseMatchRate(calibration, distanceSq)
    t.ok(low <= truth && truth <= high, `${low} ≤ ${truth} ≤ ${high} at ${distanceSq}`)
    t.ok(low <= estimate && estimate <= high)
  }
  t.ok(trueFmr(1.1) < 1 / impostorPairs, 'which is beyond what the pairs can show')
  t.end()
})

t.test('the measured curves are right where there are pairs', (t) => {
  for (const distanceSq of [1.6, 1.8, 2]) {
    const { estimate } = falseMatchRate(calibration, distanceSq)
    t.ok(Math.abs(Math.log(estimate / trueFmr(distanceSq))) < 0.1)
  }
  const genuine = [...people.values()]
    .filter(({ length }) => length === 2)
    .map(([a, b]) => a.vector.reduce((sum, x, i) => sum + (x - b.vector[i]) ** 2, 0))
  for (const distanceSq of [0.6, 0.7, 0.8]) {
    const measured = genuine.filter((d) => d > distanceSq).length / genuine.length
    const { estimate, low, high } = falseNonMatchRate(calibration, distanceSq)
    t.ok(Math.abs(estimate - measured) < 0.02)
    t.ok(low <= measured && measured <= high)
  }
  t.end()
})

t.test('rates never fall when the distance grows', (t) => {
  let before = { fmr: 0, upper: 0, match: 0 }
  for (let distanceSq = 0; distanceSq <= 4; distanceSq += 0.01) {
    if (Math.abs(distanceSq - calibration.fmr.tailStartSq) < 0.02) continue
    const { estimate, high } = falseMatchRate(calibration, distanceSq)
    const match = 1 - falseNonMatchRate(calibration, distanceSq).estimate
    if (estimate < before.fmr || high < before.upper || match < before.match - 1e-12) {
      t.fail(`a rate falls at ${distanceSq}`)
    }
    before = { fmr: estimate, upper: high, match }
  }
  t.end()
})

t.test('wrong labels are found, counted and named, and do not become the tail', (t) => {
  t.equal(calibration.fmr.suspectPairs, 0, 'nothing is suspected where nothing is wrong')
  t.strictSame(suspects, [])
  const noisy = new Map(people)
  for (const p of [0, 2, 4, 6]) {
    const [first, second] = people.get(`p${p}`) ?? []
    noisy.set(`p${p}`, [first])
    noisy.set(`p${p} again`, [second])
  }
  const result = calibrate(noisy, MODEL_FILE, OPTIONS)
  t.equal(result.calibration.fmr.suspectPairs, 4)
  t.strictSame(result.suspects.map(({ personB }) => personB).sort(), ['p0', 'p2', 'p4', 'p6'])
  t.ok(result.suspects.every(({ personA, personB }) => personA === `${personB} again`))
  const { mislabelledRate } = result.calibration.fmr.tail
  const expected = 4 / result.calibration.data.impostorPairs
  t.ok(mislabelledRate > 0.5 * expected && mislabelledRate < 2 * expected)
  const [clean, spoilt] = [calibration, result.calibration].map((made) =>
    createThresholds(made, MODEL_FILE).forIdentification({ persons: 1000 }),
  )
  t.ok(Math.abs(clean.threshold - spoilt.threshold) < 0.05)
  t.ok(spoilt.fpirIfLabelsAreRight > clean.fpirIfLabelsAreRight + 0.001)
  t.match(spoilt.reasons.join(), /one person under two names/)
  t.end()
})

t.test('the same people and seed give the same file, and the file reads back', (t) => {
  const small = crowd(500, 2)
  const once = calibrate(small, MODEL_FILE, OPTIONS).calibration
  t.strictSame(once, calibrate(small, MODEL_FILE, OPTIONS).calibration)
  t.strictSame(parseCalibration(JSON.parse(JSON.stringify(once)), MODEL_FILE), once)
  t.notMatch(JSON.stringify(once), /p12/, 'no person is named in it')
  t.end()
})

t.test('too few people, or an embedding that is none, give no calibration', (t) => {
  t.throws(() => calibrate(crowd(20, 3), MODEL_FILE, OPTIONS), CalibrationRefusedError)
  t.throws(() => calibrate(new Map(), MODEL_FILE, OPTIONS), CalibrationRefusedError)
  const random = seededRandom(4)
  const foreign = new Map(people).set('x', [toEmbedding('other', randomEmbedding(random).vector)])
  t.throws(() => calibrate(foreign, MODEL_FILE, OPTIONS), EmbeddingRefusedError)
  t.end()
})

t.test('a calibration of another model or a damaged one is refused', (t) => {
  t.throws(() => parseCalibration(calibration, { ...MODEL_FILE, id: 'other' }), /genkan calibrate/)
  t.throws(
    () => parseCalibration(calibration, { ...MODEL_FILE, sha256: 'b'.repeat(64) }),
    CalibrationRefusedError,
  )
  t.throws(() => createThresholds(calibration, { ...MODEL_FILE, id: 'other' }), /other/)
  const damaged: unknown[] = [
    null,
    {},
    'text',
    { ...calibration, format: 'genkan-calibration/2' },
    { ...calibration, extra: 1 },
    { ...calibration, fmr: { ...calibration.fmr, tailReplicates: [] } },
    { ...calibration, fmr: { ...calibration.fmr, tail: { ...calibration.fmr.tail, scale: 0 } } },
    { ...calibration, fmr: { ...calibration.fmr, curve: [...calibration.fmr.curve].reverse() } },
    { ...calibration, fmr: { ...calibration.fmr, tailStartSq: NaN } },
  ]
  for (const content of damaged) {
    t.throws(() => parseCalibration(content, MODEL_FILE), CalibrationRefusedError)
  }
  t.end()
})
