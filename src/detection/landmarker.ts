import type { Box, Image } from '../frame/image.js'
import { cropTensor } from '../frame/warp.js'
import { runEach, type Net } from '../models/session.js'
import { squareAround } from './boxes.js'
import type { Landmarks } from './face.js'

/** Finds the 68 points of the face in each of some boxes, in their order. */
export type Landmarker = (image: Image, boxes: readonly Box[]) => Promise<Landmarks[]>

/** Crops of one run: a crowd takes several, so that memory stays bounded. */
const MOST_AT_ONCE = 8

/** Wraps the landmark net: square crops with repeated edges, points back in frame pixels. */
export function createLandmarker(net: Net<'landmarks'>): Landmarker {
  const { input, outputs } = net.manifest
  const [, , side] = input.shape
  const area = side * side
  const [, length] = outputs.points.shape
  /** Inputs that no run reads any more. */
  const idle: Float32Array[] = []

  async function readSome(image: Image, boxes: readonly Box[]): Promise<Landmarks[]> {
    const squares = boxes.map((box) => squareAround(box, input.fit.scale))
    const planes = idle.pop() ?? new Float32Array(MOST_AT_ONCE * area)
    for (const [i, square] of squares.entries()) {
      cropTensor(image, square, side, input, planes.subarray(i * area, (i + 1) * area))
    }
    const { points } = await runEach(net, planes.subarray(0, boxes.length * area))
    idle.push(planes)
    return squares.map(({ x, y, width }, i) => {
      const found = points.slice(i * length, (i + 1) * length)
      for (let at = 0; at < length; at += 2) {
        found[at] = found[at] * width + x
        found[at + 1] = found[at + 1] * width + y
      }
      return found
    })
  }

  return async (image, boxes) => {
    const found: Landmarks[] = []
    for (let at = 0; at < boxes.length; at += MOST_AT_ONCE) {
      found.push(...(await readSome(image, boxes.slice(at, at + MOST_AT_ONCE))))
    }
    return found
  }
}
