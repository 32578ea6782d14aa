import { EMBEDDING_LENGTH } from '../encoding/embedding.js'
import { NORM_SQ_TOLERANCE, normSq } from './embedding-fault.js'
import {
  createScanKernel,
  GROUP_BOUNDS,
  GROUP_BYTES,
  GROUP_ROWS,
  GROUP_SCALES,
} from './scan-kernel.js'

/** How int8 rows stand for the vectors they were made of. */
export type RowScaling =
  /** scale·q is the nearest to the vector; the error's length is kept as the row's bound. */
  | 'nearest'
  /** scale·q has unit length and *is* the template; there is no error against it. */
  | 'unit-length'

/** A probe made ready for {@link QuantizedRows.scan}. */
export interface PreparedProbe {
  readonly vector: Float32Array
  readonly quantized: Int16Array
  /** The level that a row must reach to be within `limitSq`, and how far error bounds widen. */
  levelFor(limitSq: number): number
  readonly widen: number
}

/**
 * Unit vectors as int8 in WebAssembly memory, in groups of four, scanned by a SIMD kernel.
 *
 * The scan never misses: for a row r = s·q + e and a probe p = S·P + ε,
 * p·r ≤ S·s·(P·q) + ‖S·P‖·‖e‖ + ‖ε‖·‖r‖ (Cauchy–Schwarz), so with the norms this bounds the
 * squared distance ‖p‖² + ‖r‖² − 2·p·r from below. ‖e‖ is kept with every row.
 */
export interface QuantizedRows {
  readonly size: number
  /** Appends a row. */
  add(vector: Float32Array): void
  /** Removes a row; the last row takes its number. */
  remove(row: number): void
  /**
   * Calls `visit` for every row of `[from, to)` whose squared distance may be ≤ `limitSq`
   * (and for a few others). `from` is a multiple of four.
   */
  scan(
    probe: PreparedProbe,
    from: number,
    to: number,
    limitSq: number,
    visit: (row: number) => void,
  ): void
  /** Squared L2 distance from a probe to the row as it is stored. */
  distanceSq(probe: Float32Array, row: number): number
}

/** Rows that one {@link QuantizedRows.scan} may span. */
export const MAX_SCAN_ROWS = 16384

const PAGE_BYTES = 65536
const GROW_PAGES = 32
const MAX_PAGES = 65536
const PROBE_AT = 0
const HITS_AT = 2 * EMBEDDING_LENGTH
const GROUPS_AT = HITS_AT + 4 * (MAX_SCAN_ROWS / GROUP_ROWS)
/** Float32 rounding in the kernel stays below 4 ulp of values ≤ 1.01; this is eight times that. */
const ROUNDING_SLACK = 2e-6

/** Prepares a unit vector for scanning: int16 components with all their bits in use. */
export function prepareProbe(vector: Float32Array): PreparedProbe {
  let largest = 0
  for (const component of vector) largest = Math.max(largest, Math.abs(component))
  const scale = largest / 32767
  const quantized = new Int16Array(vector.length)
  let errorSq = 0
  let quantizedSq = 0
  for (let i = 0; i < vector.length; i++) {
    const level = Math.round(vector[i] / scale)
    quantized[i] = level
    quantizedSq += level * level
    errorSq += (vector[i] - scale * level) ** 2
  }
  const slack = Math.sqrt(errorSq) * (1 + NORM_SQ_TOLERANCE) + ROUNDING_SLACK
  const sumSq = normSq(vector) + 1 - NORM_SQ_TOLERANCE
  return {
    vector,
    quantized,
    levelFor: (limitSq) => ((sumSq - limitSq) / 2 - slack) / scale,
    widen: Math.sqrt(quantizedSq) * (1 + 1e-6),
  }
}

