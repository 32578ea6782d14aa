import type { Image } from '../frame/image.js'
import { letterboxTensor } from '../frame/letterbox-tensor.js'
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
  /** Inputs that no run reads any more; a door and an enrolment may detect at once. */
  const idle: Float32Array[] = []

  async function run(image: Image) {
    const planes = idle.pop() ?? new Float32Array(3 * width * height)
    const scale = letterboxTensor(image, width, height, input, planes)
    const { scores, boxes } = await net.run(planes)
    idle.push(planes)
    return { scores, corners: boxes, scale }
  }

  return async (image) => {
    const { scores, corners, scale } = await run(image)
    const spanX = width * scale
    const spanY = height * scale
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
