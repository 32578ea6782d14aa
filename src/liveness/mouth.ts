import { excessOf, type EventRule, type LifeSample } from './life-sample.js'

export const MOUTH_RULE: EventRule = {
  floor: 0.25,
  perMotion: 0.03,
  aroundWeight: 1.5,
  minShapeChange: 0.02,
}

/**
 * Whether the lips just moved on their own: they changed as no moved picture does, while chin and
 * cheeks stayed explainable, and the landmarks saw them open or close.
 * @returns how far beyond the limit (1 = at it), or undefined
 */
export function mouthStrength(sample: LifeSample, rule: EventRule): number | undefined {
  if (sample.mouth === undefined) return undefined
  const excess = excessOf(sample.mouth, rule)
  const limit = rule.floor + rule.perMotion * sample.headMotion
  if (!(excess > limit)) return undefined
  const change = Math.max(Math.abs(sample.innerLipChange), Math.abs(sample.outerLipChange))
  return change > rule.minShapeChange ? excess / limit : undefined
}
