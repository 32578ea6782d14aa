import { constantConv, indexGraph } from './edit.js'
import { floatTensor, intTensor, type OnnxGraph } from './model.js'
import { principalRows } from './principal-rows.js'

/**
 * Shortens an embedding to its `length` strongest directions: the last layer is a 1×1 convolution
 * W = U·S·Vᵀ, and becomes UᵀW (and Uᵀb) cut to the largest singular values. Distances between
 * embeddings change only by what the dropped directions hold.
 * @throws Error when the graph does not end in a 1×1 convolution and a reshape
 */
export function projectOutput(graph: OnnxGraph, length: number): OnnxGraph {
  const index = indexGraph(graph)
  const initializers = new Map(graph.initializers)
  const [output] = graph.outputs
  const reshape = index.producerOf.get(output.name)
  const last = reshape && index.producerOf.get(reshape.inputs[0])
  const conv = last && constantConv(last, initializers, index)
  if (graph.outputs.length !== 1 || reshape?.opType !== 'Reshape' || conv === undefined) {
    throw new Error('the graph does not end in a convolution and a reshape')
  }
  const [channels, inputs, height, width] = conv.weights.dims
  if (height !== 1 || width !== 1 || conv.group !== 1) throw new Error('the last conv is not 1×1')
  if (length > channels) throw new Error(`cannot make ${length} of ${channels} components`)

  const bias = conv.bias ?? new Float32Array(channels)
  const rows = principalRows(
    Array.from({ length: channels }, (_, c) =>
      Float64Array.of(...conv.weights.values.subarray(c * inputs, (c + 1) * inputs), bias[c]),
    ),
    inputs,
  ).slice(0, length)

  const weights = new Float32Array(length * inputs)
  rows.forEach((row, c) => weights.set(row.subarray(0, inputs), c * inputs))
  const [, weightName] = conv.node.inputs
  const biasName = conv.node.inputs.at(2) ?? `${weightName}_bias`
  initializers.set(weightName, floatTensor([length, inputs, 1, 1], weights))
  initializers.set(
    biasName,
    floatTensor(
      [length],
      rows.map((row) => row[inputs]),
    ),
  )
  initializers.set(reshape.inputs[1], intTensor([1, length]))
  return {
    ...graph,
    nodes: graph.nodes.map((node) =>
      node === conv.node ? { ...node, inputs: [node.inputs[0], weightName, biasName] } : node,
    ),
    initializers,
    outputs: [{ ...output, dims: [1, length] }],
  }
}
