import type { Image } from '../frame/image.js'
import { estimateSimilarity, invertSimilarity } from '../frame/similarity.js'
import { warpImage } from '../frame/warp.js'
import type { FivePoints, Landmarks } from './face.js'

function meanOf(landmarks: Landmarks, indices: readonly number[], axis: 0 | 1): number {
  let sum = 0
  for (const index of indices) sum += landmarks[2 * index + axis]
  return sum / indices.length
}

/**
 * Eye centres, nose tip and mouth corners out of the 68 points.
 * @param groups for each of the five, the landmarks whose mean it is, from the landmark net's manifest
 */
export function toFivePoints(
  landmarks: Landmarks,
  groups: readonly (readonly number[])[],
): FivePoints {
  const points = new Float32Array(10)
  groups.forEach((group, i) => {
    points[2 * i] = meanOf(landmarks, group, 0)
    points[2 * i + 1] = meanOf(landmarks, group, 1)
  })
  return points
}

/**
 * Turns, scales and shifts a face so that its five points lie on an encoder's template.
 * @param template five points in the aligned picture, x and y interleaved, from the encoder's manifest
 * @param side width and height of the aligned picture in pixels
 */
export function alignFace(
  image: Image,
  fivePoints: FivePoints,
  template: readonly number[],
  side: number,
): Image {
  const toTemplate = estimateSimilarity(fivePoints, template)
  return warpImage(image, invertSimilarity(toTemplate), side, side)
}
