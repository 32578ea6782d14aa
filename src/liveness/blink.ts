import { excessStrength, type EventRule, type LifeSample } from './life-sample.js'

export interface BlinkRule extends EventRule {
  /** Eyes that close get brighter by at least this much of the local contrast, and back: mean. */
  readonly minBrightening: number
  /** The least for either eye alone; a little less than nothing allows for glasses. */
  readonly minEyeBrightening: number
}

export const BLINK_RULE: BlinkRule = {
  floor: 0.35,
  perMotion: 0.02,
  aroundWeight: 1.5,
  maxAround: 0.7,
  maxMotion: 40,
  minShapeChange: 0.03,
  minBrightening: 0.05,
  minEyeBrightening: -0.05,
}

/**
 * Whether the lids of both eyes just closed or opened: both eyes changed as no moved picture does,
 * the landmarks saw both lids go the same way, and the eyes' dark went with them.
 * @returns how far beyond the limit (1 = at it), or undefined
 */
export function blinkStrength(sample: LifeSample, rule: BlinkRule): number | undefined {
  const [left, right] = sample.eyes
  if (left === undefined || right === undefined) return undefined
  const [leftLid, rightLid] = sample.eyeOpening
  const closing = leftLid < 0 && rightLid < 0
  const opening = leftLid > 0 && rightLid > 0
  if (!closing && !opening) return undefined
  if (!(Math.min(Math.abs(leftLid), Math.abs(rightLid)) > rule.minShapeChange)) return undefined
  const sign = closing ? 1 : -1
  const lids = [sign * left.brightening, sign * right.brightening]
  if (!(Math.min(...lids) > rule.minEyeBrightening)) return undefined
  if (!((lids[0] + lids[1]) / 2 > rule.minBrightening)) return undefined
  return excessStrength(sample, [left, right], rule)
}
