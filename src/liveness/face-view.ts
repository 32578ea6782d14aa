import type { Landmarks } from '../detection/face.js'
import type { Landmarker } from '../detection/landmarker.js'
import type { Image } from '../frame/image.js'
import { graySquare, type Part } from '../frame/pixel-kernels.js'
import { shrinkByWhole } from '../frame/resize.js'
import { estimateSimilarity, invertSimilarity } from '../frame/similarity.js'
import type { Similarity } from '../frame/similarity.js'
import type { EyeReader, EyesClosed } from './eye-state.js'
import { measureShape, type FaceShape } from './face-shape.js'
import { smoothView, type GrayView } from './registration.js'

/** Side of the square gray view of a face, in pixels. */
export const VIEW_SIDE = 128
/** Distance between the eye centres in the view, in pixels. */
export const VIEW_EYE_DISTANCE = 44

/** What life is judged from in one frame of one face. */
export interface FaceView {
  /** 68 points, the mean of several readings of the same frame; frame pixels. */
  readonly landmarks: Landmarks
  /** Distance between the eye centres in frame pixels. */
  readonly eyeDistancePx: number
  readonly shape: FaceShape
  /** Upright gray face of {@link VIEW_SIDE}, smoothed, the eyes on fixed places. */
  readonly gray: GrayView
  /** Absent where no eye-state net was handed in. */
  readonly eyesClosed: EyesClosed | undefined
}

/** The eyes' places in the view, as {@link ANCHOR_PLACES} puts them. */
const EYE_CENTRES = { leftX: 42, rightX: 86, y: 50, eyeWidth: 18.75 }

const JITTERS = [
  { shift: 0, scale: 1 },
  { shift: 0.02, scale: 1.06 },
  { shift: -0.02, scale: 0.94 },
]

/** Points that neither blinks nor speech move, and where they lie in the view. */
const ANCHORS = [36, 39, 42, 45, 27, 28, 29, 30, 33]
const ANCHOR_PLACES = [32, 50, 51, 51, 77, 51, 96, 50, 64, 49, 64, 57, 64, 64, 64, 71, 64, 77]

function boundsOf(landmarks: Landmarks): { cx: number; cy: number; height: number } {
  let left = Infinity
  let right = -Infinity
  let top = Infinity
  let bottom = -Infinity
  for (let i = 0; i < 68; i++) {
    left = Math.min(left, landmarks[2 * i])
    right = Math.max(right, landmarks[2 * i])
    top = Math.min(top, landmarks[2 * i + 1])
    bottom = Math.max(bottom, landmarks[2 * i + 1])
  }
  return { cx: (left + right) / 2, cy: (top + bottom) / 2, height: bottom - top }
}

/** Distance of the eye centres of 68 points, in the points' own unit. */
export function eyeDistanceOf(landmarks: Landmarks): number {
  let dx = 0
  let dy = 0
  for (let i = 36; i < 42; i++) {
    dx += (landmarks[2 * (i + 6)] - landmarks[2 * i]) / 6
    dy += (landmarks[2 * (i + 6) + 1] - landmarks[2 * i + 1]) / 6
  }
  return Math.hypot(dx, dy)
}

/** All that a view drawn through `toFrame` looks at, the neighbours right and below included. */
function partUnderView({ width, height }: Image, { a, b, tx, ty }: Similarity): Part {
  const [near, far] = [-0.5, VIEW_SIDE - 0.5]
  const corners = [near, far].flatMap((u) => [near, far].map((v) => ({ u, v })))
  const across = corners.map(({ u, v }) => a * u - b * v + tx)
  const down = corners.map(({ u, v }) => b * u + a * v + ty)
  const begin = (places: number[], size: number) =>
    Math.max(0, Math.min(size - 2, Math.floor(Math.min(...places))))
  const end = (places: number[], size: number) =>
    Math.max(2, Math.min(size, Math.floor(Math.max(...places)) + 2))
  const [left, top] = [begin(across, width), begin(down, height)]
  return { left, top, width: end(across, width) - left, height: end(down, height) - top }
}

/** What a view is smoothed from. */
const drawn = new Float32Array(VIEW_SIDE * VIEW_SIDE)

/** The upright gray face that the landmarks point out; area-averaged where the frame is finer. */
export function cutGrayView(image: Image, landmarks: Landmarks): GrayView {
  const from = ANCHORS.flatMap((i) => [landmarks[2 * i], landmarks[2 * i + 1]])
  const toFrame = invertSimilarity(estimateSimilarity(from, ANCHOR_PLACES))
  const samples = Math.min(4, Math.max(1, Math.round(Math.hypot(toFrame.a, toFrame.b))))
  const part = partUnderView(image, toFrame)
  if (!graySquare(image, part, toFrame, VIEW_SIDE, samples, drawn)) {
    drawViewPlainly(image, toFrame, samples, drawn)
  }
  return smoothView({ side: VIEW_SIDE, pixels: drawn })
}

