import { excessStrength, type EventRule, type LifeSample } from './life-sample.js'

export interface MouthRule extends EventRule {
  /** Light that sweeps over a glossy print brightens or darkens the mouth by more than this. */
  readonly maxBrightening: number
}

export const MOUTH_RULE: MouthRule = {
  floor: 0.25,
  perMotion: 0.06,
  aroundWeight: 2,
  maxAround: 0.4,
  maxMotion: 12,
  minShapeChange: 0.03,
  maxBrightening: 0.45,
}

/**
 * Whether lips and chin just moved on their own: they changed as no moved picture does, while nose
 * and cheeks stayed explainable, and the landmarks saw the lips open or close.
 * @returns how far beyond the limit (1 = at it), or undefined
 */
export function mouthStrength(sample: LifeSample, rule: MouthRule): number | undefined {
  const { mouth } = sample
  if (mouth === undefined) return undefined
  if (!(Math.abs(mouth.brightening) < rule.maxBrightening)) return undefined
  const change = Math.max(Math.abs(sample.innerLipChange), Math.abs(sample.outerLipChange))
  if (!(change > rule.minShapeChange)) return undefined
  return excessStrength(sample, [mouth], rule)
}
