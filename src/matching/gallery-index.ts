import { EMBEDDING_LENGTH } from '../encoding/embedding.js'
import { createNearestSlots, type SlotMatch } from './nearest-slots.js'
import { createQuantizedRows, MAX_SCAN_ROWS, prepareProbe } from './quantized-rows.js'

/**
 * What is kept of a template.
 * `float32`: the embedding itself, and its int8 form for the scan (648 bytes).
 * `int8`: only the int8 form, rescaled to unit length (136 bytes); it is the template then, and a
 * distance d² to it differs from the original's by |d − d′| ≤ the rounding, about 0.007.
 */
export type GalleryPrecision = 'float32' | 'int8'

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
  /** Squared L2 distance to one row as stored, in double precision. */
  distanceSq(probe: Float32Array, row: number): number
}

interface VectorRows {
  add(vector: Float32Array): void
  remove(row: number): void
  distanceSq(probe: Float32Array, row: number): number
}

const CHUNK_ROWS = 8192
/** The first rows are all compared exactly, to find a limit for the rest. */
const FIRST_SCAN_ROWS = 64
/** Beyond this many wanted persons, ranking everyone is the simpler and the faster way. */
const MAX_SELECTED = 128

function createVectorRows(): VectorRows {
  const chunks: Float32Array[] = []
  let size = 0
  const chunkOf = (row: number): Float32Array => chunks[Math.floor(row / CHUNK_ROWS)]
  const offsetOf = (row: number): number => (row % CHUNK_ROWS) * EMBEDDING_LENGTH

  return {
    add(vector) {
      if (size === chunks.length * CHUNK_ROWS) {
        chunks.push(new Float32Array(CHUNK_ROWS * EMBEDDING_LENGTH))
      }
      chunkOf(size).set(vector, offsetOf(size))
      size++
    },

    remove(row) {
      const last = size - 1
      const from = offsetOf(last)
      const moved = chunkOf(last).subarray(from, from + EMBEDDING_LENGTH)
      chunkOf(row).set(moved, offsetOf(row))
      moved.fill(0)
      size--
    },

    distanceSq(probe, row) {
      const vectors = chunkOf(row)
      const offset = offsetOf(row)
      let sum = 0
      for (let i = 0; i < EMBEDDING_LENGTH; i++) {
        const difference = probe[i] - vectors[offset + i]
        sum += difference * difference
      }
      return sum
    },
  }
}

/** Creates an empty {@link GalleryIndex}. */
export function createGalleryIndex(precision: GalleryPrecision = 'float32'): GalleryIndex {
  const quantized = createQuantizedRows(precision === 'int8' ? 'unit-length' : 'nearest')
  const vectors = precision === 'int8' ? undefined : createVectorRows()
  const stored = vectors ?? quantized
  const distanceSq = (probe: Float32Array, row: number): number => stored.distanceSq(probe, row)
  const slots: number[] = []

  function rankEveryone(probe: Float32Array, k: number): SlotMatch[] {
    const best = new Map<number, number>()
    for (let row = 0; row < slots.length; row++) {
      const distance = distanceSq(probe, row)
      const known = best.get(slots[row])
      if (known === undefined || distance < known) best.set(slots[row], distance)
    }
    return Array.from(best, ([slot, distance]) => ({ slot, distanceSq: distance }))
      .sort((a, b) => a.distanceSq - b.distanceSq || a.slot - b.slot)
      .slice(0, k)
  }

  return {
    get size() {
      return slots.length
    },

    add(vector, slot) {
      quantized.add(vector)
      vectors?.add(vector)
      return slots.push(slot) - 1
    },

    remove(row) {
      quantized.remove(row)
      vectors?.remove(row)
      const moved = slots.pop()
      if (moved !== undefined && row < slots.length) slots[row] = moved
    },

    nearest(probe, k) {
      if (k > MAX_SELECTED) return rankEveryone(probe, k)
      const nearest = createNearestSlots(k)
      const prepared = prepareProbe(probe)
      const rescore = (row: number): void => nearest.offer(slots[row], distanceSq(probe, row))
      let rows = FIRST_SCAN_ROWS
      for (let from = 0; from < slots.length;) {
        const to = Math.min(from + rows, slots.length)
        quantized.scan(prepared, from, to, nearest.limitSq, rescore)
        from = to
        rows = Math.min(rows * 2, MAX_SCAN_ROWS)
      }
      return nearest.matches()
    },

    distanceSq,
  }
}
