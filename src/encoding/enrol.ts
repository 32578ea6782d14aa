import type { Face, FaceFinder } from '../detection/face.js'
import type { Image } from '../frame/image.js'
import { ENROLMENT_LIMITS, QUALITY_ADVICE, judgeQuality } from '../quality/quality.js'
import type { QualityFault } from '../quality/quality.js'
import type { Embedding } from './embedding.js'
import type { Encoder } from './encoder.js'

/** Why a picture was not taken as an enrolment. */
export type EnrolmentFault = 'no-face' | 'two-faces' | QualityFault

/** What one picture gives for a template, or why it gives nothing. */
export type EnrolmentReading =
  | {
      readonly kind: 'readable'
      readonly embedding: Embedding
      /** Aligned face, to re-encode from when the encoder changes. */
      readonly aligned: Image
      /** 0..1, see `src/quality`. */
      readonly quality: number
    }
  | { readonly kind: 'rejected'; readonly fault: EnrolmentFault; readonly detail: string }

/** Reads enrolment pictures: exactly one face, good enough to be compared with for years. */
export type EnrolmentReader = (image: Image) => Promise<EnrolmentReading>

/** A second face smaller than this share of the first one's height is somebody in the background. */
const BYSTANDER_HEIGHT_SHARE = 0.4

function pickOnlyFace(faces: readonly Face[]): Face | EnrolmentFault {
  if (faces.length === 0) return 'no-face'
  const [face, second] = faces
  if (faces.length > 1 && second.box.height >= face.box.height * BYSTANDER_HEIGHT_SHARE) {
    return 'two-faces'
  }
  return face
}

/** Joins detection, quality and encoding into the reader of enrolment pictures. */
export function createEnrolmentReader(finder: FaceFinder, encoder: Encoder): EnrolmentReader {
  return async (image) => {
    const face = pickOnlyFace(await finder.find(image))
    if (face === 'no-face') {
      const detail = 'no face found; use a picture in which the face is large and looks at you'
      return { kind: 'rejected', fault: face, detail }
    }
    if (typeof face === 'string') {
      const detail = 'more than one face found; use a picture of one person alone'
      return { kind: 'rejected', fault: face, detail }
    }
    const aligned = encoder.align(image, face)
    const quality = judgeQuality(image, face, aligned, ENROLMENT_LIMITS)
    if (!quality.ok) {
      return { kind: 'rejected', fault: quality.fault, detail: QUALITY_ADVICE[quality.fault] }
    }
    const embedding = await encoder.encode(aligned)
    return { kind: 'readable', embedding, aligned, quality: quality.score }
  }
}
