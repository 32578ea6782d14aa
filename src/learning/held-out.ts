import { drawPersonWeights, quantileOfSorted } from '../evaluation/statistics/bootstrap.js'
import type { Interval } from '../evaluation/statistics/binomial-interval.js'
import { createSeededRandom } from '../evaluation/statistics/random.js'
import type { LearningPerson } from './people.js'

/** A way from the frozen encoder's vector to the one that is compared; unit length. */
export type Embed = (vector: Float32Array) => Float32Array

/** FNMR at one FMR with its interval. */
export interface HeldOutRate extends Interval {
  readonly fnmr: number
  /** Squared L2 that gives the FMR on these pairs. */
  readonly thresholdSq: number
}

/** The same pairs of pictures before and after, resampled by person. */
export interface HeldOutComparison {
  readonly fmr: number
  readonly persons: number
  readonly genuinePairs: number
  readonly impostorPairs: number
  readonly before: HeldOutRate
  readonly after: HeldOutRate
  /** FNMR after − FNMR before; below zero is better. */
  readonly difference: Interval & { readonly estimate: number }
}

export interface CompareOptions {
  readonly fmr: number
  readonly seed: number
  /** Default 500. */
  readonly resamples?: number
  /** Two-sided; default 0.95. */
  readonly confidence?: number
}

interface Pair {
  readonly a: number
  readonly b: number
  readonly distanceSq: number
}

/** All pairs of one way to embed: the nearest impostors, and every genuine pair. */
interface Scored {
  readonly genuine: readonly { readonly person: number; readonly distanceSq: number }[]
  readonly genuinePairs: number
  readonly impostorPairs: number
  /** Ascending, as many as any resample will need. */
  readonly nearest: readonly Pair[]
}

/** One person counts with so many pictures at most: the famous few would outvote the rest. */
const MAX_PICTURES = 10
/** A resample needs more of the nearest impostors than the whole does: persons count up to ~7 times. */
const SPARE = 8
const MIN_NEAREST = 400

/** The lowest FMR that so many pairs say something about: twenty false matches. */
export function measurableFmr(impostorPairs: number): number {
  return Math.min(0.1, 20 / Math.max(1, impostorPairs))
}

/**
 * Pairs of different persons that a comparison will have.
 * @param mostPictures of a person that count
 */
export function countImpostorPairs(
  people: readonly LearningPerson[],
  mostPictures = MAX_PICTURES,
): number {
  const counts = people.map(({ pictures }) => Math.min(mostPictures, pictures.length))
  const all = counts.reduce((sum, count) => sum + count, 0)
  return (all * all - counts.reduce((sum, count) => sum + count * count, 0)) / 2
}

/**
 * FNMR at an FMR before and after, each at its own threshold, over the same pairs of pictures; the
 * interval of the difference comes from drawing whole persons, the same ones for both.
 * @throws RangeError when there is no pair of one person, or none of two
 */
export function compareHeldOut(
  people: readonly LearningPerson[],
  before: Embed,
  after: Embed,
  options: CompareOptions,
): HeldOutComparison {
  const { fmr, seed, resamples = 500, confidence = 0.95 } = options
  const scored = [before, after].map((embed) => scorePairs(people, embed, fmr))
  const [{ genuinePairs, impostorPairs }] = scored
  if (genuinePairs === 0 || impostorPairs === 0) {
    throw new RangeError('nobody held out has two pictures, or there is only one person')
  }
  const sizes = Float64Array.from(people, ({ pictures }) => Math.min(MAX_PICTURES, pictures.length))
  const everybody = new Uint8Array(people.length).fill(1)
  const whole = scored.map((pairs) => rateFor(pairs, everybody, sizes, fmr))
  const random = createSeededRandom(seed)
  const drawn: { readonly before: number; readonly after: number }[] = []
  for (let i = 0; i < resamples; i++) {
    const weights = drawPersonWeights(people.length, random)
    const [one, other] = scored.map((pairs) => rateFor(pairs, weights, sizes, fmr).fnmr)
    if (Number.isFinite(one) && Number.isFinite(other)) drawn.push({ before: one, after: other })
  }
  const interval = (pick: (one: { before: number; after: number }) => number): Interval => {
    const sorted = Float64Array.from(drawn, pick).sort()
    return {
      low: quantileOfSorted(sorted, (1 - confidence) / 2),
      high: quantileOfSorted(sorted, (1 + confidence) / 2),
    }
  }
  return {
    fmr,
    persons: people.length,
    genuinePairs,
    impostorPairs,
    before: { ...whole[0], ...interval((one) => one.before) },
    after: { ...whole[1], ...interval((one) => one.after) },
    difference: {
      estimate: whole[1].fnmr - whole[0].fnmr,
      ...interval((one) => one.after - one.before),
    },
  }
}

