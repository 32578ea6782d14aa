import type { Calibration } from '../matching/calibration.js'
import type { LearningPerson } from './people.js'

/** Enrolments that would teach the wrong thing. */
export type PoisonedEnrolment =
  | {
      /** One name, pictures of two people. */
      readonly kind: 'two-people'
      readonly person: string
      /** The pictures that do not belong to the larger part. */
      readonly pictures: readonly string[]
      /** From the nearest of them to the rest, squared L2. */
      readonly distanceSq: number
    }
  | {
      /** Two names, pictures of one person. */
      readonly kind: 'two-names'
      readonly persons: readonly [string, string]
      /** Of the two nearest pictures. */
      readonly pictures: readonly [string, string]
      readonly distanceSq: number
    }

/** Limits of the search, from the encoder's calibration. */
export interface PoisonLimits {
  /** Pictures of one name farther apart than this are of two people; squared L2. */
  readonly farSq: number
  /** Pictures of two names nearer than this are of one person; squared L2. */
  readonly nearSq: number
}

/** Share of one person's pairs that lie nearer than where two people begin. */
const FAR_MATCH_RATE = 0.99

/** The squared distance beyond which pictures of one name are of two people. */
export function farDistance({ fnmr }: Pick<Calibration, 'fnmr'>): number {
  const { curve } = fnmr
  const far = curve.find(({ rate }) => rate >= FAR_MATCH_RATE) ?? curve[curve.length - 1]
  return far.thresholdSq
}

/**
 * Looks for enrolments that hold two people under one name or one person under two, before anything
 * is learnt from them. Pictures of one name are joined where they lie within `farSq`; what then
 * stays apart from the largest part is somebody else.
 */
export function findPoisoned(
  people: readonly LearningPerson[],
  limits: PoisonLimits,
): PoisonedEnrolment[] {
  return [
    ...people.flatMap((person) => splitPerson(person, limits.farSq) ?? []),
    ...findDoubles(people, limits.nearSq),
  ]
}

/** The people without those whose enrolment is poisoned. */
export function withoutPoisoned(
  people: readonly LearningPerson[],
  poisoned: readonly PoisonedEnrolment[],
): LearningPerson[] {
  const named = new Set(
    poisoned.flatMap((one) => (one.kind === 'two-people' ? [one.person] : one.persons)),
  )
  return people.filter(({ id }) => !named.has(id))
}

function splitPerson(
  { id, pictures }: LearningPerson,
  farSq: number,
): PoisonedEnrolment | undefined {
  const part = pictures.map((_, i) => i)
  for (let i = 0; i < pictures.length; i++) {
    for (let j = 0; j < i; j++) {
      if (part[i] === part[j] || distanceSq(pictures[i].vector, pictures[j].vector) > farSq)
        continue
      const [from, to] = [part[i], part[j]]
      for (let k = 0; k < part.length; k++) if (part[k] === from) part[k] = to
    }
  }
  const sizes = new Map<number, number>()
  for (const one of part) sizes.set(one, (sizes.get(one) ?? 0) + 1)
  if (sizes.size < 2) return undefined
  const [largest] = [...sizes].reduce((best, entry) => (entry[1] > best[1] ? entry : best))
  const others = pictures.filter((_, i) => part[i] !== largest)
  const rest = pictures.filter((_, i) => part[i] === largest)
  const nearest = Math.min(
    ...others.flatMap((one) => rest.map((other) => distanceSq(one.vector, other.vector))),
  )
  return {
    kind: 'two-people',
    person: id,
    pictures: others.map((picture) => picture.id),
    distanceSq: nearest,
  }
}

function findDoubles(people: readonly LearningPerson[], nearSq: number): PoisonedEnrolment[] {
  const found: PoisonedEnrolment[] = []
  for (let a = 0; a < people.length; a++) {
    for (let b = 0; b < a; b++) {
      const near = nearestPair(people[b], people[a], nearSq)
      if (near !== undefined) found.push(near)
    }
  }
  return found
}

function nearestPair(
  one: LearningPerson,
  other: LearningPerson,
  nearSq: number,
): PoisonedEnrolment | undefined {
  let best: PoisonedEnrolment | undefined
  let limit = nearSq
  for (const x of one.pictures) {
    for (const y of other.pictures) {
      const distance = distanceSq(x.vector, y.vector)
      if (distance > limit) continue
      limit = distance
      best = {
        kind: 'two-names',
        persons: [one.id, other.id],
        pictures: [x.id, y.id],
        distanceSq: distance,
      }
    }
  }
  return best
}

function distanceSq(a: Float32Array, b: Float32Array): number {
  let dot = 0
  for (let i = 0; i < a.length; i++) dot += a[i] * b[i]
  return 2 - 2 * dot
}
