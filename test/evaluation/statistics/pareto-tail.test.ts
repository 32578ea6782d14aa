import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import {
  fitParetoTail,
  paretoDensity,
  paretoQuantile,
  paretoSurvival,
  type ParetoTail,
} from '../../../src/evaluation/statistics/pareto-tail.js'
import { createSeededRandom } from '../../../src/evaluation/statistics/random.js'

function sample(tail: ParetoTail, count: number, seed: number): Float64Array {
  const random = createSeededRandom(seed)
  return Float64Array.from({ length: count }, () => paretoQuantile(tail, 1 - random()))
}

t.test('known values', (t) => {
  t.equal(paretoSurvival({ scale: 2, shape: 0 }, 2), Math.exp(-1))
  t.equal(paretoSurvival({ scale: 1, shape: -0.5 }, 2), 0, 'the end of a short tail')
  t.ok(Math.abs(paretoSurvival({ scale: 1, shape: 0.5 }, 2) - 0.25) < 1e-15)
  t.ok(Math.abs(paretoDensity({ scale: 1, shape: 0.5 }, 2) - 0.125) < 1e-15)
  t.equal(paretoSurvival({ scale: 1, shape: 0.2 }, -1), 1)
  t.end()
})

t.test('the quantile undoes the survival, the density is its slope', (t) => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 10, noNaN: true }),
      fc.double({ min: -0.8, max: 1.5, noNaN: true }),
      fc.double({ min: 1e-6, max: 0.999, noNaN: true }),
      (scale, shape, survival) => {
        const tail = { scale, shape }
        const y = paretoQuantile(tail, survival)
        assert.ok(Math.abs(paretoSurvival(tail, y) / survival - 1) < 1e-5)
        const step = 1e-5 * scale
        const slope = (paretoSurvival(tail, y) - paretoSurvival(tail, y + step)) / step
        if (survival > 0.05) assert.ok(Math.abs(slope / paretoDensity(tail, y) - 1) < 1e-2)
      },
    ),
  )
  t.pass('holds for all that was tried')
  t.end()
})

t.test('a fit finds the tail that made the data', (t) => {
  for (const shape of [-0.4, -0.1, 0, 0.3, 0.8]) {
    const fitted = fitParetoTail(sample({ scale: 0.07, shape }, 20_000, 7))
    t.ok(Math.abs(fitted.shape - shape) < 0.04, `shape ${shape}: ${fitted.shape}`)
    t.ok(Math.abs(fitted.scale / 0.07 - 1) < 0.05, `scale: ${fitted.scale}`)
  }
  t.end()
})

t.test('weights count like copies, and a weight of 0 leaves one out', (t) => {
  const data = sample({ scale: 1, shape: -0.2 }, 300, 8)
  const weights = Float64Array.from(data, (_, i) => i % 3)
  const copies = [...data].flatMap((y, i) => Array<number>(i % 3).fill(y))
  const weighted = fitParetoTail(data, weights)
  const copied = fitParetoTail(copies)
  t.ok(Math.abs(weighted.shape - copied.shape) < 1e-6)
  t.ok(Math.abs(weighted.scale - copied.scale) < 1e-6)
  t.end()
})

t.test('too little data is refused', (t) => {
  t.throws(() => fitParetoTail([1, 2, 3]), RangeError)
  t.throws(() => fitParetoTail(new Float64Array(50)), RangeError)
  t.end()
})
