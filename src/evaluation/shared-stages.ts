import type { Detection, Face, FaceFinder } from '../detection/face.js'
import type { Encoder } from '../encoding/encoder.js'
import type { Image } from '../frame/image.js'
import type { FaceViewer } from '../liveness/face-view.js'
import type { MaskScorer } from '../liveness/mask.js'
import type { TextureScorer } from '../liveness/texture.js'

/** Remembers what was made of each thing in each picture, for as long as both are kept. */
function remember<Of extends object, Made>(
  make: (image: Image, of: Of) => Made,
): (image: Image, of: Of) => Made {
  const pictures = new WeakMap<Image, WeakMap<Of, Made>>()
  return (image, of) => {
    const made = pictures.get(image) ?? new WeakMap<Of, Made>()
    pictures.set(image, made)
    const known = made.get(of)
    if (known !== undefined) return known
    const anew = make(image, of)
    made.set(of, anew)
    return anew
  }
}

/**
 * A finder that remembers the last picture, so that many lines can be shown the same frame for the
 * price of one. Stages are pure, so the answers are the same as without.
 */
export function shareFinder(finder: FaceFinder): FaceFinder {
  let image: Image | undefined
  let detections: Promise<Detection[]> | undefined
  const detect: FaceFinder['detect'] = (asked) => {
    if (detections === undefined || asked !== image) {
      image = asked
      detections = finder.detect(asked)
    }
    return detections
  }
  const locateOne = remember(async (asked: Image, detection: Detection): Promise<Face> => {
    const [face] = await finder.locate(asked, [detection])
    return face
  })
  const locate: FaceFinder['locate'] = (asked, found) =>
    Promise.all(found.map((detection) => locateOne(asked, detection)))
  return { detect, locate, find: async (asked) => locate(asked, await detect(asked)) }
}

/** An encoder that remembers what it made of each face for as long as the face itself is kept. */
export function shareEncoder(encoder: Encoder): Encoder {
  const encoded = new WeakMap<Image, ReturnType<Encoder['encode']>>()
  return {
    modelId: encoder.modelId,
    align: remember((image: Image, face: Face) => encoder.align(image, face)),
    encode(picture) {
      const known = encoded.get(picture)
      if (known !== undefined) return known
      const made = encoder.encode(picture)
      encoded.set(picture, made)
      return made
    },
  }
}

/** A texture scorer that remembers the score of each box in each picture. */
export const shareTextureScorer = (score: TextureScorer): TextureScorer => remember(score)

/** A mask scorer that remembers the score of each face. */
export const shareMaskScorer = (score: MaskScorer): MaskScorer => remember(score)

/** A face viewer that remembers its view of each face's landmarks. */
export const shareFaceViewer = (view: FaceViewer): FaceViewer => remember(view)
