import type { LearningPerson } from '../learning/people.js'
import { findPoisoned, type PoisonedEnrolment, type PoisonLimits } from '../learning/poisoned.js'
import { clopperPearson, type Interval } from './statistics/binomial-interval.js'
import { createSeededRandom, shuffle } from './statistics/random.js'

/** How often something happened. */
export interface CountedRate extends Interval {
  readonly events: number
  readonly trials: number
}

/** How well poisoned enrolments are found. Every person is one trial of a row at most. */
export interface PoisonedRates {
  /** One picture of somebody else beside so many of a person's own. */
  readonly twoPeople: readonly {
    readonly ownPictures: number
    readonly found: CountedRate
    /** Found, and the very picture named; with one own picture nobody can tell which it is. */
    readonly named: CountedRate
  }[]
  /** One person under two names, with so many pictures each. */
  readonly twoNames: readonly { readonly picturesEach: number; readonly found: CountedRate }[]
  /** People as they are who are said to be two, by how many have more than one picture. */
  readonly falselyTwoPeople: CountedRate
  /** Pairs of people as they are who are said to be one. */
  readonly falselyOne: CountedRate
  /** What stands behind the last two, for somebody to look at: labels are wrong now and then. */
  readonly alarms: readonly PoisonedEnrolment[]
}

const OWN_PICTURES = [1, 2, 3, 5] as const
const PICTURES_EACH = [1, 2, 3] as const

/**
 * Mixes people on purpose and looks for it, and looks at the people as they are.
 * @param people whom no limit was fitted on
 */
export function ratePoisonedSearch(
  people: readonly LearningPerson[],
  limits: PoisonLimits,
  seed: number,
): PoisonedRates {
  const random = createSeededRandom(seed)
  const atLeast = (pictures: number) => people.filter((one) => one.pictures.length >= pictures)
  const stranger = (person: LearningPerson): LearningPerson => {
    for (;;) {
      const other = people[Math.floor(random() * people.length)]
      if (other.id !== person.id) return other
    }
  }
  const twoPeople = OWN_PICTURES.map((ownPictures) => {
    const trials = atLeast(ownPictures).map((person) => {
      const own = shuffle([...person.pictures], random).slice(0, ownPictures)
      const [foreign] = stranger(person).pictures
      const pictures = shuffle([...own, foreign], random)
      const found = findPoisoned([{ id: person.id, pictures }], limits).at(0)
      const isFound = found?.kind === 'two-people'
      return { isFound, isNamed: isFound && found.pictures.join() === foreign.id }
    })
    return {
      ownPictures,
      found: counted(trials.filter(({ isFound }) => isFound).length, trials.length),
      named: counted(trials.filter(({ isNamed }) => isNamed).length, trials.length),
    }
  })
  const twoNames = PICTURES_EACH.map((picturesEach) => {
    const trials = atLeast(2 * picturesEach).map(({ id, pictures }) => {
      const drawn = shuffle([...pictures], random)
      const halves = [drawn.slice(0, picturesEach), drawn.slice(picturesEach, 2 * picturesEach)]
      return findPoisoned(
        halves.map((half, i) => ({ id: `${id} ${i}`, pictures: half })),
        limits,
      ).some(({ kind }) => kind === 'two-names')
    })
    return { picturesEach, found: counted(trials.filter(Boolean).length, trials.length) }
  })
  const alarms = findPoisoned(people, limits)
  const alarmsOf = (kind: PoisonedEnrolment['kind']) =>
    alarms.filter((alarm) => alarm.kind === kind).length
  return {
    twoPeople,
    twoNames,
    falselyTwoPeople: counted(alarmsOf('two-people'), atLeast(2).length),
    falselyOne: counted(alarmsOf('two-names'), (people.length * (people.length - 1)) / 2),
    alarms,
  }
}

function counted(events: number, trials: number): CountedRate {
  return { events, trials, ...clopperPearson(events, trials) }
}
