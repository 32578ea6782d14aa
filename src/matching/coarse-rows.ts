import { EMBEDDING_LENGTH } from '../encoding/embedding.js'
import { NORM_SQ_TOLERANCE, normSq } from './embedding-fault.js'
import {
  codeFactor,
  codePosition,
  createScanKernel,
  GROUP_BOUNDS,
  GROUP_BYTES,
  GROUP_ROWS,
  GROUP_SCALES,
  ROW_BYTES,
} from './scan-kernel.js'

/** A probe made ready for {@link CoarseRows.scan}. */
export interface CoarseProbe {
  readonly quantized: Int16Array
  readonly centre: number
  readonly widen: number
  /** The score that a row must reach to be within the squared distance `limitSq`. */
  levelFor(limitSq: number): number
}

/**
 * Unit vectors in 4 bits a component, in groups of four in WebAssembly memory (72 bytes a row),
 * scanned by a SIMD kernel that finds all that may be near.
 *
 * The scan never misses. A row is r = s·q + e with odd integers q in −15..15, the probe is
 * p = S·P + ε, and by Cauchy–Schwarz p·r ≤ S·s·(P·q) + ‖S·P‖·‖e‖ + ‖ε‖·‖r‖, which bounds
 * ‖p − r‖² = ‖p‖² + ‖r‖² − 2·p·r from below. ‖e‖ is kept with every row.
 */
export interface CoarseRows {
  readonly size: number
  /**
   * Makes room for one more row, so that the next `add` cannot fail.
   * @throws RangeError when there is no more memory; nothing was changed
   */
  reserve(): void
  /** Appends a row. */
  add(vector: Float32Array): void
  /** Removes a row; the last row takes its number. */
  remove(row: number): void
  /**
   * Calls `visit` for every row of `[from, to)` whose squared distance is ≤ `limitSq`, and for
   * some others.
   * @throws RangeError when `from` is no multiple of four, `to` is beyond the last row, or more
   *   than {@link MAX_SCAN_ROWS} rows are asked for
   */
  scan(
    probe: CoarseProbe,
    from: number,
    to: number,
    limitSq: number,
    visit: (row: number) => void,
  ): void
}

/** Rows that one {@link CoarseRows.scan} may span. */
export const MAX_SCAN_ROWS = 16384

const PAGE_BYTES = 65536
const GROW_PAGES = 32
const MAX_PAGES = 65536
const PROBE_AT = 0
const HITS_AT = 2 * EMBEDDING_LENGTH
const GROUPS_AT = HITS_AT + 4 * (MAX_SCAN_ROWS / GROUP_ROWS)
/** Float32 rounding in the kernel stays below 4 ulp of values ≤ 1.1; this is several times that. */
const ROUNDING_SLACK = 2e-6
/** What part of the largest component the codes reach; clipping a little often rounds better. */
const REACHES = [1, 0.9, 0.8]

const POSITIONS = Array.from({ length: EMBEDDING_LENGTH }, (_, i) => codePosition(i))
const FACTORS = Array.from({ length: EMBEDDING_LENGTH }, (_, i) => codeFactor(i))

function largestOf(vector: Float32Array): number {
  let largest = 0
  for (const component of vector) largest = Math.max(largest, Math.abs(component))
  return largest
}

/** Prepares a unit vector for scanning. */
export function prepareProbe(vector: Float32Array): CoarseProbe {
  const scale = largestOf(vector) / 32767
  const quantized = new Int16Array(EMBEDDING_LENGTH)
  let errorSq = 0
  let effectiveSq = 0
  let sum = 0
  for (let i = 0; i < EMBEDDING_LENGTH; i++) {
    const level = Math.round(vector[i] / (scale * FACTORS[i]))
    const effective = level * FACTORS[i]
    quantized[i] = level
    sum += effective
    effectiveSq += effective * effective
    errorSq += (vector[i] - scale * effective) ** 2
  }
  const slack = Math.sqrt(errorSq) * (1 + NORM_SQ_TOLERANCE) + ROUNDING_SLACK
  const normsSq = normSq(vector) + 1 - NORM_SQ_TOLERANCE
  return {
    quantized,
    centre: 15 * sum,
    widen: Math.sqrt(effectiveSq) * (1 + 1e-6),
    levelFor: (limitSq) => ((normsSq - limitSq) / 2 - slack) / scale,
  }
}

interface CoarseRow {
  readonly codes: Uint8Array
  readonly scale: number
  readonly errorSq: number
}

