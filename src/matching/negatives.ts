import { distanceSq } from '../encoding/embedding.js'
import type { Embedding } from '../encoding/embedding.js'
import type { Identification, PersonMatch } from './gallery.js'

/** That somebody, or this very probe, was once taken for `personId` and was not. */
export interface KnownMistake {
  readonly personId: string
  /** Who it was, where that is somebody enrolled. */
  readonly otherId: string | null
  readonly embedding: Embedding | null
}

/** How much more of a lead two people need who were once taken for one another. */
const PAIR_MARGIN_FACTOR = 2
/** Squared L2; where the margin of the calibration is none at all. */
const LEAST_PAIR_MARGIN = 0.05

/** Mistakes that were pointed out, and the higher bar they set. */
export interface Mistakes {
  /**
   * Turns a match into `ambiguous` where the probe is not clearly nearer to the person than to what was
   * once wrongly taken for them. Never makes a match of anything.
   * @param nearest the two nearest persons, nearest first; asked only when it matters
   */
  check(
    probe: Embedding,
    found: Identification,
    margin: number,
    nearest: () => readonly PersonMatch[],
  ): Identification
}

/** Indexes the mistakes by person; a pair counts both ways. */
export function createMistakes(known: readonly KnownMistake[]): Mistakes {
  const impostors = new Map<string, Embedding[]>()
  const pairs = new Map<string, Set<string>>()
  const pair = (one: string, other: string) => {
    pairs.set(one, (pairs.get(one) ?? new Set()).add(other))
  }
  for (const { personId, otherId, embedding } of known) {
    if (otherId !== null) {
      pair(personId, otherId)
      pair(otherId, personId)
    }
    if (embedding !== null) {
      impostors.set(personId, [...(impostors.get(personId) ?? []), embedding])
    }
  }

  return {
    check(probe, found, margin, nearest) {
      if (found.outcome !== 'match') return found
      const { personId, distanceSq: best } = found
      const ambiguous = (rival: number): Identification => ({
        outcome: 'ambiguous',
        distanceSq: best,
        runnerUpDistanceSq: rival,
      })
      const rivals = (impostors.get(personId) ?? [])
        .filter(({ modelId }) => modelId === probe.modelId)
        .map(({ vector }) => distanceSq(vector, probe.vector))
      const rival = Math.min(...rivals)
      if (rivals.length > 0 && !(rival - best >= margin && rival > best)) return ambiguous(rival)
      const others = pairs.get(personId)
      if (others === undefined) return found
      const second = nearest().find((person) => person.personId !== personId)
      if (second === undefined || !others.has(second.personId)) return found
      const needed = Math.max(PAIR_MARGIN_FACTOR * margin, margin + LEAST_PAIR_MARGIN)
      return second.distanceSq - best >= needed ? found : ambiguous(second.distanceSq)
    },
  }
}
