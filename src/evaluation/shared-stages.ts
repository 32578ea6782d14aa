import type { Detection, Face, FaceFinder } from '../detection/face.js'
import type { Encoder } from '../encoding/encoder.js'
import type { Image } from '../frame/image.js'
import type { FaceViewer } from '../liveness/face-view.js'
import type { MaskScorer } from '../liveness/mask.js'
import type { TextureScorer } from '../liveness/texture.js'

/**
 * A finder that remembers the last picture, so that many lines can be shown the same frame for the
 * price of one. Stages are pure, so the answers are the same as without.
 */
export function shareFinder(finder: FaceFinder): FaceFinder {
  let image: Image | undefined
  let detections: Promise<Detection[]> | undefined
  const located = new WeakMap<readonly Detection[], Promise<Face[]>>()
  const detect: FaceFinder['detect'] = (asked) => {
    if (detections === undefined || asked !== image) {
      image = asked
      detections = finder.detect(asked)
    }
    return detections
  }
  const locate: FaceFinder['locate'] = (asked, found) => {
    const known = located.get(found)
    if (known !== undefined) return known
    const made = finder.locate(asked, found)
    located.set(found, made)
    return made
  }
  return { detect, locate, find: async (asked) => locate(asked, await detect(asked)) }
}

/** An encoder that remembers what it made of each face for as long as the face itself is kept. */
export function shareEncoder(encoder: Encoder): Encoder {
  const aligned = new WeakMap<Face, Image>()
  const encoded = new WeakMap<Image, ReturnType<Encoder['encode']>>()
  return {
    modelId: encoder.modelId,
    align(image, face) {
      const known = aligned.get(face)
      if (known !== undefined) return known
      const made = encoder.align(image, face)
      aligned.set(face, made)
      return made
    },
    encode(picture) {
      const known = encoded.get(picture)
      if (known !== undefined) return known
      const made = encoder.encode(picture)
      encoded.set(picture, made)
      return made
    },
  }
}

/** A texture scorer that remembers the score of each face box for as long as the box is kept. */
export function shareTextureScorer(score: TextureScorer): TextureScorer {
  const scores = new WeakMap<Parameters<TextureScorer>[1], ReturnType<TextureScorer>>()
  return (image, box) => {
    const known = scores.get(box)
    if (known !== undefined) return known
    const made = score(image, box)
    scores.set(box, made)
    return made
  }
}

/** A mask scorer that remembers the score of each face for as long as the face is kept. */
export function shareMaskScorer(score: MaskScorer): MaskScorer {
  const scores = new WeakMap<Parameters<MaskScorer>[1], ReturnType<MaskScorer>>()
  return (image, face) => {
    const known = scores.get(face)
    if (known !== undefined) return known
    const made = score(image, face)
    scores.set(face, made)
    return made
  }
}

/** A face viewer that remembers its view of each face for as long as the landmarks are kept. */
export function shareFaceViewer(view: FaceViewer): FaceViewer {
  const views = new WeakMap<Parameters<FaceViewer>[1], ReturnType<FaceViewer>>()
  return (image, landmarks) => {
    const known = views.get(landmarks)
    if (known !== undefined) return known
    const made = view(image, landmarks)
    views.set(landmarks, made)
    return made
  }
}
