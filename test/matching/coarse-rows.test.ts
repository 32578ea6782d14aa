import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { distanceSq, EMBEDDING_LENGTH } from '../../src/encoding/embedding.js'
import { createCoarseRows, prepareProbe, type CoarseRows } from '../../src/matching/coarse-rows.js'
import { near, randomEmbedding, seededRandom } from './vectors.js'

function found(rows: CoarseRows, probe: Float32Array, limitSq: number): Set<number> {
  const visited = new Set<number>()
  rows.scan(prepareProbe(probe), 0, rows.size, limitSq, (row) => visited.add(row))
  return visited
}

/** Unit vectors of awkward shape: few large components, denormals, equal components. */
const awkward = fc
  .array(
    fc.oneof(
      fc.float({ min: -1, max: 1, noNaN: true }),
      fc.constantFrom(0, 0, 0, 1, -1, 1e-30, 1e-40),
    ),
    { minLength: EMBEDDING_LENGTH, maxLength: EMBEDDING_LENGTH },
  )
  .filter((components) => components.some((x) => Math.abs(x) > 1e-3))
  .map((components) => {
    const norm = Math.sqrt(components.reduce((sum, x) => sum + x * x, 0))
    return Float32Array.from(components, (x) => x / norm)
  })

t.test('no row within the limit is ever passed over', (t) => {
  fc.assert(
    fc.property(fc.array(awkward, { minLength: 1, maxLength: 9 }), awkward, (vectors, probe) => {
      const rows = createCoarseRows()
      for (const vector of vectors) rows.add(vector)
      const distances = vectors.map((vector) => distanceSq(probe, vector))
      for (const limitSq of distances) {
        const visited = found(rows, probe, limitSq)
        const wanted = distances.flatMap((d, row) => (d <= limitSq ? [row] : []))
        assert.ok(wanted.every((row) => visited.has(row)))
        assert.ok([...visited].every((row) => row < vectors.length))
      }
    }),
  )
  t.pass('holds for all that was tried')
  t.end()
})

t.test('the scan passes over nearly everything that is far', (t) => {
  const random = seededRandom(1)
  const rows = createCoarseRows()
  const vectors = Array.from({ length: 4000 }, () => randomEmbedding(random).vector)
  for (const vector of vectors) rows.add(vector)
  const probe = near({ modelId: '', vector: vectors[7] }, 0.6, random).vector
  const visited = found(rows, probe, 1)
  t.ok(visited.has(7))
  t.ok(visited.size < 40, `compares ${visited.size} of 4000`)
  t.equal(found(rows, probe, Infinity).size, 4000, 'without a limit all rows are seen')
  t.equal(found(rows, probe, NaN).size, 0, 'a limit that is no number sees none')
  for (const [from, to] of [
    [1, 8],
    [0, 4001],
    [0, 20_000],
  ]) {
    t.throws(() => rows.scan(prepareProbe(probe), from, to, 1, () => undefined), RangeError)
  }
  t.end()
})

t.test('rows stay right while others leave and the memory grows', (t) => {
  const random = seededRandom(2)
  const rows = createCoarseRows()
  const model: Float32Array[] = []
  for (let step = 0; step < 40_000; step++) {
    if (random() < 0.2 && model.length > 0) {
      const row = Math.floor(random() * model.length)
      rows.remove(row)
      const last = model.pop()
      if (last && row < model.length) model[row] = last
    } else {
      const { vector } = randomEmbedding(random)
      rows.add(vector)
      model.push(vector)
    }
  }
  t.equal(rows.size, model.length)
  let missed = 0
  const prepared = model.slice(0, 50).map((vector) => prepareProbe(vector))
  prepared.forEach((probe, row) => {
    const visited = new Set<number>()
    rows.scan(probe, 0, 16384, 1e-9, (at) => visited.add(at))
    if (!visited.has(row)) missed++
  })
  t.equal(missed, 0)
  t.end()
})
