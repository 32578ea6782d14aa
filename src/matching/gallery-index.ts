import { createCoarseRows, MAX_SCAN_ROWS, prepareProbe } from './coarse-rows.js'
import { createNearestSlots, type SlotMatch } from './nearest-slots.js'
import { createRowChains } from './row-chains.js'
import { createTemplateRows, type GalleryPrecision } from './template-rows.js'

/**
 * Rows of unit vectors, each owned by a person's slot, searched exactly: a coarse scan passes over
 * all rows that provably cannot be among the nearest, the others are compared in double precision.
 *
 * Rows are dense: removing one moves the last row into its place, so nothing is ever rebuilt.
 * Callers check their vectors first (see `findEmbeddingFault`).
 */
export interface GalleryIndex {
  readonly size: number
  /**
   * Appends a row and returns its number, which is the old `size`.
   * @throws RangeError when there is no more memory; nothing was changed
   */
  add(vector: Float32Array, slot: number): number
  /** Removes a row; the last row takes its number. */
  remove(row: number): void
  /** The best distance of each of the `k` nearest slots, nearest first, ties by slot number. */
  nearest(probe: Float32Array, k: number): SlotMatch[]
  /** Whose row it is. */
  slotOf(row: number): number
  /** The rows of a slot, in no order; none for a slot that never had one. */
  rowsOf(slot: number): Iterable<number>
  /** A copy of a row as kept. */
  read(row: number): Float32Array
  /** Squared L2 distance to one row as kept, in double precision. */
  distanceSq(probe: Float32Array, row: number): number
}

/** The first rows are all compared exactly, to find a limit for the rest. */
const FIRST_SCAN_ROWS = 64
/** Beyond this many wanted persons, ranking everyone is the simpler and the faster way. */
const MAX_SELECTED = 128

/** Creates an empty {@link GalleryIndex}. */
export function createGalleryIndex(precision: GalleryPrecision = 'float32'): GalleryIndex {
  const coarse = createCoarseRows()
  const templates = createTemplateRows(precision)
  const chains = createRowChains()
  let size = 0

  function rankEveryone(probe: Float32Array, k: number): SlotMatch[] {
    const best = new Map<number, number>()
    for (let row = 0; row < size; row++) {
      const distance = templates.distanceSq(probe, row)
      const slot = chains.slotOf(row)
      const known = best.get(slot)
      if (known === undefined || distance < known) best.set(slot, distance)
    }
    return Array.from(best, ([slot, distanceSq]) => ({ slot, distanceSq }))
      .sort((a, b) => a.distanceSq - b.distanceSq || a.slot - b.slot)
      .slice(0, k)
  }

  return {
    get size() {
      return size
    },

    add(vector, slot) {
      coarse.reserve()
      templates.add(vector)
      coarse.add(precision === 'int8' ? templates.read(size) : vector)
      chains.append(slot)
      return size++
    },

    remove(row) {
      templates.remove(row)
      coarse.remove(row)
      chains.remove(row)
      size--
    },

    nearest(probe, k) {
      if (k > MAX_SELECTED) return rankEveryone(probe, k)
      const nearest = createNearestSlots(k)
      const prepared = prepareProbe(probe)
      const compare = (row: number): void =>
        nearest.offer(chains.slotOf(row), templates.distanceSq(probe, row))
      let rows = FIRST_SCAN_ROWS
      for (let from = 0; from < size;) {
        const to = Math.min(from + rows, size)
        coarse.scan(prepared, from, to, nearest.limitSq, compare)
        from = to
        rows = Math.min(rows * 2, MAX_SCAN_ROWS)
      }
      return nearest.matches()
    },

    slotOf: (row) => chains.slotOf(row),
    rowsOf: (slot) => chains.rows(slot),
    read: (row) => templates.read(row),

    distanceSq: (probe, row) => templates.distanceSq(probe, row),
  }
}
