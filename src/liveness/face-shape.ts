import type { Landmarks } from '../detection/face.js'

/** Lids, lips and head of one frame, as numbers that do not depend on the face's size in pixels. */
export interface FaceShape {
  /** Lid gap ÷ eye width, left and right of the view; about 0.3 open, 0.1 closed. */
  readonly eyeOpenness: readonly [number, number]
  /** Gap of the inner lips ÷ eye distance. */
  readonly innerLipGap: number
  /** Height of the outer lips ÷ eye distance. */
  readonly outerLipGap: number
  /**
   * Where the head is and how it is turned, weighted so that their ranges add up: turn and nod
   * (nose against the eyes), roll, distance, place in the picture.
   */
  readonly headPose: readonly number[]
}

function gap(points: Landmarks, a: number, b: number): number {
  return Math.hypot(points[2 * a] - points[2 * b], points[2 * a + 1] - points[2 * b + 1])
}

function meanPoint(points: Landmarks, indices: readonly number[]): [number, number] {
  let x = 0
  let y = 0
  for (const i of indices) {
    x += points[2 * i] / indices.length
    y += points[2 * i + 1] / indices.length
  }
  return [x, y]
}

const RIGID = [27, 28, 29, 30, 31, 33, 35, 36, 39, 42, 45]

/** Measures 68 points. */
export function measureShape(points: Landmarks): FaceShape {
  const openness = (first: number): number =>
    (gap(points, first + 1, first + 5) + gap(points, first + 2, first + 4)) /
    2 /
    gap(points, first, first + 3)
  const [leftX, leftY] = meanPoint(points, [36, 37, 38, 39, 40, 41])
  const [rightX, rightY] = meanPoint(points, [42, 43, 44, 45, 46, 47])
  const dx = rightX - leftX
  const dy = rightY - leftY
  const distance = Math.hypot(dx, dy)
  const alongX = dx / distance
  const alongY = dy / distance
  const [noseX, noseY] = meanPoint(points, [29, 30, 33])
  const offsetX = noseX - (leftX + rightX) / 2
  const offsetY = noseY - (leftY + rightY) / 2
  const [centreX, centreY] = meanPoint(points, RIGID)
  return {
    eyeOpenness: [openness(36), openness(42)],
    innerLipGap: (gap(points, 61, 67) + gap(points, 62, 66) + gap(points, 63, 65)) / 3 / distance,
    outerLipGap: (gap(points, 50, 58) + gap(points, 51, 57) + gap(points, 52, 56)) / 3 / distance,
    headPose: [
      (100 * (offsetX * alongX + offsetY * alongY)) / distance,
      (100 * (offsetY * alongX - offsetX * alongY)) / distance,
      50 * Math.atan2(dy, dx),
      50 * Math.log(distance),
      (10 * centreX) / distance,
      (10 * centreY) / distance,
    ],
  }
}

/**
 * How much the head moved over some frames: the sum of the ranges of its pose numbers. About 2 for
 * a head at rest, 20 for a nod.
 */
export function headMotion(shapes: readonly FaceShape[]): number {
  let motion = 0
  const size = shapes.at(0)?.headPose.length ?? 0
  for (let i = 0; i < size; i++) {
    let low = Infinity
    let high = -Infinity
    for (const { headPose } of shapes) {
      low = Math.min(low, headPose[i])
      high = Math.max(high, headPose[i])
    }
    motion += high - low
  }
  return motion
}
