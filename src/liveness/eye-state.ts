import type { Landmarks } from '../detection/face.js'
import type { Image } from '../frame/image.js'
import { cropTensor } from '../frame/warp.js'
import type { PixelFormat } from '../frame/tensor.js'
import { runEach, type Net } from '../models/session.js'
import type { GrayView } from './registration.js'

/** How surely an eye is closed, 0 (open) to 1: left and right of the picture. */
export type EyesClosed = readonly [number, number]

/**
 * Reads the lids twice: from the frame as the landmarks lie, and from the upright view, where the
 * eyes have fixed places. A moved picture seldom fools the net in both at once.
 */
export type EyeReader = (
  image: Image,
  landmarks: Landmarks,
  view: GrayView,
  eyeCentres: EyeCentres,
) => Promise<EyesClosed>

/** Where the eyes lie in the upright view, and how wide they are there. */
export interface EyeCentres {
  readonly leftX: number
  readonly rightX: number
  readonly y: number
  readonly eyeWidth: number
}

const FIRST_POINTS = [36, 42] as const

function eyeSquare(points: Landmarks, first: number, scale: number) {
  let x = 0
  let y = 0
  for (const i of [1, 2, 4, 5]) {
    x += points[2 * (first + i)] / 4
    y += points[2 * (first + i) + 1] / 4
  }
  const dx = points[2 * (first + 3)] - points[2 * first]
  const dy = points[2 * (first + 3) + 1] - points[2 * first + 1]
  const side = Math.hypot(dx, dy) * scale
  return { x: x - side / 2, y: y - side / 2, width: side, height: side }
}

/** Bilinear square of a gray view, as a net's plane; what lies outside repeats the edge. */
function cutSquare(
  view: GrayView,
  x: number,
  y: number,
  width: number,
  side: number,
  { mean: [mean], divisor }: PixelFormat,
  plane: Float32Array,
): void {
  const limit = view.side - 1.001
  const inside = (value: number): number => Math.min(limit, Math.max(0, value))
  for (let v = 0; v < side; v++) {
    for (let u = 0; u < side; u++) {
      const sx = inside(x + ((u + 0.5) * width) / side - 0.5)
      const sy = inside(y + ((v + 0.5) * width) / side - 0.5)
      const fx = sx - Math.floor(sx)
      const at = Math.floor(sy) * view.side + Math.floor(sx)
      const p = view.pixels
      const upper = p[at] + (p[at + 1] - p[at]) * fx
      const below = at + view.side
      const lower = p[below] + (p[below + 1] - p[below]) * fx
      const value = Math.fround(upper + (lower - upper) * (sy - Math.floor(sy)))
      plane[v * side + u] = (value - mean) / divisor
    }
  }
}

/** Wraps the eye-state net. */
export function createEyeReader(net: Net<'eyes'>): EyeReader {
  const { input, closedIndex } = net.manifest
  const [, , side] = input.shape
  const { scale } = input.fit
  const area = side * side
  /** Inputs that no run reads any more. */
  const idle: Float32Array[] = []

  return async (image, landmarks, view, centres) => {
    const width = centres.eyeWidth * scale
    const planes = idle.pop() ?? new Float32Array(4 * area)
    const plane = (i: number) => planes.subarray(i * area, (i + 1) * area)
    for (const [eye, first] of FIRST_POINTS.entries()) {
      cropTensor(image, eyeSquare(landmarks, first, scale), side, input, plane(2 * eye))
      const x = (eye === 0 ? centres.leftX : centres.rightX) - width / 2
      cutSquare(view, x, centres.y - width / 2, width, side, input, plane(2 * eye + 1))
    }
    const { logits } = await runEach(net, planes)
    idle.push(planes)
    const closed = (i: number) =>
      1 / (1 + Math.exp(logits[2 * i + 1 - closedIndex] - logits[2 * i + closedIndex]))
    return [(closed(0) + closed(1)) / 2, (closed(2) + closed(3)) / 2]
  }
}
