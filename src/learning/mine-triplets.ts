import type { Random } from '../evaluation/statistics/random.js'

/** A triplet by the rows of a batch. */
export interface Triplet {
  readonly anchor: number
  readonly positive: number
  readonly negative: number
}

/**
 * How a stranger is chosen for each pair of one person:
 * - `random`: any of the batch;
 * - `all-hard`: the nearest of all;
 * - `semi-hard`: the nearest that is farther than the pair (FaceNet, arXiv 1503.03832, section 3.2),
 *   and where there is none the nearest of all.
 */
export type TripletChoice = 'random' | 'all-hard' | 'semi-hard'

export const TRIPLET_CHOICES = ['random', 'all-hard', 'semi-hard'] as const

/** Unit-length rows of one batch, with the person of each. */
export interface Batch {
  /** `persons.length` rows of `length` numbers. */
  readonly units: Float32Array
  readonly length: number
  readonly persons: readonly string[]
}

/** The triplets of a batch. */
export interface MinedTriplets {
  /** One for each ordered pair of one person. */
  readonly triplets: readonly Triplet[]
  /** How many of them violate the margin: only these teach anything. */
  readonly active: number
}

/** Squared L2 between two rows. */
function distanceSq(units: Float32Array, length: number, a: number, b: number): number {
  let sum = 0
  for (let i = 0, x = a * length, y = b * length; i < length; i++, x++, y++) {
    const difference = units[x] - units[y]
    sum += difference * difference
  }
  return sum
}

/**
 * Chooses the triplets of a batch.
 * @param margin α, by which a stranger must be farther than the person's own, squared L2
 */
export function mineTriplets(
  { units, length, persons }: Batch,
  choice: TripletChoice,
  margin: number,
  random: Random,
): MinedTriplets {
  const triplets: Triplet[] = []
  let active = 0
  for (const [anchor, person] of persons.entries()) {
    const strangers = persons.flatMap((other, i) => (other === person ? [] : [i]))
    if (strangers.length === 0) continue
    const distances = persons.map((_, i) => distanceSq(units, length, anchor, i))
    const hardest = strangers.reduce((best, i) => (distances[i] < distances[best] ? i : best))
    for (const [positive, other] of persons.entries()) {
      if (positive === anchor || other !== person) continue
      const own = distances[positive]
      const negative =
        choice === 'random'
          ? strangers[Math.floor(random() * strangers.length)]
          : choice === 'all-hard'
            ? hardest
            : semiHard(own)
      triplets.push({ anchor, positive, negative })
      if (own - distances[negative] + margin > 0) active++
    }

    function semiHard(own: number): number {
      let nearest = -1
      for (const i of strangers) {
        if (distances[i] > own && (nearest < 0 || distances[i] < distances[nearest])) nearest = i
      }
      return nearest < 0 ? hardest : nearest
    }
  }
  return { triplets, active }
}
