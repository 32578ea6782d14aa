import t from 'tap'
import { ratePoisonedSearch } from '../../src/evaluation/poisoned-protocol.js'
import { createSeededRandom } from '../../src/evaluation/statistics/random.js'
import type { LearningPerson } from '../../src/learning/people.js'

/** People who lie about 2 apart, and their pictures by `spread`. */
function crowd(persons: number, pictures: number, spread: number): LearningPerson[] {
  const random = createSeededRandom(3)
  const around = (centre: Float32Array, by: number) => {
    const raw = centre.map((value) => value + by * (random() - 0.5))
    const length = Math.hypot(...raw)
    return raw.map((value) => value / length)
  }
  return Array.from({ length: persons }, (_, person) => {
    const centre = Float32Array.from({ length: 64 }, () => random() - 0.5)
    return {
      id: String(person),
      pictures: Array.from({ length: pictures }, (_, i) => ({
        id: `${person}/${i}`,
        vector: around(centre, spread),
        altered: [],
      })),
    }
  })
}

t.test('mixtures of people who are easily told apart are all found, without false alarm', (t) => {
  const rates = ratePoisonedSearch(crowd(40, 6, 0.2), { farSq: 1, nearSq: 0.5 }, 1)
  for (const { ownPictures, found, named } of rates.twoPeople) {
    t.equal(found.trials, 40)
    t.equal(found.events, 40)
    if (ownPictures > 1) t.equal(named.events, 40)
  }
  for (const { found } of rates.twoNames) t.match(found, { events: 40, trials: 40 })
  t.match(rates.falselyTwoPeople, { events: 0, trials: 40, low: 0 })
  t.match(rates.falselyOne, { events: 0, trials: (40 * 39) / 2 })
  t.same(rates.alarms, [])
  t.end()
})

t.test('limits that are too narrow give alarms, too wide ones find nothing', (t) => {
  const people = crowd(40, 6, 0.2)
  const narrow = ratePoisonedSearch(people, { farSq: 1e-6, nearSq: 0.5 }, 1)
  t.equal(narrow.falselyTwoPeople.events, 40)
  t.equal(narrow.alarms.length, 40)
  const wide = ratePoisonedSearch(people, { farSq: 4, nearSq: 0 }, 1)
  for (const { found } of [...wide.twoPeople, ...wide.twoNames]) t.equal(found.events, 0)
  t.end()
})
