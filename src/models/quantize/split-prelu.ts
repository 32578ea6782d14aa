import {
  constantConv,
  indexGraph,
  isDepthwise,
  scaleInputChannels,
  scaleOutputChannels,
} from '../onnx/edit.js'
import { floatTensor, makeNode, type OnnxGraph, type OnnxNode } from '../onnx/model.js'
import type { PReluStyle } from './constants.js'

/** A PRelu that became a maximum: its two branches and its result must share scale and zero point. */
export interface SplitPRelu {
  readonly branches: readonly [string, string]
  readonly result: string
  /** Whether the first branch is itself an input, so that its whole range must be representable. */
  readonly firstIsRead: boolean
  /** Where the second branch is a convolution of its own: its weights are those of the first, scaled. */
  readonly twin?: WeightTwin
}

/** Weights that are another convolution's, with each output channel multiplied by its factor. */
export interface WeightTwin {
  readonly weights: string
  readonly of: string
  readonly factors: readonly number[]
}

/** A graph without the PRelus that could be split. */
export interface SplitGraph {
  readonly graph: OnnxGraph
  readonly splits: readonly SplitPRelu[]
}

/**
 * Writes PRelu with slope a ≤ 1 as max(z, a·z), which 8-bit kernels compute exactly. Channels with
 * a > 1 are computed with the opposite sign, which the convolutions that follow undo.
 *
 * `max2` computes a·z by a second convolution with scaled weights, `maxdw` by a 1×1 depthwise
 * convolution of z; `hybrid` takes the first after depthwise convolutions (cheap to do twice) and
 * the second after all others.
 */
export function splitPRelu(graph: OnnxGraph, style: PReluStyle): SplitGraph {
  const initializers = new Map(graph.initializers)
  const index = indexGraph(graph)
  const outputs = new Set(graph.outputs.map((output) => output.name))
  const splits: SplitPRelu[] = []

  const nodes = graph.nodes.flatMap((node): OnnxNode[] => {
    if (node.opType !== 'PRelu') return [node]
    const [z, slopeName] = node.inputs
    const [result] = node.outputs
    const producer = index.producerOf.get(z)
    const conv = producer && constantConv(producer, initializers, index)
    const slope = initializers.get(slopeName)
    const consumers = index.consumersOf.get(result) ?? []
    const followers = consumers.flatMap((next) => constantConv(next, initializers, index) ?? [])
    if (conv === undefined || slope?.type !== 'float32' || outputs.has(result)) return [node]
    if (index.consumersOf.get(z)?.length !== 1 || outputs.has(z)) return [node]
    const channels = conv.weights.dims[0]
    if (slope.values.length !== channels) return [node]
    const slopes = Array.from(slope.values)
    if (slopes.some((a) => a > 1) && followers.length !== consumers.length) return [node]

    const signs = slopes.map((a) => (a > 1 ? -1 : 1))
    const [, weightName, biasName] = conv.node.inputs
    const weights = scaleOutputChannels(conv.weights, signs)
    const bias = (conv.bias ?? new Float32Array(channels)).map((value, c) => value * signs[c])
    initializers.set(weightName, weights)
    if (conv.bias !== undefined) initializers.set(biasName, floatTensor([channels], bias))
    for (const follower of followers) {
      initializers.set(follower.node.inputs[1], scaleInputChannels(follower, signs))
    }

    const second = `${result}_scaled`
    const twice = style === 'max2' || (style === 'hybrid' && isDepthwise(conv))
    const twin = { weights: `${second}_weights`, of: weightName, factors: slopes }
    splits.push({ branches: [z, second], result, firstIsRead: !twice, ...(twice && { twin }) })
    const max = makeNode('Max', [z, second], result)
    if (twice) {
      const names = [`${second}_weights`, `${second}_bias`]
      initializers.set(names[0], scaleOutputChannels(weights, slopes))
      const scaledBias = bias.map((value, c) => value * slopes[c])
      initializers.set(names[1], floatTensor([channels], scaledBias))
      const branch: OnnxNode = {
        ...conv.node,
        name: second,
        inputs: [conv.node.inputs[0], ...names],
        outputs: [second],
      }
      return [branch, max]
    }
    initializers.set(`${second}_weights`, floatTensor([channels, 1, 1, 1], slopes))
    return [
      makeNode('Conv', [z, `${second}_weights`], second, { kernel_shape: [1, 1], group: channels }),
      max,
    ]
  })
  return { graph: { ...graph, nodes, initializers }, splits }
}
