import type { Net } from '../models/session.js'
import { toFivePoints } from './align.js'
import { createDetector } from './detector.js'
import type { Face, FaceFinder } from './face.js'
import { createLandmarker } from './landmarker.js'

/** Joins the detector and the landmark net into one stage: picture in, faces out. */
export function createFaceFinder(
  detectorNet: Net<'detector'>,
  landmarkNet: Net<'landmarks'>,
): FaceFinder {
  const detect = createDetector(detectorNet)
  const landmark = createLandmarker(landmarkNet)
  const groups = landmarkNet.manifest.fivePoints

  const locate: FaceFinder['locate'] = async (image, detections) => {
    const found = await landmark(
      image,
      detections.map(({ box }) => box),
    )
    return detections.map((detection, i): Face => {
      const landmarks = found[i]
      return { ...detection, landmarks, fivePoints: toFivePoints(landmarks, groups) }
    })
  }
  return { detect, locate, find: async (image) => locate(image, await detect(image)) }
}
