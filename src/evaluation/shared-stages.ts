import type { Face, FaceFinder } from '../detection/face.js'
import type { Encoder } from '../encoding/encoder.js'
import type { Image } from '../frame/image.js'

/**
 * A finder that remembers the last picture, so that many lines can be shown the same frame for the
 * price of one. Stages are pure, so the answers are the same as without.
 */
export function shareFinder(finder: FaceFinder): FaceFinder {
  let image: Image | undefined
  let faces: Promise<Face[]> | undefined
  return {
    find(asked) {
      if (faces === undefined || asked !== image) {
        image = asked
        faces = finder.find(asked)
      }
      return faces
    },
  }
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
