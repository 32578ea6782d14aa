import {
  constantConv,
  indexGraph,
  scaleInputChannels,
  scaleOutputChannels,
  type ConstantConv,
  type GraphIndex,
} from './edit.js'
import { floatTensor, makeNode, type OnnxGraph, type OnnxNode, type Tensor } from './model.js'

/** Slopes nearer to 1 than this are moved away from it: the rewrite divides by 1 − slope. */
const MIN_DISTANCE_FROM_ONE = 1e-3

interface Rewritable {
  readonly conv: ConstantConv
  readonly slopes: readonly number[]
  /** Convolutions that take the result; they absorb the sign of channels with a slope above 1. */
  readonly followers: readonly ConstantConv[]
}

function findRewritable(
  prelu: OnnxNode,
  initializers: ReadonlyMap<string, Tensor>,
  index: GraphIndex,
  graphOutputs: ReadonlySet<string>,
): Rewritable | undefined {
  const [input, slopeName] = prelu.inputs
  const producer = index.producerOf.get(input)
  const slope = initializers.get(slopeName)
  if (producer === undefined || slope?.type !== 'float32') return undefined
  const conv = constantConv(producer, initializers, index)
  if (conv === undefined || index.consumersOf.get(input)?.length !== 1) return undefined
  if (graphOutputs.has(input) || graphOutputs.has(prelu.outputs[0])) return undefined

  const channels = conv.weights.dims[0]
  const { values } = slope
  if (values.length !== channels && values.length !== 1) return undefined
  const slopes = Array.from({ length: channels }, (_, c) => {
    const value = values.length === 1 ? values[0] : values[c]
    if (Math.abs(1 - value) >= MIN_DISTANCE_FROM_ONE) return value
    return value > 1 ? 1 + MIN_DISTANCE_FROM_ONE : 1 - MIN_DISTANCE_FROM_ONE
  })
  const consumers = index.consumersOf.get(prelu.outputs[0]) ?? []
  const followers = consumers.flatMap((node) => constantConv(node, initializers, index) ?? [])
  const negated = slopes.some((a) => a > 1)
  if (negated && followers.length !== consumers.length) return undefined
  return { conv, slopes, followers: negated ? followers : [] }
}

/**
 * Replaces every PRelu that follows a convolution by operators that keep onnxruntime's blocked
 * layout, without changing what the net computes (but for rounding).
 *
 * With slope a per channel the convolution is scaled by 1 − a, giving z. For a < 1,
 * PRelu = Relu(z) + a/(1 − a)·z. For a > 1, Relu(z) + 1/(a − 1)·z is PRelu negated, and the
 * convolutions that follow take that channel with the opposite sign. The product is a 1×1 depthwise
 * convolution, which the runtime fuses with the sum.
 */
export function rewritePRelu(graph: OnnxGraph): OnnxGraph {
  const initializers = new Map(graph.initializers)
  const index = indexGraph(graph)
  const graphOutputs = new Set(graph.outputs.map((output) => output.name))
  const nodes = graph.nodes.flatMap((node): OnnxNode[] => {
    if (node.opType !== 'PRelu') return [node]
    const found = findRewritable(node, initializers, index, graphOutputs)
    if (found === undefined) return [node]

    const { conv, slopes, followers } = found
    const factors = slopes.map((a) => 1 - a)
    const [, weightName, biasName] = conv.node.inputs
    initializers.set(weightName, scaleOutputChannels(conv.weights, factors))
    if (conv.bias !== undefined) {
      initializers.set(
        biasName,
        floatTensor(
          [conv.bias.length],
          conv.bias.map((value, c) => value * factors[c]),
        ),
      )
    }
    const signs = slopes.map((a) => (a > 1 ? -1 : 1))
    for (const follower of followers) {
      initializers.set(follower.node.inputs[1], scaleInputChannels(follower, signs))
    }
    if (index.consumersOf.get(node.inputs[1])?.length === 1) initializers.delete(node.inputs[1])

    const [z] = node.inputs
    const [result] = node.outputs
    const channels = slopes.length
    initializers.set(
      `${result}_slope`,
      floatTensor(
        [channels, 1, 1, 1],
        slopes.map((a) => (a > 1 ? 1 / (a - 1) : a / (1 - a))),
      ),
    )
    return [
      makeNode('Relu', [z], `${result}_positive`),
      makeNode('Conv', [z, `${result}_slope`], `${result}_linear`, {
        kernel_shape: [1, 1],
        group: channels,
      }),
      makeNode('Add', [`${result}_positive`, `${result}_linear`], result),
    ]
  })
  return { ...graph, nodes, initializers }
}
