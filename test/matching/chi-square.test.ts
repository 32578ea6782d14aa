import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { chiSquareDistance } from '../../src/matching/chi-square.js'

const features = fc.array(fc.float({ min: 0, max: 100, noNaN: true }), {
  minLength: 16,
  maxLength: 16,
})

t.test('agrees with sums done by hand', (t) => {
  const a = Float32Array.of(1, 0, 3, 0)
  const b = Float32Array.of(3, 2, 3, 0)
  t.equal(chiSquareDistance(a, b), 4 / 4 + 4 / 2 + 0 + 0)
  t.equal(chiSquareDistance(a, b, Float32Array.of(0.5, 2, 1, 1)), 0.5 + 4)
  t.end()
})

t.test('is a symmetric distance with zero only at equality', (t) => {
  fc.assert(
    fc.property(features, features, (x, y) => {
      const [a, b] = [Float32Array.from(x), Float32Array.from(y)]
      const forth = chiSquareDistance(a, b)
      assert.equal(forth, chiSquareDistance(b, a))
      assert.ok(forth >= 0)
      assert.equal(chiSquareDistance(a, a), 0)
    }),
  )
  t.pass('holds for all that was tried')
  t.end()
})

t.test('refuses what it is not defined on', (t) => {
  const a = Float32Array.of(1, 2)
  t.throws(() => chiSquareDistance(a, Float32Array.of(1)), RangeError)
  t.throws(() => chiSquareDistance(a, Float32Array.of(-1, 2)), RangeError)
  t.throws(() => chiSquareDistance(a, Float32Array.of(NaN, 2)), RangeError)
  t.throws(() => chiSquareDistance(a, a, Float32Array.of(1, Infinity)), RangeError)
  t.throws(() => chiSquareDistance(a, a, Float32Array.of(1)), RangeError)
  t.end()
})
