import type { Image } from '../frame/image.js'
import { letterbox } from '../frame/resize.js'
import { toPlanarTensor } from '../frame/tensor.js'
import type { Net } from '../models/session.js'
import { suppressOverlaps } from './boxes.js'
import type { Detection } from './face.js'

/** Finds face boxes in a picture. */
export type Detector = (image: Image) => Promise<Detection[]>

/**
 * Wraps the detector net: letterbox, score threshold, non-maximum suppression, back to frame pixels.
 * @returns a function that gives the largest face first
 */
export function createDetector(net: Net<'detector'>): Detector {
  const { input, scoreThreshold, nmsIou } = net.manifest
  const [, , height, width] = input.shape

  return async (image) => {
    const boxed = letterbox(image, width, height)
    const { scores, boxes: corners } = await net.run(toPlanarTensor(boxed.image, input))
    const spanX = width * boxed.scale
    const spanY = height * boxed.scale
    const candidates: Detection[] = []
    for (let i = 0; i < scores.length / 2; i++) {
      const score = scores[2 * i + 1]
      if (!(score > scoreThreshold)) continue
      const [x1, y1, x2, y2] = corners.subarray(4 * i, 4 * i + 4)
      const box = {
        x: x1 * spanX,
        y: y1 * spanY,
        width: (x2 - x1) * spanX,
        height: (y2 - y1) * spanY,
      }
      if (box.width >= 1 && box.height >= 1) candidates.push({ box, score })
    }
    return suppressOverlaps(candidates, nmsIou).sort((a, b) => b.box.height - a.box.height)
  }
}
