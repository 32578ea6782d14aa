import { EMBEDDING_LENGTH } from '../encoding/embedding.js'

/**
 * What is kept of a template.
 * `float32`: the embedding as it is, 512 bytes.
 * `int8`: the embedding rounded to 8 bits a component and to unit length, 132 bytes. That is the
 * template then: distances to it are exact, and √d² to the original differs by at most the
 * rounding, about 0.007.
 */
export type GalleryPrecision = 'float32' | 'int8'

/** Dense rows of unit vectors with exact distances; removing one moves the last into its place. */
export interface TemplateRows {
  add(vector: Float32Array): void
  remove(row: number): void
  /** The vector that the row stands for. */
  read(row: number): Float32Array
  /** Squared L2 distance from a probe to the row as kept, in double precision. */
  distanceSq(probe: Float32Array, row: number): number
}

const CHUNK_ROWS = 8192

const chunkOf = (row: number): number => Math.floor(row / CHUNK_ROWS)
const offsetOf = (row: number): number => (row % CHUNK_ROWS) * EMBEDDING_LENGTH

function moveRow(chunks: (Float32Array | Int8Array)[], from: number, to: number): void {
  const start = offsetOf(from)
  const moved = chunks[chunkOf(from)].subarray(start, start + EMBEDDING_LENGTH)
  chunks[chunkOf(to)].set(moved, offsetOf(to))
  moved.fill(0)
}

function createFloat32Rows(): TemplateRows {
  const chunks: Float32Array[] = []
  let size = 0

  return {
    add(vector) {
      if (size === chunks.length * CHUNK_ROWS) {
        chunks.push(new Float32Array(CHUNK_ROWS * EMBEDDING_LENGTH))
      }
      chunks[chunkOf(size)].set(vector, offsetOf(size))
      size++
    },

    remove(row) {
      size--
      moveRow(chunks, size, row)
    },

    read: (row) => chunks[chunkOf(row)].slice(offsetOf(row), offsetOf(row) + EMBEDDING_LENGTH),

    distanceSq(probe, row) {
      const vectors = chunks[chunkOf(row)]
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

function createInt8Rows(): TemplateRows {
  const chunks: Int8Array[] = []
  const scaleChunks: Float32Array[] = []
  let size = 0

  return {
    add(vector) {
      if (size === chunks.length * CHUNK_ROWS) {
        chunks.push(new Int8Array(CHUNK_ROWS * EMBEDDING_LENGTH))
        scaleChunks.push(new Float32Array(CHUNK_ROWS))
      }
      let largest = 0
      for (const component of vector) largest = Math.max(largest, Math.abs(component))
      const levels = Int8Array.from(vector, (component) => Math.round((component / largest) * 127))
      let levelsSq = 0
      for (const level of levels) levelsSq += level * level
      chunks[chunkOf(size)].set(levels, offsetOf(size))
      scaleChunks[chunkOf(size)][size % CHUNK_ROWS] = 1 / Math.sqrt(levelsSq)
      size++
    },

    remove(row) {
      size--
      moveRow(chunks, size, row)
      scaleChunks[chunkOf(row)][row % CHUNK_ROWS] = scaleChunks[chunkOf(size)][size % CHUNK_ROWS]
    },

    read(row) {
      const scale = scaleChunks[chunkOf(row)][row % CHUNK_ROWS]
      const levels = chunks[chunkOf(row)].subarray(offsetOf(row), offsetOf(row) + EMBEDDING_LENGTH)
      return Float32Array.from(levels, (level) => level * scale)
    },

    distanceSq(probe, row) {
      const levels = chunks[chunkOf(row)]
      const scale = scaleChunks[chunkOf(row)][row % CHUNK_ROWS]
      const offset = offsetOf(row)
      let sum = 0
      for (let i = 0; i < EMBEDDING_LENGTH; i++) {
        const difference = probe[i] - Math.fround(scale * levels[offset + i])
        sum += difference * difference
      }
      return sum
    },
  }
}

/** Creates empty {@link TemplateRows}. */
export function createTemplateRows(precision: GalleryPrecision): TemplateRows {
  return precision === 'int8' ? createInt8Rows() : createFloat32Rows()
}
