import type { Face } from '../detection/face.js'
import type { Image } from '../frame/image.js'

/** Why a face is not good enough to judge. */
export type QualityFault =
  | 'too-small'
  | 'cut-off'
  | 'turned'
  | 'tilted'
  | 'blurred'
  | 'too-dark'
  | 'too-bright'
  | 'flat-light'

/** What a person can do about a fault, as the kiosk says it. */
export const QUALITY_ADVICE: Readonly<Record<QualityFault, string>> = {
  'too-small': 'come closer',
  'cut-off': 'move into the middle',
  turned: 'look straight at the camera',
  tilted: 'hold your head upright',
  blurred: 'hold still',
  'too-dark': 'more light on the face',
  'too-bright': 'less light on the face',
  'flat-light': 'more light on the face',
}

/** The measured properties a face is judged by. */
export interface QualityMeasures {
  /** Distance between the eye centres in frame pixels. */
  readonly interocularPx: number
  /** Share of the face's square that lies inside the frame, 0..1. */
  readonly insideShare: number
  /** How far the nose tip is off the middle of the eyes, in eye distances; about sin(yaw). */
  readonly yawRatio: number
  /** Angle of the eye line against the horizontal. */
  readonly rollDeg: number
  /** Variance of the Laplacian of the aligned face's luma; low is blurred. */
  readonly sharpness: number
  /** Mean luma of the aligned face, 0..255. */
  readonly brightness: number
  /** Standard deviation of the aligned face's luma, 0..127. */
  readonly contrast: number
}

export interface QualityLimits {
  readonly minInterocularPx: number
  readonly minInsideShare: number
  readonly maxYawRatio: number
  readonly maxRollDeg: number
  readonly minSharpness: number
  readonly minBrightness: number
  readonly maxBrightness: number
  readonly minContrast: number
}

/** Good enough to recognise someone who stands before the door. */
export const PROBE_LIMITS: QualityLimits = {
  minInterocularPx: 28,
  minInsideShare: 0.85,
  maxYawRatio: 0.36,
  maxRollDeg: 30,
  minSharpness: 25,
  minBrightness: 40,
  maxBrightness: 225,
  minContrast: 16,
}

/** A template is compared for years, so an enrolment picture has to be better than a probe. */
export const ENROLMENT_LIMITS: QualityLimits = {
  ...PROBE_LIMITS,
  minInterocularPx: 32,
  maxYawRatio: 0.28,
  maxRollDeg: 25,
}

/** Whether a face is good enough, and if not, the first thing to mend. */
export type Quality =
  | { readonly ok: true; readonly score: number; readonly measures: QualityMeasures }
  | {
      readonly ok: false
      readonly score: number
      readonly measures: QualityMeasures
      readonly fault: QualityFault
    }

/**
 * Judges one face.
 * @param image the frame
 * @param face found in that frame
 * @param aligned the same face after alignment, so that sharpness and light are read at one scale
 * @returns `score` in 0..1: the smallest of the measures' margins, 1 where all are comfortable
 */
export function judgeQuality(
  image: Image,
  face: Face,
  aligned: Image,
  limits: QualityLimits,
): Quality {
  const measures = measureQuality(image, face, aligned)
  const margins: readonly (readonly [QualityFault, number])[] = [
    ['too-small', measures.interocularPx / limits.minInterocularPx],
    ['cut-off', (1 - limits.minInsideShare) / Math.max(0, 1 - measures.insideShare)],
    ['turned', limits.maxYawRatio / measures.yawRatio],
    ['tilted', limits.maxRollDeg / Math.abs(measures.rollDeg)],
    ['too-dark', measures.brightness / limits.minBrightness],
    ['too-bright', limits.maxBrightness / measures.brightness],
    ['flat-light', measures.contrast / limits.minContrast],
    ['blurred', measures.sharpness / limits.minSharpness],
  ]
  const weakest = Math.min(...margins.map(([, margin]) => margin))
  const score = Number.isNaN(weakest) ? 0 : Math.min(1, weakest / 2)
  const failed = margins.find(([, margin]) => !(margin >= 1))
  if (failed === undefined) return { ok: true, score, measures }
  return { ok: false, score, measures, fault: failed[0] }
}

function measureQuality(image: Image, face: Face, aligned: Image): QualityMeasures {
  const [rightX, rightY, leftX, leftY, noseX, noseY] = face.fivePoints
  const eyeX = leftX - rightX
  const eyeY = leftY - rightY
  const interocularPx = Math.hypot(eyeX, eyeY)
  const fromMiddleX = noseX - (rightX + leftX) / 2
  const fromMiddleY = noseY - (rightY + leftY) / 2
  const alongEyes = (fromMiddleX * eyeX + fromMiddleY * eyeY) / interocularPx
  return {
    interocularPx,
    insideShare: shareInside(image, face),
    yawRatio: Math.abs(alongEyes) / interocularPx,
    rollDeg: (Math.atan2(eyeY, eyeX) * 180) / Math.PI,
    ...measureLight(aligned),
  }
}

function shareInside(image: Image, { box }: Face): number {
  const width = Math.min(image.width, box.x + box.width) - Math.max(0, box.x)
  const height = Math.min(image.height, box.y + box.height) - Math.max(0, box.y)
  return (Math.max(0, width) * Math.max(0, height)) / (box.width * box.height)
}

/** Of the last aligned face: all are of one size, and none is looked at twice. */
let luma = new Float64Array(0)

/** Sharpness, brightness and contrast of the middle of an aligned face, where there is only skin and features. */
function measureLight(
  aligned: Image,
): Pick<QualityMeasures, 'sharpness' | 'brightness' | 'contrast'> {
  const { width, height, data } = aligned
  const left = Math.round(width * 0.2)
  const right = Math.round(width * 0.8)
  const top = Math.round(height * 0.25)
  const bottom = Math.round(height * 0.9)
  if (luma.length !== width * height) luma = new Float64Array(width * height)
  for (let i = 0, from = 0; i < luma.length; i++, from += 3) {
    luma[i] = 0.299 * data[from] + 0.587 * data[from + 1] + 0.114 * data[from + 2]
  }
  let count = 0
  let sum = 0
  let sumSq = 0
  let edge = 0
  let edgeSq = 0
  for (let y = top; y < bottom; y++) {
    for (let i = y * width + left, end = y * width + right; i < end; i++) {
      const value = luma[i]
      const laplacian = luma[i - 1] + luma[i + 1] + luma[i - width] + luma[i + width] - 4 * value
      count++
      sum += value
      sumSq += value * value
      edge += laplacian
      edgeSq += laplacian * laplacian
    }
  }
  const brightness = sum / count
  const meanEdge = edge / count
  return {
    brightness,
    contrast: Math.sqrt(Math.max(0, sumSq / count - brightness * brightness)),
    sharpness: edgeSq / count - meanEdge * meanEdge,
  }
}
