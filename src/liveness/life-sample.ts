import type { FaceChange } from './face-change.js'
import type { Unexplained } from './registration.js'

/** What changed between a moment and about a fifth of a second before, in one face. */
export interface LifeSample extends FaceChange {
  readonly monotonicMs: number
  /** The earliest frame the sample looks at. */
  readonly sinceMs: number
  readonly headMotion: number
}

/** Limits of one kind of event; see `genkan evaluate life` for what they let through. */
export interface EventRule {
  /** Unexplained change that a head at rest needs. */
  readonly floor: number
  /** What each unit of head motion adds to that. */
  readonly perMotion: number
  /** How strongly change around the region counts against it. */
  readonly aroundWeight: number
  /** More change around than this means that registration failed, or that light swept over it. */
  readonly maxAround: number
  /** A head that moves more than this is not judged. */
  readonly maxMotion: number
  /** Change of the landmarks that must agree. */
  readonly minShapeChange: number
}

/**
 * How far the change of some regions goes beyond what the rule asks for, by the least of them.
 * @returns 1 at the limit, more beyond it; undefined below it or where a region cannot be judged
 */
export function excessStrength(
  sample: LifeSample,
  regions: readonly (Unexplained | undefined)[],
  rule: EventRule,
): number | undefined {
  if (!(sample.headMotion <= rule.maxMotion)) return undefined
  const limit = rule.floor + rule.perMotion * sample.headMotion
  let least = Infinity
  for (const region of regions) {
    if (region === undefined || !(region.around <= rule.maxAround)) return undefined
    least = Math.min(least, (region.inside - rule.aroundWeight * region.around) / limit)
  }
  return least > 1 && Number.isFinite(least) ? least : undefined
}
