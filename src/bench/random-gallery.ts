import { randomBytes } from 'node:crypto'
import { EMBEDDING_LENGTH, toEmbedding, type Embedding } from '../encoding/embedding.js'
import { createGallery, type Gallery } from '../matching/gallery.js'

/** Somebody who looks like nobody: a random direction. */
export function randomEmbedding(modelId: string): Embedding {
  const bytes = randomBytes(EMBEDDING_LENGTH * 2)
  const raw = new Float32Array(EMBEDDING_LENGTH)
  for (let i = 0; i < EMBEDDING_LENGTH; i++) raw[i] = bytes.readInt16LE(2 * i)
  return toEmbedding(modelId, raw)
}

/** A gallery of so many persons with one random template each. */
export function randomGallery(modelId: string, persons: number): Gallery {
  const gallery = createGallery(modelId)
  for (let i = 0; i < persons; i++) {
    gallery.add({ templateId: `t${i}`, personId: `p${i}`, embedding: randomEmbedding(modelId) })
  }
  return gallery
}
