import { excessStrength, type EventRule, type LifeSample } from './life-sample.js'

export interface BlinkRule extends EventRule {
  /** An eye that closes gets brighter by at least this much of the local contrast, and back. */
  readonly minBrightening: number
}

export const BLINK_RULE: BlinkRule = {
  floor: 0.35,
  perMotion: 0.02,
  aroundWeight: 1.5,
  maxAround: 0.8,
  maxMotion: 40,
  minShapeChange: 0.03,
  minBrightening: 0.03,
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
  const brightening = (left.brightening + right.brightening) / 2
  const lidShown = closing ? brightening : -brightening
  if (!(lidShown > rule.minBrightening)) return undefined
  return excessStrength(sample, [left, right], rule)
}
