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
  /** Change of the landmarks that must agree. */
  readonly minShapeChange: number
}

/** Change inside that the surroundings do not share. */
export function excessOf(change: Unexplained, rule: EventRule): number {
  return change.inside - rule.aroundWeight * change.around
}
