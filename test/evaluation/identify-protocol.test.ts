import t from 'tap'
import type { Embedding } from '../../src/encoding/embedding.js'
import { runIdentifyProtocol } from '../../src/evaluation/identify-protocol.js'
import { MODEL, near, randomEmbedding, seededRandom } from '../matching/vectors.js'

function crowd(persons: number, spread: number): Map<string, Embedding[]> {
  const random = seededRandom(11)
  return new Map(
    Array.from({ length: persons }, (_, p) => {
      const centre = randomEmbedding(random)
      return [`p${p}`, [1, 2, 3].map(() => near(centre, spread, random))]
    }),
  )
}

const loose = { threshold: 1.35, margin: 0.01 }

t.test('people who are easy to tell apart are all told apart', (t) => {
  const [row] = runIdentifyProtocol(crowd(200, 0.4), {
    modelId: MODEL,
    sizes: [100],
    thresholdFor: () => ({ threshold: 0.8, margin: 0.05 }),
    nonMatedProbes: 300,
  })
  t.equal(row.kind, 'split')
  t.equal(row.nonMatedProbes, 300)
  t.equal(row.falseIdentifications, 0)
  t.ok(Math.abs(row.fpir.high - 0.0122) < 1e-3, 'none of 300: at most 1.2 %')
  t.equal(row.fnir.rate, 0)
  t.ok(row.fnir.high > 0, 'nothing missed is not proof of never')
  t.equal(row.rank1.rate, 1)
  t.end()
})

t.test('a loose threshold names strangers, a tight one misses the enrolled', (t) => {
  const people = crowd(400, 0.9)
  const named: string[] = []
  const [wide, tight] = [loose, { threshold: 0.3, margin: 0 }].map(
    (rule) =>
      runIdentifyProtocol(people, {
        modelId: MODEL,
        sizes: [300],
        thresholdFor: () => rule,
        onFalseIdentification: (stranger, name) => named.push(`${stranger}=${name}`),
      })[0],
  )
  t.ok(wide.fpir.rate > 0.01)
  t.equal(wide.falseIdentifications, named.length)
  t.ok(named.every((pair) => pair.split('=')[0] !== pair.split('=')[1]))
  t.equal(tight.falseIdentifications, 0)
  t.ok(tight.fnir.rate > 0.99)
  t.equal(tight.rank1.rate, wide.rank1.rate, 'rank 1 does not know the threshold')
  for (const { fpir, fnir, rank1 } of [wide, tight]) {
    for (const { rate, low, high } of [fpir, fnir, rank1]) t.ok(low <= rate && rate <= high)
  }
  t.end()
})

t.test('resampling agrees with a real split', (t) => {
  const people = crowd(300, 1.5)
  const options = { modelId: MODEL, thresholdFor: () => ({ ...loose, margin: 0 }) }
  const [split] = runIdentifyProtocol(people, { ...options, sizes: [250], nonMatedProbes: 900 })
  const [resampled] = runIdentifyProtocol(people, { ...options, sizes: [290] })
  t.equal(resampled.kind, 'resampled')
  const grown = 1 - (1 - split.fpir.rate) ** (290 / 250)
  t.ok(
    Math.abs(resampled.fpir.rate - grown) < 0.03,
    `${resampled.fpir.rate} against ${grown} expected`,
  )
  t.ok(Math.abs(resampled.fnir.rate - split.fnir.rate) < 0.05)
  t.ok(Math.abs(resampled.rank1.rate - split.rank1.rate) < 0.03)
  const [larger] = runIdentifyProtocol(people, { ...options, sizes: [10_000] })
  t.ok(larger.fpir.rate > resampled.fpir.rate)
  t.ok(larger.rank1.rate < resampled.rank1.rate)
  t.end()
})

t.test('the seed decides the draw; nonsense is refused', (t) => {
  const people = crowd(120, 0.7)
  const options = { modelId: MODEL, sizes: [50], thresholdFor: () => loose, nonMatedProbes: 100 }
  t.strictSame(runIdentifyProtocol(people, options), runIdentifyProtocol(people, options))
  for (const size of [0, -5, 1.5, NaN]) {
    t.throws(() => runIdentifyProtocol(people, { ...options, sizes: [size] }), RangeError)
  }
  const single = new Map([...people].map(([name, [first]]) => [name, [first]]))
  t.throws(() => runIdentifyProtocol(single, options), /second picture/)
  t.end()
})
