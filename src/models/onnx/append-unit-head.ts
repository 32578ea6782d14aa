import type { LinearHead } from '../../learning/linear-head.js'
import { floatTensor, makeNode, type OnnxGraph } from './model.js'

/** The names of what a graph with a learnt head gives. */
export interface HeadedOutputs {
  /** What the graph gave before. */
  readonly origin: string
  /** W·u + b of that at unit length u, itself of unit length. */
  readonly embedding: string
}

/**
 * Puts a learnt head behind an encoder's only output, whatever that comes from: unit length, W·u + b,
 * unit length. The old output stays, so that one run gives both.
 * @throws Error when the graph has not one output [1, inputs] or already uses the names
 */
export function appendUnitHead(
  graph: OnnxGraph,
  head: LinearHead,
): {
  readonly graph: OnnxGraph
  readonly outputs: HeadedOutputs
} {
  const [origin] = graph.outputs
  const fits = graph.outputs.length === 1 && origin.dims.join() === `1,${head.inputs}`
  if (!fits) throw new Error(`the graph does not give one output of shape [1, ${head.inputs}]`)
  const names = ['genkan_unit', 'genkan_head', 'genkan_embedding']
  const used = graph.nodes.flatMap((node) => node.outputs)
  if (names.some((name) => used.includes(name)))
    throw new Error('the graph has a learnt head already')
  const [unit, raw, embedding] = names
  const initializers = new Map(graph.initializers)
  initializers.set('genkan_head_weights', floatTensor([head.outputs, head.inputs], head.weights))
  initializers.set('genkan_head_bias', floatTensor([head.outputs], head.bias))
  return {
    graph: {
      ...graph,
      initializers,
      nodes: [
        ...graph.nodes,
        makeNode('LpNormalization', [origin.name], unit, { axis: 1, p: 2 }),
        makeNode('Gemm', [unit, 'genkan_head_weights', 'genkan_head_bias'], raw, { transB: 1 }),
        makeNode('LpNormalization', [raw], embedding, { axis: 1, p: 2 }),
      ],
      outputs: [origin, { name: embedding, type: 'float32', dims: [1, head.outputs] }],
    },
    outputs: { origin: origin.name, embedding },
  }
}
