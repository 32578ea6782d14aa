import t from 'tap'
import { distanceSq } from '../../src/encoding/embedding.js'
import { createGalleryIndex } from '../../src/matching/gallery-index.js'
import { near, randomEmbedding, seededRandom } from './vectors.js'

const PERSONS = 6000

function population(seed: number): { vector: Float32Array; slot: number }[] {
  const random = seededRandom(seed)
  return Array.from({ length: PERSONS }, (_, slot) => {
    const centre = randomEmbedding(random)
    const templates = 1 + Math.floor(random() * 3)
    return Array.from({ length: templates }, () => ({
      vector: near(centre, 0.6, random).vector,
      slot,
    }))
  }).flat()
}

t.test('recall is 1.0 against brute force in double precision', (t) => {
  const rows = population(1)
  const random = seededRandom(2)
  const index = createGalleryIndex()
  for (const { vector, slot } of rows) index.add(vector, slot)
  for (let i = 0; i < 30; i++) {
    const probe =
      i % 2 ? randomEmbedding(random).vector : near({ modelId: '', ...rows[i] }, 0.9, random).vector
    const best = new Float64Array(PERSONS).fill(Infinity)
    for (const { vector, slot } of rows) {
      best[slot] = Math.min(best[slot], distanceSq(probe, vector))
    }
    const expected = Array.from(best, (d, slot) => ({ slot, distanceSq: d })).sort(
      (a, b) => a.distanceSq - b.distanceSq || a.slot - b.slot,
    )
    for (const k of [1, 2, 7, 100, 200]) t.strictSame(index.nearest(probe, k), expected.slice(0, k))
  }
  t.end()
})

t.test('templates that are all alike are still ranked exactly', (t) => {
  const index = createGalleryIndex()
  const { vector } = randomEmbedding(seededRandom(3))
  for (let slot = 0; slot < 1000; slot++) index.add(vector, slot)
  t.strictSame(
    index.nearest(vector, 3),
    [0, 1, 2].map((slot) => ({ slot, distanceSq: 0 })),
  )
  t.end()
})

t.test('int8 templates: exact against what is kept, and near to what was given', (t) => {
  const rows = population(4).slice(0, 3000)
  const random = seededRandom(5)
  const index = createGalleryIndex('int8')
  for (const { vector, slot } of rows) index.add(vector, slot)
  for (let i = 0; i < 10; i++) {
    const probe = near({ modelId: '', ...rows[i * 11] }, 0.9, random).vector
    const best = new Map<number, number>()
    rows.forEach(({ vector, slot }, row) => {
      const kept = index.distanceSq(probe, row)
      const rounding = Math.abs(Math.sqrt(kept) - Math.sqrt(distanceSq(probe, vector)))
      if (!(rounding < 0.015)) t.fail(`rounding moved a distance by ${rounding}`)
      best.set(slot, Math.min(kept, best.get(slot) ?? Infinity))
    })
    const expected = Array.from(best, ([slot, d]) => ({ slot, distanceSq: d }))
      .sort((a, b) => a.distanceSq - b.distanceSq || a.slot - b.slot)
      .slice(0, 5)
    t.strictSame(index.nearest(probe, 5), expected)
  }
  t.end()
})
