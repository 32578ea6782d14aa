import { EMBEDDING_LENGTH, toEmbedding, type Embedding } from '../../src/encoding/embedding.js'

export const MODEL = 'test-encoder'

/** Seeded uniform numbers in [0, 1) (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** A direction drawn uniformly from the unit sphere. */
export function randomEmbedding(random: () => number): Embedding {
  return toEmbedding(
    MODEL,
    Float32Array.from({ length: EMBEDDING_LENGTH }, () => gaussian(random)),
  )
}

/** A direction near another one, as two pictures of one person are. */
export function near(embedding: Embedding, spread: number, random: () => number): Embedding {
  const scale = spread / Math.sqrt(EMBEDDING_LENGTH)
  return toEmbedding(
    MODEL,
    embedding.vector.map((component) => component + scale * gaussian(random)),
  )
}
