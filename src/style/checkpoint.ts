import { createHash } from 'node:crypto'
import { z } from 'zod'
import { StyleError, type StyleRequest, type StyleSettings } from './engine.js'
import type { MinimiserState } from './minimise.js'

/** Where a run stands. */
export interface Checkpoint {
  readonly level: number
  /** Steps done at this level. */
  readonly step: number
  /** Steps done over all levels. */
  readonly stepsDone: number
  /** J after each of the last steps of this level, for the plateau. */
  readonly history: readonly number[]
  readonly point: Float32Array
  readonly memory: MinimiserState
}

const MAGIC = 'GKSTYLE1'
const MAX_NUMBERS = 4096

const headSchema = z.strictObject({
  request: z.string().regex(/^[0-9a-f]{64}$/),
  level: z.int().min(0).max(32),
  step: z.int().min(0).max(1_000_000),
  stepsDone: z.int().min(0).max(100_000_000),
  history: z.array(z.number()).max(MAX_NUMBERS),
  numbers: z.array(z.number()).max(MAX_NUMBERS),
  pointLength: z.int().min(1).max(50_000_000),
  vectors: z.int().min(0).max(64),
})

/** Tells requests apart: everything that the result depends on, and the network. */
export function requestHash(
  { content, style }: StyleRequest,
  settings: StyleSettings,
  networkSha256: string,
): string {
  const hash = createHash('sha256')
  hash.update(JSON.stringify([settings, networkSha256, content.width, content.height, style.width]))
  return hash.update(content.data).update(style.data).digest('hex')
}

/** A checkpoint as bytes. */
export function writeCheckpoint(request: string, checkpoint: Checkpoint): Uint8Array {
  const { point, memory, history, level, step, stepsDone } = checkpoint
  const head = Buffer.from(
    JSON.stringify({
      request,
      level,
      step,
      stepsDone,
      history,
      numbers: memory.numbers,
      pointLength: point.length,
      vectors: memory.vectors.length,
    }),
  )
  const size = Buffer.alloc(4)
  size.writeUInt32LE(head.length)
  const floats = [point, ...memory.vectors].map((vector) =>
    Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength),
  )
  return Buffer.concat([Buffer.from(MAGIC), size, head, ...floats])
}

/**
 * Reads a checkpoint of the request with that hash.
 * @throws StyleError `checkpoint-invalid`
 */
export function readCheckpoint(bytes: Uint8Array, request: string): Checkpoint {
  const refuse = (why: string) =>
    new StyleError('checkpoint-invalid', `the checkpoint ${why}; start the picture anew`)
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const headStart = MAGIC.length + 4
  if (file.length < headStart || file.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw refuse('is not one')
  }
  const floatStart = headStart + file.readUInt32LE(MAGIC.length)
  if (floatStart > file.length) throw refuse('is cut off')
  let head: z.infer<typeof headSchema>
  try {
    head = headSchema.parse(JSON.parse(file.toString('utf8', headStart, floatStart)))
  } catch {
    throw refuse('is damaged')
  }
  if (head.request !== request) throw refuse('belongs to another request')
  const { pointLength } = head
  if (file.length - floatStart !== 4 * pointLength * (1 + head.vectors)) throw refuse('is cut off')
  const vector = (index: number) => {
    const from = floatStart + 4 * pointLength * index
    // A copy: typed arrays need aligned memory.
    return new Float32Array(Uint8Array.from(file.subarray(from, from + 4 * pointLength)).buffer)
  }
  const point = vector(0)
  if (!point.every(Number.isFinite)) throw refuse('is damaged')
  return {
    level: head.level,
    step: head.step,
    stepsDone: head.stepsDone,
    history: head.history,
    point,
    memory: {
      vectors: Array.from({ length: head.vectors }, (_, i) => vector(i + 1)),
      numbers: head.numbers,
    },
  }
}

/**
 * The same checkpoint without what the minimiser remembers: a small part of the bytes, from which a
 * run goes on with the same picture and gathers its memory anew.
 */
export function withoutMemory(bytes: Uint8Array): Uint8Array {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const headStart = MAGIC.length + 4
  const floatStart = headStart + file.readUInt32LE(MAGIC.length)
  const head = headSchema.parse(JSON.parse(file.toString('utf8', headStart, floatStart)))
  const slim = Buffer.from(JSON.stringify({ ...head, numbers: [], vectors: 0 }))
  const size = Buffer.alloc(4)
  size.writeUInt32LE(slim.length)
  const point = file.subarray(floatStart, floatStart + 4 * head.pointLength)
  return Buffer.concat([Buffer.from(MAGIC), size, slim, point])
}
