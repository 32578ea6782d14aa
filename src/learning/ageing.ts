import type { Embedding } from '../encoding/embedding.js'
import { distanceSq } from '../encoding/embedding.js'
import type { EnrolmentSource } from '../store/person.js'

/** When a picture of a grant may become a template, so that a gallery ages with its people. */
export interface AgeingRules {
  /** `review` waits for somebody's yes; `auto` adds at once, within the same limits. */
  readonly mode: 'off' | 'review' | 'auto'
  /** At most one a person within so many days. */
  readonly everyDays: number
  /** Most such templates a person. */
  readonly maxPerPerson: number
}

/** A template that the person has already. */
export interface KnownTemplate {
  /** As the encoder in use compares it. */
  readonly embedding: Embedding
  readonly source: EnrolmentSource
  readonly enrolledAtMs: number
}

/** The face of a grant. Liveness is behind it: there is no grant without. */
export interface GrantedFace {
  readonly probe: Embedding
  readonly quality: number
  /** Lead over the next person, squared L2; `null` when nobody else is enrolled. */
  readonly leadSq: number | null
}

export type AgeingVerdict =
  | { readonly outcome: 'wanted'; readonly distanceSq: number }
  | { readonly outcome: 'passed-over'; readonly why: string }

/** Far above the threshold: at most so much of τ away from a picture that people enrolled. */
const MAX_THRESHOLD_SHARE = 0.6
/** Nearer than this to any template it is no news. */
const MIN_NEWS_SQ = 0.08
/** 0.5 is just good enough to be recognised. */
const MIN_QUALITY = 0.65
const MIN_LEAD_SQ = 0.5
const DAY_MS = 24 * 3_600_000

/**
 * Whether the face of a grant is worth a template. It is held against what people enrolled, never
 * against earlier such templates, so that a gallery cannot drift step by step to somebody else.
 * @param threshold τ of the moment, squared L2
 */
export function judgeForAgeing(
  { probe, quality, leadSq }: GrantedFace,
  known: readonly KnownTemplate[],
  threshold: number,
  rules: AgeingRules,
  nowMs: number,
): AgeingVerdict {
  const pass = (why: string): AgeingVerdict => ({ outcome: 'passed-over', why })
  if (rules.mode === 'off') return pass('off')
  const aged = known.filter(({ source }) => source === 'grant')
  if (aged.length >= rules.maxPerPerson) return pass('this person has as many as may be')
  const newest = Math.max(-Infinity, ...aged.map(({ enrolledAtMs }) => enrolledAtMs))
  if (nowMs - newest < rules.everyDays * DAY_MS) return pass('the last one is too recent')
  if (!(quality >= MIN_QUALITY)) return pass('not good enough')
  if (leadSq !== null && !(leadSq >= MIN_LEAD_SQ)) return pass('somebody else is too alike')
  const comparable = known.filter(({ embedding }) => embedding.modelId === probe.modelId)
  const to = (list: readonly KnownTemplate[]) =>
    Math.min(...list.map(({ embedding }) => distanceSq(embedding.vector, probe.vector)))
  const fromEnrolled = to(comparable.filter(({ source }) => source !== 'grant'))
  if (!(fromEnrolled <= MAX_THRESHOLD_SHARE * threshold)) return pass('too far from an enrolment')
  if (to(comparable) < MIN_NEWS_SQ) return pass('no news')
  return { outcome: 'wanted', distanceSq: fromEnrolled }
}
