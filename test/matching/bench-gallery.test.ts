import t from 'tap'
import { benchGallery } from '../../src/matching/bench-gallery.js'

t.test('the bench compares engines on the same probes', async (t) => {
  const { rows } = await benchGallery({ sizes: [500], probes: 6, k: 3 })
  const [own, int8, naive] = rows
  t.strictSame(
    rows.slice(0, 3).map(({ engine }) => engine),
    ['genkan', 'genkan, int8 templates', 'naive loop'],
  )
  t.equal(own.recall, 1)
  t.equal(naive.recall, 1)
  t.ok(int8.recall > 0.8)
  for (const { bestMs, p50Ms, p95Ms } of rows) t.ok(bestMs <= p50Ms && p50Ms <= p95Ms)
})
