import type { LinearHead } from '../../learning/linear-head.js'
import { constantConv, indexGraph, type ConstantConv } from './edit.js'
import { floatTensor, intTensor, type OnnxGraph, type OnnxNode } from './model.js'
import { principalRows } from './principal-rows.js'

/**
 * Shortens an embedding to its `length` strongest directions: the last layer is a 1×1 convolution
 * W = U·S·Vᵀ, and becomes UᵀW (and Uᵀb) cut to the largest singular values. Distances between
 * embeddings change only by what the dropped directions hold.
 * @throws Error when the graph does not end in a 1×1 convolution and a reshape
 */
export function projectOutput(graph: OnnxGraph, length: number): OnnxGraph {
  const layer = lastLayer(graph)
  const { conv } = layer
  const [channels, inputs] = conv.weights.dims
  if (length > channels) throw new Error(`cannot make ${length} of ${channels} components`)

  const bias = conv.bias ?? new Float32Array(channels)
  const rows = principalRows(
    Array.from({ length: channels }, (_, c) =>
      Float64Array.of(...conv.weights.values.subarray(c * inputs, (c + 1) * inputs), bias[c]),
    ),
    inputs,
  ).slice(0, length)
  return replaceLastLayer(graph, layer, rows)
}

/**
 * Puts a learnt head after the last layer, a 1×1 convolution, by multiplying the two: the result
 * costs less than what it replaces.
 * @throws Error when the graph does not end in a 1×1 convolution and a reshape, or the head does not
 *   take what the graph gives
 */
export function appendHead(graph: OnnxGraph, head: LinearHead): OnnxGraph {
  const layer = lastLayer(graph)
  const { conv } = layer
  const [channels, inputs] = conv.weights.dims
  if (head.inputs !== channels) {
    throw new Error(`the head takes ${head.inputs} components where the graph gives ${channels}`)
  }
  const rows = Array.from({ length: head.outputs }, (_, r) => {
    const row = new Float64Array(inputs + 1)
    row[inputs] = head.bias[r]
    for (let c = 0; c < channels; c++) {
      const factor = head.weights[r * channels + c]
      for (let i = 0; i < inputs; i++) row[i] += factor * conv.weights.values[c * inputs + i]
      row[inputs] += factor * (conv.bias?.[c] ?? 0)
    }
    return row
  })
  return replaceLastLayer(graph, layer, rows)
}

interface LastLayer {
  readonly conv: ConstantConv
  readonly reshape: OnnxNode
}

function lastLayer(graph: OnnxGraph): LastLayer {
  const index = indexGraph(graph)
  const [output] = graph.outputs
  const reshape = index.producerOf.get(output.name)
  const last = reshape && index.producerOf.get(reshape.inputs[0])
  const conv = last && constantConv(last, graph.initializers, index)
  const isPointwise = conv?.group === 1 && conv.weights.dims[2] * conv.weights.dims[3] === 1
  if (graph.outputs.length !== 1 || reshape?.opType !== 'Reshape' || !isPointwise) {
    throw new Error('the graph does not end in a 1×1 convolution and a reshape')
  }
  return { conv, reshape }
}

/** @param rows weights of one output each, and its bias at the end */
function replaceLastLayer(
  graph: OnnxGraph,
  { conv, reshape }: LastLayer,
  rows: readonly Float64Array[],
): OnnxGraph {
  const initializers = new Map(graph.initializers)
  const length = rows.length
  const inputs = conv.weights.dims[1]
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
    outputs: graph.outputs.map((output) => ({ ...output, dims: [1, length] })),
  }
}
