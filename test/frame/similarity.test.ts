import fc from 'fast-check'
import t from 'tap'
import { estimateSimilarity, invertSimilarity } from '../../src/frame/similarity.js'
import type { Similarity } from '../../src/frame/similarity.js'

function apply({ a, b, tx, ty }: Similarity, points: readonly number[]): number[] {
  const moved: number[] = []
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [points[i], points[i + 1]]
    moved.push(a * x - b * y + tx, b * x + a * y + ty)
  }
  return moved
}

const coordinate = fc.double({ min: -500, max: 500, noNaN: true })
const similarity = fc.record({
  a: fc.double({ min: 0.05, max: 5, noNaN: true }),
  b: fc.double({ min: -5, max: 5, noNaN: true }),
  tx: coordinate,
  ty: coordinate,
})
const triangle = [0, 0, 100, 10, 40, 90]

t.test('finds back the similarity that moved the points', (t) => {
  fc.assert(
    fc.property(similarity, (truth) => {
      const found = estimateSimilarity(triangle, apply(truth, triangle))
      for (const key of ['a', 'b', 'tx', 'ty'] as const) {
        if (Math.abs(found[key] - truth[key]) > 1e-6) throw new Error(`${key} differs`)
      }
    }),
  )
  t.end()
})

t.test('never mirrors: of mirrored points it gives the best turn instead', (t) => {
  const mirrored = triangle.map((value, i) => (i % 2 === 0 ? -value : value))
  const { a, b } = estimateSimilarity(triangle, mirrored)
  t.ok(Math.hypot(a, b) < 1)
  t.end()
})

t.test('an inverse undoes it', (t) => {
  fc.assert(
    fc.property(similarity, (forward) => {
      const back = apply(invertSimilarity(forward), apply(forward, triangle))
      back.forEach((value, i) => {
        if (Math.abs(value - triangle[i]) > 1e-6) throw new Error('not undone')
      })
    }),
  )
  t.end()
})

t.test('points without extent have no similarity', (t) => {
  t.throws(() => estimateSimilarity([1, 1, 1, 1], [0, 0, 1, 1]), RangeError)
  t.throws(() => estimateSimilarity([1, 1], [0, 0]), RangeError)
  t.throws(() => estimateSimilarity([0, 0, 1, 1], [0, 0, 1, 1, 2, 2]), RangeError)
  t.throws(() => invertSimilarity({ a: 0, b: 0, tx: 1, ty: 1 }), RangeError)
  t.end()
})
