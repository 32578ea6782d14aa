import fc from 'fast-check'
import t from 'tap'
import { rateEnrolment } from '../../src/evaluation/enrolment-protocol.js'
import { createSeededRandom } from '../../src/evaluation/statistics/random.js'
import { averageVector, selectPictures } from '../../src/learning/few-shot.js'

/** A direction at so many degrees in the plane. */
function at(degrees: number, quality = 1) {
  const angle = (degrees * Math.PI) / 180
  return { vector: Float32Array.of(Math.cos(angle), Math.sin(angle)), quality }
}

const RULES = { farSq: 1.4, keep: 2 }

t.test('outliers go, and few pictures cover the rest', (t) => {
  t.same(selectPictures([at(0)], RULES), { kept: [0], outliers: [], spare: [] })
  t.same(selectPictures([at(0), at(100)], RULES), { kept: [], outliers: [0, 1], spare: [] })
  t.same(selectPictures([at(0), at(10), at(170)], RULES).outliers, [2])
  const four = selectPictures([at(0), at(2), at(40), at(4)], RULES)
  t.same(four, { kept: [3, 2], outliers: [], spare: [0, 1] }, 'the typical one, then the farthest')
  t.same(
    selectPictures([at(0, 0.5), at(0, 0.9)], { ...RULES, keep: 1 }).kept,
    [1],
    'the better one',
  )
  t.throws(() => selectPictures([], RULES), RangeError)
  t.throws(
    () =>
      selectPictures(
        Array.from({ length: 11 }, () => at(0)),
        RULES,
      ),
    RangeError,
  )
  t.end()
})

t.test('every picture ends in exactly one place', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 359 }), { minLength: 1, maxLength: 10 }),
      fc.integer({ min: 1, max: 10 }),
      (degrees, keep) => {
        const pictures = degrees.map((one) => at(one))
        const { kept, outliers, spare } = selectPictures(pictures, { farSq: 1.4, keep })
        const all = [...kept, ...outliers, ...spare].sort((a, b) => a - b)
        return kept.length <= keep && all.join() === degrees.map((_, i) => i).join()
      },
    ),
  )
  t.end()
})

t.test('several pictures are compared with one on the same probes', (t) => {
  const random = createSeededRandom(4)
  const noisy = (centre: Float32Array) => {
    const raw = centre.map((value) => value + 2.4 * (random() - 0.5))
    const length = Math.hypot(...raw)
    return raw.map((value) => value / length)
  }
  const people = Array.from({ length: 60 }, (_, person) => {
    const centre = Float32Array.from({ length: 32 }, () => random() - 0.5)
    return {
      id: String(person),
      pictures: Array.from({ length: person < 40 ? 7 : 1 }, (_, i) => ({
        id: `${person}/${i}`,
        altered: [],
        vector: noisy(centre),
      })),
    }
  })
  const rate = (rule: Parameters<typeof rateEnrolment>[2]) =>
    rateEnrolment(people, (vector) => vector, rule, { fmr: 0.01, farSq: 3, seed: 1 })
  const one = rate({ kind: 'one-shot' })
  const average = rate({ kind: 'average', pictures: 3 })
  t.equal(one.persons, 40)
  t.equal(one.matedProbes, 40 * 4)
  t.equal(one.nonMatedClaims, 40 * 39 * 4 + 20 * 40)
  t.equal(average.matedProbes, one.matedProbes)
  t.ok(average.fnmr < one.fnmr, `${one.fnmr} to ${average.fnmr}`)
  t.ok(one.low <= one.fnmr && one.fnmr <= one.high)
  const [a, b] = people[0].pictures
  t.ok(Math.abs(Math.hypot(...averageVector([a.vector, b.vector])) - 1) < 1e-6)
  t.end()
})
