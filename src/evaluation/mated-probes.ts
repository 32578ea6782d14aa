import type { Embedding } from '../encoding/embedding.js'
import type { Random } from './statistics/random.js'

/** Somebody with their pictures' embeddings. */
export interface PicturedPerson {
  readonly name: string
  readonly pictures: readonly Embedding[]
}
/** Everybody of a protocol; a person's number is the position here. */
export type People = readonly PicturedPerson[]

/** One of the items, and which. */
export function pick<T>(items: readonly T[], random: Random): { item: T; at: number } {
  const at = Math.floor(random() * items.length)
  return { item: items[at], at }
}

/** Another picture of the person than the enrolled one, if there is any. */
export function matedProbe(
  pictures: readonly Embedding[],
  enrolled: number,
  random: Random,
): Embedding | undefined {
  if (pictures.length < 2) return undefined
  const step = 1 + Math.floor(random() * (pictures.length - 1))
  return pictures[(enrolled + step) % pictures.length]
}
