import { constantConv, indexGraph, scaleOutputChannels } from './edit.js'
import { floatTensor, numberOf, type OnnxGraph, type OnnxNode } from './model.js'

/**
 * Folds every inference batch normalisation that directly follows a convolution into the
 * convolution's weights and bias.
 */
export function foldBatchNorm(graph: OnnxGraph): OnnxGraph {
  const initializers = new Map(graph.initializers)
  const index = indexGraph(graph)
  const replaced = new Map<OnnxNode, OnnxNode>()
  const removed = new Set<OnnxNode>()

  for (const node of graph.nodes) {
    if (node.opType !== 'BatchNormalization' || node.outputs.length !== 1) continue
    const [input, ...parameterNames] = node.inputs
    const producer = index.producerOf.get(input)
    const conv = producer && constantConv(producer, initializers, index)
    if (conv === undefined || index.consumersOf.get(input)?.length !== 1) continue
    const parameters = parameterNames.flatMap((name) => {
      const tensor = initializers.get(name)
      return tensor?.type === 'float32' ? [tensor.values] : []
    })
    if (parameters.length !== 4) continue

    const [gamma, beta, mean, variance] = parameters
    const epsilon = numberOf(node, 'epsilon', 1e-5)
    const factors = Float64Array.from(gamma, (g, c) => g / Math.sqrt(variance[c] + epsilon))
    const [, weightName] = conv.node.inputs
    const biasName = conv.node.inputs.at(2) ?? `${weightName}_bias`
    initializers.set(weightName, scaleOutputChannels(conv.weights, factors))
    initializers.set(
      biasName,
      floatTensor(
        [gamma.length],
        Float64Array.from(factors, (f, c) => ((conv.bias?.[c] ?? 0) - mean[c]) * f + beta[c]),
      ),
    )
    for (const name of parameterNames) {
      if (index.consumersOf.get(name)?.length === 1) initializers.delete(name)
    }
    removed.add(node)
    replaced.set(conv.node, {
      ...conv.node,
      inputs: [conv.node.inputs[0], weightName, biasName],
      outputs: node.outputs,
    })
  }
  const nodes = graph.nodes
    .filter((node) => !removed.has(node))
    .map((node) => replaced.get(node) ?? node)
  return { ...graph, nodes, initializers }
}
