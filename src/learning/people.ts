import { createSeededRandom, shuffle } from '../evaluation/statistics/random.js'

/** One picture of somebody as the frozen encoder sees it. */
export interface LearningPicture {
  /** A file's path or a template's id, by which people find it again. */
  readonly id: string
  /** Unit length. */
  readonly vector: Float32Array
  /** The same picture, altered, through the same encoder; see `alterations.ts`. */
  readonly altered: readonly Float32Array[]
}

/** Somebody with all their pictures. */
export interface LearningPerson {
  /** A folder's name or a person's id. */
  readonly id: string
  readonly pictures: readonly LearningPicture[]
}

export interface PeopleSplit {
  readonly train: readonly LearningPerson[]
  /** Never trained on: they say whether it helped. */
  readonly heldOut: readonly LearningPerson[]
}

/** Nobody is in two of the parts. */
export interface ThreeWaySplit extends PeopleSplit {
  /** Neither trained on nor asked whether it helped: the threshold comes from them. */
  readonly calibration: readonly LearningPerson[]
}

/**
 * Splits by person, those with several pictures and the others apart, so that both parts have some.
 * @param heldOutShare of the persons, in (0, 1)
 */
export function splitPeople(
  people: readonly LearningPerson[],
  heldOutShare: number,
  seed: number,
): PeopleSplit {
  const random = createSeededRandom(seed)
  const train: LearningPerson[] = []
  const heldOut: LearningPerson[] = []
  const isSeveral = ({ pictures }: LearningPerson) => pictures.length > 1
  for (const group of [people.filter(isSeveral), people.filter((one) => !isSeveral(one))]) {
    const order = shuffle([...group], random)
    const count = Math.round(heldOutShare * order.length)
    heldOut.push(...order.slice(0, count))
    train.push(...order.slice(count))
  }
  return { train, heldOut }
}

/**
 * Splits by person into three: {@link splitPeople} twice.
 * @param shares of the persons; both in [0, 1), together below 1
 */
export function splitThreeWays(
  people: readonly LearningPerson[],
  shares: { readonly heldOut: number; readonly calibration: number },
  seed: number,
): ThreeWaySplit {
  const { train: rest, heldOut: calibration } = splitPeople(people, shares.calibration, seed)
  const ofTheRest = shares.heldOut / (1 - shares.calibration)
  return { ...splitPeople(rest, ofTheRest, seed), calibration }
}

/** Every vector with its person; altered pictures count as the person's own. */
export function labelledVectors(people: readonly LearningPerson[]): {
  readonly vectors: Float32Array[]
  readonly persons: string[]
} {
  const vectors: Float32Array[] = []
  const persons: string[] = []
  for (const { id, pictures } of people) {
    for (const { vector, altered } of pictures) {
      for (const one of [vector, ...altered]) {
        vectors.push(one)
        persons.push(id)
      }
    }
  }
  return { vectors, persons }
}
