import { EMBEDDING_LENGTH } from '../encoding/embedding.js'

/** A person's slot with the squared L2 distance of its nearest template. */
export interface SlotMatch {
  readonly slot: number
  readonly distanceSq: number
}

/**
 * Rows of unit vectors, each owned by a person's slot, searched exactly.
 *
 * Rows are dense: removing one moves the last row into its place, so nothing is ever rebuilt.
 * Callers check their vectors first (see `findEmbeddingFault`).
 */
export interface GalleryIndex {
  readonly size: number
  /** Appends a row and returns its number, which is the old `size`. */
  add(vector: Float32Array, slot: number): number
  /** Removes a row; the last row takes its number. */
  remove(row: number): void
  /** The best distance of each of the `k` nearest slots, nearest first, ties by slot number. */
  nearest(probe: Float32Array, k: number): SlotMatch[]
  /** Exact squared L2 distance to one row. */
  distanceSq(probe: Float32Array, row: number): number
}

const CHUNK_ROWS = 8192

/** Creates an empty {@link GalleryIndex}. */
export function createGalleryIndex(): GalleryIndex {
  const chunks: { vectors: Float32Array; slots: Int32Array }[] = []
  let size = 0

  function place(row: number): { vectors: Float32Array; slots: Int32Array; at: number } {
    const chunk = chunks[Math.floor(row / CHUNK_ROWS)]
    return { ...chunk, at: row % CHUNK_ROWS }
  }

  function distanceToRow(probe: Float32Array, row: number): number {
    const { vectors, at } = place(row)
    const offset = at * EMBEDDING_LENGTH
    let sum = 0
    for (let i = 0; i < EMBEDDING_LENGTH; i++) {
      const difference = probe[i] - vectors[offset + i]
      sum += difference * difference
    }
    return sum
  }

  return {
    get size() {
      return size
    },

    add(vector, slot) {
      if (size === chunks.length * CHUNK_ROWS) {
        chunks.push({
          vectors: new Float32Array(CHUNK_ROWS * EMBEDDING_LENGTH),
          slots: new Int32Array(CHUNK_ROWS),
        })
      }
      const { vectors, slots, at } = place(size)
      vectors.set(vector, at * EMBEDDING_LENGTH)
      slots[at] = slot
      return size++
    },

    remove(row) {
      const last = place(size - 1)
      const gone = place(row)
      const from = last.at * EMBEDDING_LENGTH
      gone.vectors.set(
        last.vectors.subarray(from, from + EMBEDDING_LENGTH),
        gone.at * EMBEDDING_LENGTH,
      )
      gone.slots[gone.at] = last.slots[last.at]
      last.vectors.fill(0, from, from + EMBEDDING_LENGTH)
      size--
    },

    nearest(probe, k) {
      const best = new Map<number, number>()
      for (let row = 0; row < size; row++) {
        const { slots, at } = place(row)
        const distance = distanceToRow(probe, row)
        const known = best.get(slots[at])
        if (known === undefined || distance < known) best.set(slots[at], distance)
      }
      return [...best]
        .map(([slot, distanceSq]) => ({ slot, distanceSq }))
        .sort((a, b) => a.distanceSq - b.distanceSq || a.slot - b.slot)
        .slice(0, k)
    },

    distanceSq: distanceToRow,
  }
}
