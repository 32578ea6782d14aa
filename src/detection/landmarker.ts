import type { Box, Image } from '../frame/image.js'
import { cropTensor } from '../frame/warp.js'
import type { Net } from '../models/session.js'
import { squareAround } from './boxes.js'
import type { Landmarks } from './face.js'

/** Finds the 68 points of the face in a box. */
export type Landmarker = (image: Image, box: Box) => Promise<Landmarks>

/** Wraps the landmark net: square crop with repeated edges, points back in frame pixels. */
export function createLandmarker(net: Net<'landmarks'>): Landmarker {
  const { input } = net.manifest
  const [, , side] = input.shape
  /** Inputs that no run reads any more. */
  const idle: Float32Array[] = []

  return async (image, box) => {
    const square = squareAround(box, input.fit.scale)
    const planes = cropTensor(image, square, side, input, idle.pop())
    const { points } = await net.run(planes)
    idle.push(planes)
    return points.map((share, i) => share * square.width + (i % 2 === 0 ? square.x : square.y))
  }
}
