import type { Embed } from '../learning/held-out.js'
import { averageVector, selectPictures } from '../learning/few-shot.js'
import type { LearningPerson } from '../learning/people.js'
import { drawPersonWeights, quantileOfSorted } from './statistics/bootstrap.js'
import { createSeededRandom } from './statistics/random.js'

/** How a person's pictures become what probes are compared with. */
export type EnrolmentRule =
  | { readonly kind: 'one-shot' }
  /** Each picture is a template, the nearest counts. */
  | { readonly kind: 'each'; readonly pictures: number }
  /** Outliers go, then as many as `keep` are chosen. */
  | { readonly kind: 'select'; readonly pictures: number; readonly keep: number }
  /** Outliers go, the rest is averaged. */
  | { readonly kind: 'average'; readonly pictures: number }

/** 1:1 claims of people who were enrolled by a rule. */
export interface EnrolmentRates {
  readonly persons: number
  readonly matedProbes: number
  readonly nonMatedClaims: number
  readonly fmr: number
  readonly fnmr: number
  /** By resampling persons, threshold included. */
  readonly low: number
  readonly high: number
}

/** As many pictures of everybody are left out of the probes, whatever the rule enrols. */
export const ENROLLED_AT_MOST = 3
const MAX_PROBES = 10
const RESAMPLES = 300

/**
 * Enrols everybody who has more than three pictures by the first of them and claims with the rest;
 * strangers are all others' probes, and those with too few pictures to be enrolled. The probes are the
 * same for every rule.
 */
export function rateEnrolment(
  people: readonly LearningPerson[],
  embed: Embed,
  rule: EnrolmentRule,
  options: { readonly fmr: number; readonly farSq: number; readonly seed: number },
): EnrolmentRates {
  const enrolled = people.filter(({ pictures }) => pictures.length > ENROLLED_AT_MOST)
  const templates = enrolled.map(({ pictures }) =>
    templatesOf(
      pictures.slice(0, ENROLLED_AT_MOST).map(({ vector }) => embed(vector)),
      rule,
      options.farSq,
    ),
  )
  const probes = people.flatMap((person) => {
    const at = enrolled.indexOf(person)
    const from = at < 0 ? 0 : ENROLLED_AT_MOST
    return person.pictures
      .slice(from, from + MAX_PROBES)
      .map(({ vector }) => ({ person: at, vector: embed(vector) }))
  })
  const mated: { person: number; distanceSq: number }[] = []
  const nonMated: { person: number; distanceSq: number }[] = []
  for (const { person: own, vector } of probes) {
    templates.forEach((list, person) => {
      const distanceSq = Math.min(...list.map((template) => distance(template, vector)))
      ;(person === own ? mated : nonMated).push({ person, distanceSq })
    })
  }
  nonMated.sort((a, b) => a.distanceSq - b.distanceSq)
  const kept = nonMated.slice(0, Math.max(200, Math.ceil(12 * options.fmr * nonMated.length)))
  const rate = (weights: Uint8Array) => {
    const total = weights.reduce((sum, weight) => sum + weight, 0) / weights.length
    const allowed = options.fmr * nonMated.length * total
    let matches = 0
    const first = kept.find(({ person }) => (matches += weights[person]) > allowed)
    const threshold = first?.distanceSq ?? Infinity
    let [claims, missed] = [0, 0]
    for (const { person, distanceSq } of mated) {
      claims += weights[person]
      if (distanceSq >= threshold) missed += weights[person]
    }
    return missed / claims
  }
  const random = createSeededRandom(options.seed)
  const drawn = Float64Array.from({ length: RESAMPLES }, () =>
    rate(drawPersonWeights(enrolled.length, random)),
  ).sort()
  return {
    persons: enrolled.length,
    matedProbes: mated.length,
    nonMatedClaims: nonMated.length,
    fmr: options.fmr,
    fnmr: rate(new Uint8Array(enrolled.length).fill(1)),
    low: quantileOfSorted(drawn, 0.025),
    high: quantileOfSorted(drawn, 0.975),
  }
}

function templatesOf(
  vectors: readonly Float32Array[],
  rule: EnrolmentRule,
  farSq: number,
): readonly Float32Array[] {
  switch (rule.kind) {
    case 'one-shot':
      return vectors.slice(0, 1)
    case 'each':
      return vectors.slice(0, rule.pictures)
    case 'select':
    case 'average': {
      const given = vectors.slice(0, rule.pictures)
      const keep = rule.kind === 'select' ? rule.keep : given.length
      const { kept } = selectPictures(
        given.map((vector) => ({ vector, quality: 1 })),
        { farSq, keep },
      )
      const chosen = kept.length === 0 ? given.slice(0, 1) : kept.map((i) => given[i])
      return rule.kind === 'select' ? chosen : [averageVector(chosen)]
    }
  }
}

function distance(a: Float32Array, b: Float32Array): number {
  let dot = 0
  for (let k = 0; k < a.length; k++) dot += a[k] * b[k]
  return 2 - 2 * dot
}
