import * as ort from '../onnxruntime.js'
import { sessionOptions } from '../session-options.js'
import { encodeModel } from './codec.js'
import type { OnnxGraph, OnnxModel } from './model.js'

/** Runs a model for inspection; outputs by name, shapes with them. */
export interface Runner {
  run(
    input: Float32Array,
  ): Promise<ReadonlyMap<string, { dims: readonly number[]; values: Float32Array }>>
  release(): Promise<void>
}

/**
 * Opens a model in memory, single-threaded.
 * @param inspect names of further values to give out; they must be float32 and have four axes
 * @throws the runtime's own error when the model is not valid
 */
export async function openRunner(
  model: OnnxModel,
  inspect: readonly string[] = [],
): Promise<Runner> {
  const { graph } = model
  const known = new Set(graph.outputs.map((output) => output.name))
  const extra = inspect.filter((name) => !known.has(name))
  const data = encodeModel({ ...model, graph: exposeValues(graph, extra) })
  const session = await ort.InferenceSession.create(data, sessionOptions())
  const [input] = graph.inputs
  return {
    async run(values) {
      const feed = new ort.Tensor('float32', values, input.dims.map(Number))
      const results = await session.run({ [input.name]: feed })
      return new Map(
        Object.entries(results).map(([name, tensor]) => {
          if (!(tensor.data instanceof Float32Array)) throw new Error(`${name} is not float32`)
          return [name, { dims: tensor.dims, values: tensor.data }]
        }),
      )
    },
    release: () => session.release(),
  }
}

/** The graph with inner values of four axes as further outputs, of whatever size they turn out. */
export function exposeValues(graph: OnnxGraph, names: readonly string[]): OnnxGraph {
  const outputs = names.map((name) => ({
    name,
    type: 'float32' as const,
    dims: [0, 1, 2, 3].map((axis) => `${name}_${axis}`),
  }))
  return { ...graph, outputs: [...graph.outputs, ...outputs] }
}
