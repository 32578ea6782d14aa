import type { Box, Image } from '../frame/image.js'

/** A box in which the detector sees a face, with its score in 0..1. */
export interface Detection {
  readonly box: Box
  readonly score: number
}

/** 68 points of the iBUG 300-W mark-up, x and y interleaved, in frame pixels (length 136). */
export type Landmarks = Float32Array

/** Eye centres, nose tip, mouth corners (subject's right first), x and y interleaved (length 10). */
export type FivePoints = Float32Array

/** One face found in a frame. */
export interface Face extends Detection {
  readonly landmarks: Landmarks
  readonly fivePoints: FivePoints
}

/** Finds every face in a picture, most prominent (largest) first. */
export interface FaceFinder {
  /** The boxes alone: what needs no more can begin before the points are known. */
  detect(image: Image): Promise<Detection[]>
  /** The points of detected faces of the same picture, in their order; boxes and scores stay. */
  locate(image: Image, detections: readonly Detection[]): Promise<Face[]>
  /** Both steps. */
  find(image: Image): Promise<Face[]>
}