/** {@link graySquare} of a view without the kernels, which give the same. */
export function drawViewPlainly(
  { data, width, height }: Image,
  { a, b, tx, ty }: Similarity,
  samples: number,
  pixels: Float32Array,
): void {
  const luma = (x: number, y: number) => {
    const from = (y * width + x) * 3
    return 0.299 * data[from] + 0.587 * data[from + 1] + 0.114 * data[from + 2]
  }
  const weight = 1 / (samples * samples)
  const maxX = width - 1.001
  const maxY = height - 1.001
  for (let at = 0; at < pixels.length; at++) {
    const [x, y] = [at % VIEW_SIDE, Math.floor(at / VIEW_SIDE)]
    let sum = 0
    for (let row = 0; row < samples; row++) {
      const v = y + (row + 0.5) / samples - 0.5
      for (let column = 0; column < samples; column++) {
        const u = x + (column + 0.5) / samples - 0.5
        const sx = Math.min(maxX, Math.max(0, a * u - b * v + tx))
        const sy = Math.min(maxY, Math.max(0, b * u + a * v + ty))
        const [x0, y0] = [Math.floor(sx), Math.floor(sy)]
        const fx = sx - x0
        const here = luma(x0, y0)
        const under = luma(x0, y0 + 1)
        const upper = here + (luma(x0 + 1, y0) - here) * fx
        sum += upper + (under + (luma(x0 + 1, y0 + 1) - under) * fx - upper) * (sy - y0)
      }
    }
    pixels[at] = sum * weight
  }
}

/** Detector boxes as the 68 points span them: how high a crop is, and how far above its centre lies. */
const CROP_HEIGHT = 1.34
const CROP_RISE = 0.165
/** Side of the region around a face that crops and view draw on, in heights of the 68 points. */
const REGION_HEIGHT = 1.6
/** A region is shrunk while it stays at least this wide: the view needs no more. */
const REGION_SIDE_PX = 160

/** A part of a frame, each pixel the mean of `factor` × `factor` of the frame's. */
interface Region {
  readonly image: Image
  readonly factor: number
  /** Frame place of the region's pixel (0, 0). */
  readonly originX: number
  readonly originY: number
}

/** The square about a face, shrunk by a whole number, so that a near face costs no more than a far one. */
function shrinkRegion(image: Image, cx: number, cy: number, side: number): Region {
  const factor = Math.floor(side / REGION_SIDE_PX)
  if (factor < 2) return { image, factor: 1, originX: 0, originY: 0 }
  const left = Math.max(0, Math.floor(cx - side / 2))
  const top = Math.max(0, Math.floor(cy - side / 2))
  const width = Math.floor((Math.min(image.width, cx + side / 2) - left) / factor)
  const height = Math.floor((Math.min(image.height, cy + side / 2) - top) / factor)
  if (width < 2 || height < 2) throw new RangeError('the face lies outside the frame')
  const middle = (factor - 1) / 2
  const part = { left, top, width: width * factor, height: height * factor }
  return {
    image: shrinkByWhole(image, part, factor),
    factor,
    originX: left + middle,
    originY: top + middle,
  }
}

/** Looks at one face of a frame as life is judged from it. */
export type FaceViewer = (image: Image, landmarks: Landmarks) => Promise<FaceView>

/**
 * A viewer that reads a face carefully enough for lids and lips: the landmark net over several
 * slightly different crops, averaged, and the face redrawn upright.
 * @param readEyes where lids are to be read, too
 * @returns a function of the frame and the 68 points that detection found (they only place the
 *   crops); it throws RangeError when points are not finite, coincide, or lie outside the frame
 */
export function createFaceViewer(landmark: Landmarker, readEyes?: EyeReader): FaceViewer {
  return async (image, found) => {
    const { cx, cy, height } = boundsOf(found)
    if (!Number.isFinite(height) || !(height > 1)) {
      throw new RangeError('landmarks are not finite or coincide')
    }
    const centreY = cy - height * CROP_RISE
    const region = shrinkRegion(image, cx, centreY, height * REGION_HEIGHT)
    const { factor, originX, originY } = region
    const points = new Float32Array(136)
    const crops = JITTERS.map(({ shift, scale }) => {
      const side = (height * CROP_HEIGHT * scale) / factor
      const x = (cx - originX) / factor - side / 2 + shift * side
      const y = (centreY - originY) / factor - side / 2 + shift * side
      return { x, y, width: side, height: side }
    })
    for (const read of await landmark(region.image, crops)) {
      for (let i = 0; i < 136; i++) points[i] += read[i] / JITTERS.length
    }
    const landmarks = new Float32Array(points.length)
    for (let i = 0; i < points.length; i += 2) {
      landmarks[i] = points[i] * factor + originX
      landmarks[i + 1] = points[i + 1] * factor + originY
    }
    const eyeDistancePx = eyeDistanceOf(landmarks)
    if (!(eyeDistancePx > 1) || !landmarks.every(Number.isFinite)) {
      throw new RangeError('landmarks are not finite or coincide')
    }
    const gray = cutGrayView(region.image, points)
    return {
      landmarks,
      eyeDistancePx,
      shape: measureShape(landmarks),
      gray,
      eyesClosed: await readEyes?.(region.image, points, gray, EYE_CENTRES),
    }
  }
}

/** A face's view, or nothing where the landmarks make no face: that is no fault of the daemon. */
export async function viewOrNothing(
  viewFace: FaceViewer,
  image: Image,
  landmarks: Landmarks,
): Promise<FaceView | undefined> {
  try {
    return await viewFace(image, landmarks)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
