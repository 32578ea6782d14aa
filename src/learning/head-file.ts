import { z } from 'zod'
import type { LinearHead } from './linear-head.js'

const MAX_COMPONENTS = 4096

/** A learnt head as a file: numbers only, as little-endian float32 in base64. */
export const headFileSchema = z
  .strictObject({
    format: z.literal('genkan-projection/1'),
    /** What it was learnt on and how, for people. */
    learnt: z.strictObject({
      data: z.string().max(500),
      persons: z.int().min(1),
      pictures: z.int().min(1),
      method: z.string().max(200),
    }),
    inputs: z.int().min(1).max(MAX_COMPONENTS),
    outputs: z.int().min(1).max(MAX_COMPONENTS),
    /** `outputs` rows of `inputs` numbers. */
    weights: z.base64(),
    bias: z.base64(),
  })
  .refine((file) => byteLength(file.weights) === 4 * file.inputs * file.outputs, {
    error: 'does not hold outputs × inputs numbers',
    path: ['weights'],
  })
  .refine((file) => byteLength(file.bias) === 4 * file.outputs, {
    error: 'does not hold one number an output',
    path: ['bias'],
  })
  .refine(
    (file) => [file.weights, file.bias].every((text) => decode(text).every(Number.isFinite)),
    {
      error: 'holds numbers that are not finite',
    },
  )

/** {@link headFileSchema} */
export type HeadFile = z.infer<typeof headFileSchema>

function byteLength(base64: string): number {
  return Buffer.byteLength(base64, 'base64')
}

function decode(base64: string): Float64Array {
  const bytes = Buffer.from(base64, 'base64')
  return Float64Array.from({ length: bytes.length >> 2 }, (_, i) => bytes.readFloatLE(4 * i))
}

function encode(values: Float64Array): string {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, i) => bytes.writeFloatLE(value, 4 * i))
  return bytes.toString('base64')
}

/** The file of a head. */
export function toHeadFile(head: LinearHead, learnt: HeadFile['learnt']): HeadFile {
  const { inputs, outputs } = head
  return {
    format: 'genkan-projection/1',
    learnt,
    inputs,
    outputs,
    weights: encode(head.weights),
    bias: encode(head.bias),
  }
}

/** The head of a file. */
export function fromHeadFile({ inputs, outputs, weights, bias }: HeadFile): LinearHead {
  return { inputs, outputs, weights: decode(weights), bias: decode(bias) }
}