/** FNMR of everybody's pairs at one threshold. */
export function fnmrAtThreshold(
  people: readonly LearningPerson[],
  embed: Embed,
  thresholdSq: number,
): number {
  const { genuine } = scorePairs(people, embed, 0)
  const missed = genuine.filter(({ distanceSq }) => distanceSq > thresholdSq).length
  return missed / genuine.length
}

function scorePairs(people: readonly LearningPerson[], embed: Embed, fmr: number): Scored {
  const vectors: Float32Array[] = []
  const personOf: number[] = []
  people.forEach(({ pictures }, person) => {
    for (const { vector } of pictures.slice(0, MAX_PICTURES)) {
      vectors.push(embed(vector))
      personOf.push(person)
    }
  })
  const count = vectors.length
  const impostor = new Float32Array((count * (count - 1)) / 2)
  const genuine: { person: number; distanceSq: number }[] = []
  let impostors = 0
  for (let a = 0; a < count; a++) {
    for (let b = 0; b < a; b++) {
      const distance = distanceSqOf(vectors[a], vectors[b])
      if (personOf[a] === personOf[b]) genuine.push({ person: personOf[a], distanceSq: distance })
      else impostor[impostors++] = distance
    }
  }
  const kept = Math.min(impostors, Math.max(MIN_NEAREST, Math.ceil(SPARE * fmr * impostors)))
  const limit = kept === 0 ? 0 : impostor.subarray(0, impostors).slice().sort()[kept - 1]
  const nearest: Pair[] = []
  for (let a = 0; a < count; a++) {
    for (let b = 0; b < a; b++) {
      if (personOf[a] === personOf[b]) continue
      const distance = Math.fround(distanceSqOf(vectors[a], vectors[b]))
      if (distance <= limit) nearest.push({ a: personOf[a], b: personOf[b], distanceSq: distance })
    }
  }
  nearest.sort((x, y) => x.distanceSq - y.distanceSq)
  return { genuine, genuinePairs: genuine.length, impostorPairs: impostors, nearest }
}

function distanceSqOf(a: Float32Array, b: Float32Array): number {
  let dot = 0
  for (let i = 0; i < a.length; i++) dot += a[i] * b[i]
  return 2 - 2 * dot
}

/** The largest threshold whose weighted FMR stays within `fmr`, and the weighted FNMR there. */
function rateFor(
  { genuine, nearest }: Scored,
  weights: Uint8Array,
  sizes: Float64Array,
  fmr: number,
): { readonly fnmr: number; readonly thresholdSq: number } {
  let all = 0
  let own = 0
  weights.forEach((weight, person) => {
    all += weight * sizes[person]
    own += (weight * sizes[person]) ** 2
  })
  const allowed = (fmr * (all * all - own)) / 2
  let matches = 0
  let thresholdSq = nearest.at(-1)?.distanceSq ?? 0
  for (const { a, b, distanceSq } of nearest) {
    matches += weights[a] * weights[b]
    if (matches > allowed * (1 + 1e-12)) {
      thresholdSq = distanceSq - Math.max(1e-9, distanceSq * 1e-9)
      break
    }
  }
  let pairs = 0
  let missed = 0
  for (const { person, distanceSq } of genuine) {
    pairs += weights[person]
    if (distanceSq > thresholdSq) missed += weights[person]
  }
  return { fnmr: missed / pairs, thresholdSq }
}
