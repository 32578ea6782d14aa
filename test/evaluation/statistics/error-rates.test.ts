import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import {
  detPoints,
  equalErrorRate,
  fmrAt,
  fnmrAt,
  fnmrAtFmr,
  sortScores,
} from '../../../src/evaluation/statistics/error-rates.js'
import {
  foldAccuracy,
  type LabelledPair,
} from '../../../src/evaluation/statistics/fold-accuracy.js'
import { normalQuantile } from '../../../src/evaluation/statistics/normal-quantile.js'
import { createSeededRandom } from '../../../src/evaluation/statistics/random.js'

const distances = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 60 })

t.test('rates are shares of comparisons on the wrong side', (t) => {
  const scores = sortScores([0.3, 0.1, 0.6, 0.9], [0.8, 1.5, 1.2, 0.5, 2])
  t.equal(fmrAt(scores, 0.8), 2 / 5, 'the threshold itself matches')
  t.equal(fnmrAt(scores, 0.6), 1 / 4)
  t.strictSame(fnmrAtFmr(scores, 0.2), {
    threshold: 0.8 - 0.8 * Number.EPSILON,
    fmr: 0.2,
    fnmr: 0.25,
  })
  t.equal(fnmrAtFmr(scores, 0.01).fmr, 0, 'too few impostors: below the nearest of them')
  t.equal(fnmrAtFmr(scores, 1).fnmr, 0)
  t.throws(() => sortScores([], [1]), /genuine/)
  t.throws(() => sortScores([1], []), /impostor/)
  t.throws(() => sortScores([NaN], [1]), /not a number/)
  t.end()
})

t.test('for any distances', (t) => {
  fc.assert(
    fc.property(distances, distances, fc.double({ min: 0, max: 1, noNaN: true }), (g, i, fmr) => {
      const scores = sortScores(g, i)
      const points = detPoints(scores)
      for (let at = 1; at < points.length; at++) {
        assert.ok(points[at].fmr >= points[at - 1].fmr)
        assert.ok(points[at].fnmr <= points[at - 1].fnmr)
        assert.equal(points[at].fmr, fmrAt(scores, points[at].threshold))
        assert.equal(points[at].fnmr, fnmrAt(scores, points[at].threshold))
      }
      const at = fnmrAtFmr(scores, fmr)
      assert.ok(at.fmr <= fmr + 1e-12)
      for (const point of points) {
        if (point.fmr <= fmr) assert.ok(at.fnmr <= point.fnmr + 1e-12, 'no better point exists')
      }
      const { eer } = equalErrorRate(scores)
      assert.ok(eer >= 0 && eer <= 1)
      const thinned = detPoints(scores, 1.3)
      assert.deepEqual(thinned[0], points[0])
      assert.deepEqual(thinned.at(-1), points.at(-1))
    }),
  )
  t.pass('holds for all that was tried')
  t.end()
})

t.test('two normal distributions cross where theory says', (t) => {
  const random = createSeededRandom(1)
  const normal = (mean: number): number => mean + normalQuantile(random() * 0.999998 + 1e-6)
  const scores = sortScores(
    Array.from({ length: 40_000 }, () => normal(0)),
    Array.from({ length: 40_000 }, () => normal(3)),
  )
  const { eer, threshold } = equalErrorRate(scores)
  t.ok(Math.abs(eer - 0.0668072) < 0.003, `EER ${eer}, Φ(−1.5) = 0.0668`)
  t.ok(Math.abs(threshold - 1.5) < 0.03)
  t.equal(equalErrorRate(sortScores([0, 0.1], [1, 2])).eer, 0, 'apart')
  t.equal(equalErrorRate(sortScores([1, 2], [0, 0.1])).eer, 1, 'upside down')
  t.end()
})

function pair(distanceSq: number, same: boolean, fold: number): LabelledPair {
  return { distanceSq, same, fold }
}

t.test('accuracy by folds judges each fold by the threshold of the others', (t) => {
  const pairs = [0, 1, 2].flatMap((fold) => [
    pair(0.2, true, fold),
    pair(0.4, true, fold),
    pair(1.0, false, fold),
    pair(1.2, false, fold),
  ])
  t.equal(foldAccuracy(pairs).accuracy, 1)
  const withOneWrong = [...pairs, pair(1.1, true, 0)]
  const result = foldAccuracy(withOneWrong)
  t.equal(result.folds[0].accuracy, 4 / 5, 'the wrong pair cannot pull its own threshold')
  t.equal(result.folds[1].accuracy, 1)
  const mean = (0.8 + 1 + 1) / 3
  t.ok(Math.abs(result.accuracy - mean) < 1e-12)
  const error = Math.sqrt(((0.8 - mean) ** 2 + 2 * (1 - mean) ** 2) / 2 / 3)
  t.ok(Math.abs(result.standardError - error) < 1e-12)
  t.ok(Math.abs(result.ci95.low - (mean - 4.303 * error)) < 1e-9, "Student's t, 2 degrees")
  t.throws(() => foldAccuracy(pairs.filter(({ fold }) => fold === 0)), RangeError)
  t.end()
})
