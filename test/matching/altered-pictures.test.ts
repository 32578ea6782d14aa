import t from 'tap'
import type { Embedding } from '../../src/encoding/embedding.js'
import { countDrawnPairs } from '../../src/matching/binned-pairs.js'
import { calibrate } from '../../src/matching/calibrate.js'
import { falseNonMatchRate } from '../../src/matching/calibration.js'
import {
  collectPictures,
  forEachPair,
  type LabelledEmbedding,
} from '../../src/matching/labelled-distances.js'
import { MODEL, near, randomEmbedding, seededRandom } from './vectors.js'

const random = seededRandom(4)

/** Two pictures of everybody, and of each an altered one that lies as far again. */
function crowd(persons: number): Map<string, LabelledEmbedding[]> {
  return new Map(
    Array.from({ length: persons }, (_, person) => {
      const centre = randomEmbedding(random)
      const real: Embedding[] = [near(centre, 0.5, random), near(centre, 0.5, random)]
      const altered = real.map((picture, alteredFrom) => ({
        ...near(picture, 0.7, random),
        alteredFrom,
      }))
      return [`p${person}`, [...real, ...altered]]
    }),
  )
}

t.test('an altered picture is held against real ones, and never against its own', (t) => {
  const pictures = collectPictures(crowd(3))
  const pairs: string[] = []
  forEachPair(pictures, (a, b) => pairs.push(`${b}-${a}`))
  // Of each person: 0 and 1 are real, 2 is made of 0 and 3 of 1.
  t.same(
    pairs.filter((pair) => pair.split('-').every((at) => Number(at) < 4)),
    ['0-1', '1-2', '0-3'],
  )
  const weights = Uint8Array.of(1, 1, 1)
  const ofTwo = pairs.filter((pair) => {
    const [a, b] = pair.split('-').map((at) => Math.floor(Number(at) / 4))
    return a !== b
  })
  t.equal(countDrawnPairs(pictures, weights), ofTwo.length)
  t.equal(countDrawnPairs(pictures, Uint8Array.of(2, 1, 0)), 2 * (16 - 4), 'persons weighed')
  t.end()
})

t.test('alterations make a calibration that expects them, and says so', (t) => {
  const people = crowd(200)
  const model = { id: MODEL, sha256: 'a'.repeat(64) }
  const options = { description: 'test', resamples: 50, tailShare: 0.002, alterations: ['mask'] }
  const altered = calibrate(people, model, options).calibration
  const real = calibrate(
    new Map([...people].map(([id, pictures]) => [id, pictures.slice(0, 2)])),
    model,
    options,
  ).calibration
  t.equal(real.data.genuinePairs, 200)
  t.equal(altered.data.genuinePairs, 600)
  t.equal(altered.data.impostorPairs, (200 * 199 * (16 - 4)) / 2)
  const missed = (calibration: typeof real) => falseNonMatchRate(calibration, 0.7).estimate
  t.ok(missed(altered) > missed(real), `${missed(real)} to ${missed(altered)}`)
  t.match(altered.method.notes.join(), /400 of the pictures are altered ones \(mask\)/)
  t.notMatch(real.method.notes.join(), /altered ones/)
  t.end()
})