function quantize(vector: Float32Array, step: number): CoarseRow {
  const codes = new Uint8Array(EMBEDDING_LENGTH)
  let along = 0
  let levelsSq = 0
  for (let i = 0; i < EMBEDDING_LENGTH; i++) {
    const code = Math.max(0, Math.min(15, Math.round((vector[i] / step + 15) / 2)))
    const level = 2 * code - 15
    codes[i] = code
    along += vector[i] * level
    levelsSq += level * level
  }
  const scale = Math.fround(along / levelsSq)
  let errorSq = 0
  for (let i = 0; i < EMBEDDING_LENGTH; i++) {
    errorSq += (vector[i] - scale * (2 * codes[i] - 15)) ** 2
  }
  return { codes, scale, errorSq }
}

/** Creates empty {@link CoarseRows}. */
export function createCoarseRows(): CoarseRows {
  const memory = new WebAssembly.Memory({
    initial: Math.ceil(GROUPS_AT / PAGE_BYTES),
    maximum: MAX_PAGES,
  })
  const kernel = createScanKernel(memory)
  let halves = new Uint16Array(memory.buffer)
  let words = new Uint32Array(memory.buffer)
  let floats = new Float32Array(memory.buffer)
  let size = 0

  const groupAt = (row: number): number => GROUPS_AT + Math.floor(row / GROUP_ROWS) * GROUP_BYTES
  const codesAt = (row: number): number => (groupAt(row) + (row % GROUP_ROWS) * ROW_BYTES) / 2
  const scaleAt = (row: number): number => (groupAt(row) + GROUP_SCALES) / 4 + (row % GROUP_ROWS)
  const boundAt = (row: number): number => (groupAt(row) + GROUP_BOUNDS) / 4 + (row % GROUP_ROWS)

  function reserve(): void {
    const capacity = memory.buffer.byteLength
    if (groupAt(size) + GROUP_BYTES <= capacity) return
    const pages = Math.min(GROW_PAGES, MAX_PAGES - capacity / PAGE_BYTES)
    if (pages === 0) throw new RangeError(`the gallery is full at ${size} templates`)
    memory.grow(pages)
    halves = new Uint16Array(memory.buffer)
    words = new Uint32Array(memory.buffer)
    floats = new Float32Array(memory.buffer)
  }

  function clear(row: number): void {
    halves.fill(0, codesAt(row), codesAt(row) + ROW_BYTES / 2)
    floats[scaleAt(row)] = 0
    floats[boundAt(row)] = NaN
  }

  return {
    get size() {
      return size
    },

    reserve,

    add(vector) {
      reserve()
      if (size % GROUP_ROWS === 0) {
        for (let row = size; row < size + GROUP_ROWS; row++) clear(row)
      }
      const largest = largestOf(vector)
      const row = REACHES.map((reach) => quantize(vector, (reach * largest) / 15)).reduce(
        (best, other) => (other.errorSq < best.errorSq ? other : best),
      )
      const at = codesAt(size)
      for (let i = 0; i < EMBEDDING_LENGTH; i++) {
        halves[at + POSITIONS[i].word] |= row.codes[i] << POSITIONS[i].shift
      }
      floats[scaleAt(size)] = row.scale
      floats[boundAt(size)] = Math.sqrt(row.errorSq) * (1 + 1e-6)
      size++
    },

    remove(row) {
      const last = size - 1
      halves.copyWithin(codesAt(row), codesAt(last), codesAt(last) + ROW_BYTES / 2)
      floats[scaleAt(row)] = floats[scaleAt(last)]
      floats[boundAt(row)] = floats[boundAt(last)]
      clear(last)
      size--
    },

    scan(probe, from, to, limitSq, visit) {
      if (from % GROUP_ROWS !== 0 || to > size || to - from > MAX_SCAN_ROWS) {
        throw new RangeError(`rows ${from} to ${to} of ${size} cannot be scanned in one go`)
      }
      halves.set(probe.quantized, PROBE_AT / 2)
      const end = groupAt(to + GROUP_ROWS - 1)
      const level = probe.levelFor(limitSq)
      const { centre, widen } = probe
      const hitsEnd = kernel(groupAt(from), end, PROBE_AT, HITS_AT, centre, level, widen)
      for (let hit = HITS_AT / 4; hit < hitsEnd / 4; hit++) {
        const word = words[hit]
        const first = (((word & ~15) >>> 0) - GROUPS_AT) / (GROUP_BYTES / GROUP_ROWS)
        for (let lane = 0; lane < GROUP_ROWS; lane++) {
          if (word & (1 << lane)) visit(first + lane)
        }
      }
    },
  }
}
