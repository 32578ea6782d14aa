import { intersectionOverUnion } from '../detection/boxes.js'
import type { Detector } from '../detection/detector.js'
import type { Box, Image } from '../frame/image.js'
import { TEXTURE_RULE, type TextureScorer } from '../liveness/texture.js'
import { summariseTimings } from './quantiles.js'

/** Boxes of two detectors that overlap by this much are the same face. */
const SAME_FACE_IOU = 0.5

/** How far two detectors find the same faces. */
export interface DetectionAgreement {
  readonly pictures: number
  readonly foundByBoth: number
  readonly onlyByFirst: number
  readonly onlyBySecond: number
  /** Of the boxes found by both. */
  readonly meanIou: number
}

/** Runs two detectors over the same pictures. */
export async function compareDetectors(
  first: Detector,
  second: Detector,
  pictures: readonly Image[],
): Promise<DetectionAgreement> {
  const ious: number[] = []
  let onlyByFirst = 0
  let onlyBySecond = 0
  for (const picture of pictures) {
    const boxes = (await first(picture)).map(({ box }) => box)
    const others = new Set((await second(picture)).map(({ box }) => box))
    for (const box of boxes) {
      const [nearest] = [...others].sort(
        (a, b) => intersectionOverUnion(b, box) - intersectionOverUnion(a, box),
      )
      const iou = others.size === 0 ? 0 : intersectionOverUnion(nearest, box)
      if (iou >= SAME_FACE_IOU) {
        ious.push(iou)
        others.delete(nearest)
      } else {
        onlyByFirst++
      }
    }
    onlyBySecond += others.size
  }
  return {
    pictures: pictures.length,
    foundByBoth: ious.length,
    onlyByFirst,
    onlyBySecond,
    meanIou: ious.reduce((sum, iou) => sum + iou, 0) / ious.length,
  }
}

/** How far two texture nets score the same faces alike. */
export interface TextureAgreement {
  readonly faces: number
  /** Median and largest absolute difference of the score, 0..1. */
  readonly medianShift: number
  readonly largestShift: number
  /** Faces that the shipped limits judge otherwise. */
  readonly judgedOtherwise: number
}

/** Runs two texture nets over the same faces. */
export async function compareTextures(
  first: TextureScorer,
  second: TextureScorer,
  faces: readonly { readonly image: Image; readonly box: Box }[],
): Promise<TextureAgreement> {
  const verdict = (score: number) =>
    score >= TEXTURE_RULE.liveFrom ? 'live' : score < TEXTURE_RULE.attackBelow ? 'attack' : 'open'
  const shifts: number[] = []
  let judgedOtherwise = 0
  for (const { image, box } of faces) {
    const [a, b] = [await first(image, box), await second(image, box)]
    shifts.push(Math.abs(a - b))
    if (verdict(a) !== verdict(b)) judgedOtherwise++
  }
  return {
    faces: faces.length,
    medianShift: summariseTimings(shifts).p50,
    largestShift: Math.max(...shifts),
    judgedOtherwise,
  }
}
