import { floatTensor, type OnnxGraph } from '../onnx/model.js'

/**
 * Adds to the biases of convolutions; one without a bias gets one.
 * @param shifts by node name, a number an output channel
 * @throws Error when a named node is not there or has another number of channels
 */
export function shiftBiases(
  graph: OnnxGraph,
  shifts: Readonly<Record<string, readonly number[]>>,
): OnnxGraph {
  const initializers = new Map(graph.initializers)
  const missing = new Set(Object.keys(shifts))
  const nodes = graph.nodes.map((node) => {
    if (!missing.delete(node.name)) return node
    const shift = shifts[node.name]
    const [input, weightName] = node.inputs
    const channels = initializers.get(weightName)?.dims.at(0)
    if (node.opType !== 'Conv' || channels !== shift.length) {
      throw new Error(`${node.name} is no convolution of ${shift.length} channels`)
    }
    const own = node.inputs.at(2) ?? ''
    const name = own === '' ? `${weightName}_bias` : own
    const bias = initializers.get(own)
    const values = shift.map((by, c) => (bias?.type === 'float32' ? bias.values[c] : 0) + by)
    initializers.set(name, floatTensor([channels], values))
    return { ...node, inputs: [input, weightName, name] }
  })
  for (const name of missing) throw new Error(`the graph has no convolution ${name}`)
  return { ...graph, nodes, initializers }
}
