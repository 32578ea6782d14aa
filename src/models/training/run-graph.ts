import * as ort from '../onnxruntime.js'
import { encodeModel } from '../onnx/codec.js'
import type { OnnxModel } from '../onnx/model.js'

/** A graph made here, loaded into onnxruntime. */
export interface RunningGraph {
  /** Runs it once. @returns its outputs by name, float32 */
  run(feeds: Readonly<Record<string, Feed>>): Promise<Readonly<Record<string, Float32Array>>>
  release(): Promise<void>
}

/** An input: its values and its shape. */
export interface Feed {
  readonly values: Float32Array
  readonly dims: readonly number[]
}

/** Where graphs run. */
export interface RunOptions {
  /** Threads within one operator. */
  readonly threads: number
  /** Wanted execution providers, best first; `cpu` is always the last resort. */
  readonly executionProviders: readonly string[]
}

/** A scalar input. */
export function scalarFeed(value: number): Feed {
  return { values: Float32Array.of(value), dims: [] }
}

/**
 * Loads a graph of standard ONNX operators. Providers that this build of onnxruntime lacks are
 * passed over; should the others refuse the graph, the CPU runs it.
 */
export async function loadGraph(model: OnnxModel, options: RunOptions): Promise<RunningGraph> {
  const supported = new Set(ort.listSupportedBackends().map((backend) => backend.name))
  const wanted = options.executionProviders.filter((name) => supported.has(name) && name !== 'cpu')
  const data = encodeModel(model)
  const create = (executionProviders: readonly string[]) =>
    ort.InferenceSession.create(data, {
      executionProviders: [...executionProviders],
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 4,
      extra: { session: { set_denormal_as_zero: '1' } },
    })
  const session = await create([...wanted, 'cpu']).catch((cause: unknown) => {
    if (wanted.length === 0) throw cause
    return create(['cpu'])
  })
  return {
    async run(feeds) {
      const tensors = Object.fromEntries(
        Object.entries(feeds).map(([name, { values, dims }]) => [
          name,
          new ort.Tensor('float32', values, [...dims]),
        ]),
      )
      const results = await session.run(tensors)
      return Object.fromEntries(
        Object.entries(results).map(([name, { data: values }]) => {
          if (!(values instanceof Float32Array)) throw new Error(`${name} is not float32`)
          return [name, values]
        }),
      )
    },
    release: () => session.release(),
  }
}
