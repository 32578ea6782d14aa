import type { Face } from '../../detection/face.js'
import { createImage, type Image } from '../../frame/image.js'
import { estimateSimilarity } from '../../frame/similarity.js'

/** A picture with the face in it. */
export interface FacePicture {
  readonly picture: Image
  readonly face: Face
}

export interface OverlayOptions {
  /** Size of the oval that is covered, in the extent of the 68 points. */
  readonly reach: number
  /** Share of the oval's radius over which it fades out; 0 leaves a cut edge. */
  readonly feather: number
  /** What is cut out, so that the living face shows through. */
  readonly holes: readonly ('eyes' | 'mouth')[]
  /** Size of the holes; at 1 they are a third wider than the lids. */
  readonly holeScale?: number
}

interface Oval {
  readonly x: number
  readonly y: number
  readonly radiusX: number
  readonly radiusY: number
}

function extentOf(points: Float32Array, first: number, last: number): Oval {
  let left = Infinity
  let right = -Infinity
  let top = Infinity
  let bottom = -Infinity
  for (let i = first; i <= last; i++) {
    left = Math.min(left, points[2 * i])
    right = Math.max(right, points[2 * i])
    top = Math.min(top, points[2 * i + 1])
    bottom = Math.max(bottom, points[2 * i + 1])
  }
  return {
    x: (left + right) / 2,
    y: (top + bottom) / 2,
    radiusX: (right - left) / 2,
    radiusY: (bottom - top) / 2,
  }
}

/** How far out a place lies; 1 is on the oval. */
function radiusIn({ x, y, radiusX, radiusY }: Oval, px: number, py: number): number {
  return Math.hypot((px - x) / radiusX, (py - y) / radiusY)
}

function holesOf({ landmarks }: Face, { holes, holeScale = 1 }: OverlayOptions): Oval[] {
  const eye = (first: number): Oval => {
    const { x, y, radiusX } = extentOf(landmarks, first, first + 5)
    return { x, y, radiusX: radiusX * 1.35, radiusY: radiusX * 0.9 }
  }
  const cut: Oval[] = holes.includes('eyes') ? [eye(36), eye(42)] : []
  if (holes.includes('mouth')) {
    const { x, y, radiusX, radiusY } = extentOf(landmarks, 48, 67)
    cut.push({ x, y, radiusX: radiusX * 1.15, radiusY: Math.max(radiusY, radiusX * 0.35) * 1.25 })
  }
  return cut.map((oval) => ({
    ...oval,
    radiusX: oval.radiusX * holeScale,
    radiusY: oval.radiusY * holeScale,
  }))
}

/**
 * Lays the face of a picture over a living face of a frame, following its place, size and roll: a
 * swapped face where it fades out, a mask where it is cut and has holes.
 */
export function overlayFace(
  frame: Image,
  living: Face,
  shown: FacePicture,
  options: OverlayOptions,
): Image {
  const toPicture = estimateSimilarity(living.fivePoints, shown.face.fivePoints)
  const points = extentOf(living.landmarks, 0, 67)
  // The points end at the brows: the oval is moved up to cover the forehead.
  const oval: Oval = {
    x: points.x,
    y: points.y - 0.18 * points.radiusY,
    radiusX: points.radiusX * options.reach,
    radiusY: points.radiusY * 1.2 * options.reach,
  }
  const holes = holesOf(living, options)
  const image = createImage(frame.width, frame.height, frame.data.slice())
  const { a, b, tx, ty } = toPicture
  const { picture } = shown
  const top = Math.max(0, Math.floor(oval.y - oval.radiusY))
  const bottom = Math.min(frame.height - 1, Math.ceil(oval.y + oval.radiusY))
  const left = Math.max(0, Math.floor(oval.x - oval.radiusX))
  const right = Math.min(frame.width - 1, Math.ceil(oval.x + oval.radiusX))
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const radius = radiusIn(oval, x, y)
      if (radius > 1 || holes.some((hole) => radiusIn(hole, x, y) < 1)) continue
      const cover = options.feather === 0 ? 1 : Math.min(1, (1 - radius) / options.feather)
      blend(
        image,
        (y * frame.width + x) * 3,
        picture,
        a * x - b * y + tx,
        b * x + a * y + ty,
        cover,
      )
    }
  }
  return image
}

/** Mixes the picture's bilinear colour at (sx, sy) into a pixel. */
function blend(
  image: Image,
  to: number,
  picture: Image,
  sx: number,
  sy: number,
  cover: number,
): void {
  const px = Math.max(0, Math.min(picture.width - 1.001, sx))
  const py = Math.max(0, Math.min(picture.height - 1.001, sy))
  const fx = px - Math.floor(px)
  const fy = py - Math.floor(py)
  const at = (Math.floor(py) * picture.width + Math.floor(px)) * 3
  const under = at + picture.width * 3
  const { data } = picture
  for (let channel = 0; channel < 3; channel++) {
    const upper = data[at + channel] + fx * (data[at + channel + 3] - data[at + channel])
    const lower = data[under + channel] + fx * (data[under + channel + 3] - data[under + channel])
    const value = upper + fy * (lower - upper)
    const own = image.data[to + channel]
    image.data[to + channel] = own + cover * (value - own) + 0.5
  }
}
