import type { Face, FaceFinder } from '../detection/face.js'
import type { Box, Image } from '../frame/image.js'
import { QUALITY_ADVICE, judgeQuality } from '../quality/quality.js'
import type { QualityFault, QualityLimits } from '../quality/quality.js'
import type { Embedding } from './embedding.js'
import type { Encoder } from './encoder.js'

/** Why a picture is of no use for recognition. */
export type PictureFault = 'no-face' | 'two-faces' | QualityFault

/** What one picture gives for a template or as a probe, or why it gives nothing. */
export type PictureReading =
  | {
      readonly kind: 'readable'
      readonly embedding: Embedding
      /** Aligned face, to re-encode from when the encoder changes. */
      readonly aligned: Image
      /** 0..1, see `src/quality`. */
      readonly quality: number
      /** Whether the skin has the texture of a print or screen; false where nobody looked. */
      readonly looksLikePhoto: boolean
    }
  | { readonly kind: 'rejected'; readonly fault: PictureFault; readonly detail: string }

/** Reads a picture of one person: exactly one face, good enough. */
export type PictureReader = (image: Image) => Promise<PictureReading>

/** A second face smaller than this share of the first one's height is somebody in the background. */
const BYSTANDER_HEIGHT_SHARE = 0.4

function pickOnlyFace(faces: readonly Face[]): Face | PictureFault {
  if (faces.length === 0) return 'no-face'
  const [face, second] = faces
  if (faces.length > 1 && second.box.height >= face.box.height * BYSTANDER_HEIGHT_SHARE) {
    return 'two-faces'
  }
  return face
}

/**
 * Joins detection, quality and encoding into the reader of pictures from outside.
 * @param limits stricter for an enrolment, which is compared with for years, than for a probe
 * @param looksLikePhoto judges the texture of the face in a box; left out, no picture is suspected
 */
export function createPictureReader(
  finder: FaceFinder,
  encoder: Encoder,
  limits: QualityLimits,
  looksLikePhoto: (image: Image, box: Box) => Promise<boolean> = () => Promise.resolve(false),
): PictureReader {
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
    const quality = judgeQuality(image, face, aligned, limits)
    if (!quality.ok) {
      return { kind: 'rejected', fault: quality.fault, detail: QUALITY_ADVICE[quality.fault] }
    }
    const embedding = await encoder.encode(aligned)
    return {
      kind: 'readable',
      embedding,
      aligned,
      quality: quality.score,
      looksLikePhoto: await looksLikePhoto(image, face.box),
    }
  }
}
