/** Length of every embedding in the project. */
export const EMBEDDING_LENGTH = 128

/**
 * A unit-length face descriptor with the id of the model that made it.
 * Only embeddings of the same model may ever be compared.
 */
export interface Embedding {
  readonly modelId: string
  /** {@link EMBEDDING_LENGTH} finite numbers with Σx² = 1. */
  readonly vector: Float32Array
  /**
   * What a learnt head made this of: the embedding of the encoder as shipped. It is what is stored, so
   * that a head can come and go without touching a template. Absent where there is no such head.
   */
  readonly origin?: Embedding
}

/** What is stored of an embedding. */
export function storedForm(embedding: Embedding): Embedding {
  return embedding.origin ?? embedding
}

/**
 * Scales a raw network output to unit length.
 * @throws RangeError for a wrong length, a non-finite component, or a vector too short to have a direction
 */
export function toEmbedding(modelId: string, raw: Float32Array): Embedding {
  if (raw.length !== EMBEDDING_LENGTH) {
    throw new RangeError(`embedding needs ${EMBEDDING_LENGTH} components, got ${raw.length}`)
  }
  return { modelId, vector: toUnitLength(raw) }
}

/**
 * Scales a vector of any length to unit length.
 * @throws RangeError for a non-finite component, or a vector too short to have a direction
 */
export function toUnitLength(raw: Float32Array): Float32Array {
  let sumSq = 0
  for (const component of raw) sumSq += component * component
  if (!Number.isFinite(sumSq) || sumSq < 1e-12) {
    throw new RangeError('embedding is not finite or has no direction')
  }
  const scale = 1 / Math.sqrt(sumSq)
  return raw.map((component) => component * scale)
}

/** Squared L2 distance between unit-length embeddings, in [0, 4] (FaceNet, arXiv 1503.03832). */
export function distanceSq(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) {
    const difference = a[i] - b[i]
    sum += difference * difference
  }
  return sum
}