/** Creates empty {@link QuantizedRows}. */
export function createQuantizedRows(scaling: RowScaling): QuantizedRows {
  const memory = new WebAssembly.Memory({
    initial: Math.ceil(GROUPS_AT / PAGE_BYTES) + 1,
    maximum: MAX_PAGES,
  })
  const kernel = createScanKernel(memory)
  let bytes = new Int8Array(memory.buffer)
  let floats = new Float32Array(memory.buffer)
  let words = new Uint32Array(memory.buffer)
  let halves = new Int16Array(memory.buffer)
  let size = 0

  const groupAt = (row: number): number => GROUPS_AT + Math.floor(row / GROUP_ROWS) * GROUP_BYTES
  const rowAt = (row: number): number => groupAt(row) + (row % GROUP_ROWS) * EMBEDDING_LENGTH
  const scaleAt = (row: number): number => (groupAt(row) + GROUP_SCALES) / 4 + (row % GROUP_ROWS)
  const boundAt = (row: number): number => (groupAt(row) + GROUP_BOUNDS) / 4 + (row % GROUP_ROWS)

  function reserve(): void {
    if (groupAt(size) + GROUP_BYTES <= bytes.length) return
    const pages = bytes.length / PAGE_BYTES
    if (pages === MAX_PAGES) throw new RangeError(`the gallery is full at ${size} templates`)
    memory.grow(Math.min(GROW_PAGES, MAX_PAGES - pages))
    bytes = new Int8Array(memory.buffer)
    floats = new Float32Array(memory.buffer)
    words = new Uint32Array(memory.buffer)
    halves = new Int16Array(memory.buffer)
  }

  function clear(row: number): void {
    bytes.fill(0, rowAt(row), rowAt(row) + EMBEDDING_LENGTH)
    floats[scaleAt(row)] = 0
    floats[boundAt(row)] = NaN
  }

  return {
    get size() {
      return size
    },

    add(vector) {
      reserve()
      if (size % GROUP_ROWS === 0) {
        for (let row = size; row < size + GROUP_ROWS; row++) clear(row)
      }
      let largest = 0
      for (const component of vector) largest = Math.max(largest, Math.abs(component))
      const step = largest / 127
      const at = rowAt(size)
      let quantizedSq = 0
      for (let i = 0; i < EMBEDDING_LENGTH; i++) {
        const level = Math.round(vector[i] / step)
        bytes[at + i] = level
        quantizedSq += level * level
      }
      const scale = Math.fround(scaling === 'nearest' ? step : 1 / Math.sqrt(quantizedSq))
      let errorSq = 0
      if (scaling === 'nearest') {
        for (let i = 0; i < EMBEDDING_LENGTH; i++) {
          errorSq += (vector[i] - scale * bytes[at + i]) ** 2
        }
      }
      floats[scaleAt(size)] = scale
      floats[boundAt(size)] = Math.sqrt(errorSq) * (1 + 1e-6)
      size++
    },

    remove(row) {
      const last = size - 1
      bytes.copyWithin(rowAt(row), rowAt(last), rowAt(last) + EMBEDDING_LENGTH)
      floats[scaleAt(row)] = floats[scaleAt(last)]
      floats[boundAt(row)] = floats[boundAt(last)]
      clear(last)
      size--
    },

    scan(probe, from, to, limitSq, visit) {
      halves.set(probe.quantized, PROBE_AT / 2)
      const end = groupAt(to + GROUP_ROWS - 1)
      const level = probe.levelFor(limitSq)
      const hitsEnd = kernel(groupAt(from), end, PROBE_AT, HITS_AT, level, probe.widen) >>> 0
      for (let hit = HITS_AT / 4; hit < hitsEnd / 4; hit++) {
        const word = words[hit]
        const first = (((word & ~15) >>> 0) - GROUPS_AT) / (GROUP_BYTES / GROUP_ROWS)
        for (let lane = 0; lane < GROUP_ROWS; lane++) {
          if (word & (1 << lane)) visit(first + lane)
        }
      }
    },

    distanceSq(probe, row) {
      const at = rowAt(row)
      const scale = floats[scaleAt(row)]
      let sum = 0
      for (let i = 0; i < EMBEDDING_LENGTH; i++) {
        const difference = probe[i] - scale * bytes[at + i]
        sum += difference * difference
      }
      return sum
    },
  }
}
