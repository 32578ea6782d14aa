import * as ort from '../models/onnxruntime.js'
import { encodeModel } from '../models/onnx/codec.js'
import { createGraphBuilder } from '../models/onnx/builder.js'
import { floatTensor } from '../models/onnx/model.js'
import { sessionOptions } from '../models/session-options.js'

/** What one core of this machine reaches at most, as far as onnxruntime and a copy get there. */
export interface MachinePeak {
  /** Multiply-adds a second of a large product of matrices. */
  readonly floatPerSecond: number
  readonly int8PerSecond: number
  /** Read and written by a copy that no cache holds. */
  readonly bytesPerSecond: number
}

const SIDE = 768
const RUNS = 8
const COPIED_FLOATS = 16 * 1024 * 1024
const BYTES_PER_FLOAT = 4

/** The best of several runs each, one thread. */
export async function measureMachinePeak(): Promise<MachinePeak> {
  const from = new Float32Array(COPIED_FLOATS).fill(1)
  const to = new Float32Array(COPIED_FLOATS)
  const copyMs = await bestMs(() => {
    to.set(from)
    return Promise.resolve()
  })
  return {
    floatPerSecond: await productsPerSecond('float'),
    int8PerSecond: await productsPerSecond('int8'),
    bytesPerSecond: (2 * COPIED_FLOATS * BYTES_PER_FLOAT * 1000) / copyMs,
  }
}

async function bestMs(work: () => Promise<unknown>): Promise<number> {
  let least = Infinity
  for (let run = 0; run < RUNS; run++) {
    const startMs = performance.now()
    await work()
    least = Math.min(least, performance.now() - startMs)
  }
  return least
}

async function productsPerSecond(kind: 'float' | 'int8'): Promise<number> {
  const session = await ort.InferenceSession.create(productModel(kind), sessionOptions())
  try {
    const values = Float32Array.from({ length: SIDE * SIDE }, (_, i) => (i % 7) - 3)
    const x = new ort.Tensor('float32', values, [SIDE, SIDE])
    return (SIDE ** 3 * 1000) / (await bestMs(() => session.run({ x })))
  } finally {
    await session.release()
  }
}

/** A square matrix times a constant one. */
function productModel(kind: 'float' | 'int8'): Uint8Array {
  const builder = createGraphBuilder()
  const dims = [SIDE, SIDE]
  const numbers = Array.from({ length: SIDE * SIDE }, (_, i) => (i % 5) - 2)
  if (kind === 'float') {
    builder.node('MatMul', ['x', builder.constant('w', floatTensor(dims, numbers))], 'y')
  } else {
    const scale = builder.constant('scale', floatTensor([], [1]))
    const zero = builder.constant('zero', { type: 'uint8', dims: [], values: Uint8Array.of(64) })
    const w = builder.constant('w', { type: 'int8', dims, values: Int8Array.from(numbers) })
    const q = builder.node('QuantizeLinear', ['x', scale, zero], 'q')
    const sums = builder.node('MatMulInteger', [q, w, zero], 'sums')
    builder.node('Cast', [sums], 'y', { to: 1 })
  }
  const value = (name: string) => ({ name, type: 'float32' as const, dims })
  const graph = builder.build('product', [value('x')], [value('y')])
  return encodeModel({ irVersion: 8, opset: 17, producer: 'genkan', graph })
}
