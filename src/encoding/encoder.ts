import { alignFace } from '../detection/align.js'
import type { Face } from '../detection/face.js'
import type { Image } from '../frame/image.js'
import { toPlanarTensor } from '../frame/tensor.js'
import type { Net } from '../models/session.js'
import { toEmbedding } from './embedding.js'
import type { Embedding } from './embedding.js'

/** Turns faces into embeddings, in two steps so that the aligned picture can be judged in between. */
export interface Encoder {
  readonly modelId: string
  /** Cuts the face out of the frame and onto the net's template. */
  align(image: Image, face: Face): Image
  /**
   * @param aligned a picture made by {@link Encoder.align}
   * @throws RangeError when the net's answer is no direction at all
   */
  encode(aligned: Image): Promise<Embedding>
}

/** Wraps the encoder net. */
export function createEncoder(net: Net<'encoder'>): Encoder {
  const { id, input } = net.manifest
  const [, , side] = input.shape
  const { originId } = net.manifest
  /** Inputs that no run reads any more; a door and an enrolment may encode at once. */
  const idle: Float32Array[] = []
  return {
    modelId: id,
    align: (image, face) => alignFace(image, face.fivePoints, input.fit.template, side),
    async encode(aligned) {
      const planes = toPlanarTensor(aligned, input, idle.pop())
      const { embedding, origin } = await net.run(planes)
      idle.push(planes)
      const made = toEmbedding(id, embedding)
      if (origin === undefined || originId === undefined) return made
      return { ...made, origin: toEmbedding(originId, origin) }
    },
  }
}
