import { EMBEDDING_LENGTH, type Embedding } from '../encoding/embedding.js'

/** Why an embedding may not be compared with anything. */
export type EmbeddingFault =
  'other-model' | 'wrong-type' | 'wrong-length' | 'not-finite' | 'not-unit-length'

/**
 * How far Σx² of a stored embedding may be from 1. Rounding to float32 costs about 1e-7;
 * anything farther was not made by `toEmbedding`.
 */
export const NORM_SQ_TOLERANCE = 1e-4

/** Σx² of a vector, in double precision. */
export function normSq(vector: Float32Array): number {
  let sum = 0
  for (const component of vector) sum += component * component
  return sum
}

/** Finds what makes an embedding unfit for a gallery of `modelId`; `null` when it is fit. */
export function findEmbeddingFault(embedding: Embedding, modelId: string): EmbeddingFault | null {
  if (embedding.modelId !== modelId) return 'other-model'
  const vector: unknown = embedding.vector
  if (!(vector instanceof Float32Array)) return 'wrong-type'
  if (vector.length !== EMBEDDING_LENGTH) return 'wrong-length'
  const sumSq = normSq(vector)
  if (!Number.isFinite(sumSq)) return 'not-finite'
  if (Math.abs(sumSq - 1) > NORM_SQ_TOLERANCE) return 'not-unit-length'
  return null
}

/** An embedding was refused at the gallery's door; `fault` says why. Nothing was changed. */
export class EmbeddingRefusedError extends Error {
  override readonly name = 'EmbeddingRefusedError'

  constructor(
    readonly fault: EmbeddingFault,
    message: string,
  ) {
    super(message)
  }
}

const CURES: Record<EmbeddingFault, string> = {
  'other-model': 'encode the picture again with the model of the gallery',
  'wrong-type': 'pass a Float32Array',
  'wrong-length': `pass ${EMBEDDING_LENGTH} components`,
  'not-finite': 'the encoder gave NaN or infinity; check the model file and its input',
  'not-unit-length': 'make embeddings with toEmbedding',
}

/** A sentence for the log: what is wrong and what to do. Holds no component of the embedding. */
export function describeEmbeddingFault(fault: EmbeddingFault, embedding: Embedding): string {
  const from = fault === 'other-model' ? ` of model ${JSON.stringify(embedding.modelId)}` : ''
  return `embedding${from} refused (${fault}): ${CURES[fault]}`
}
