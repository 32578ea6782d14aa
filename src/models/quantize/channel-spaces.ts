import {
  constantConv,
  indexGraph,
  isDepthwise,
  scaleInputChannels,
  scaleOutputChannels,
  type ConstantConv,
} from '../onnx/edit.js'
import { floatTensor, type OnnxGraph, type OnnxNode } from '../onnx/model.js'

/** Operators that work on each channel by itself and commute with a positive factor a channel. */
const HOMOGENEOUS = new Set(['PRelu', 'Relu', 'MaxPool', 'AveragePool', 'GlobalAveragePool', 'Add'])

/** Values that must share their channel factors, and the convolutions at both ends. */
export interface ChannelSpace {
  /** The first of its values in the graph's order. */
  readonly name: string
  readonly values: readonly string[]
  readonly channels: number
  readonly producers: readonly ConstantConv[]
  readonly consumers: readonly ConstantConv[]
}

/**
 * The channel spaces of a graph whose factors can be chosen freely: every value in them comes from
 * convolutions with constant weights and goes to such convolutions, directly or through operators
 * that commute with a factor.
 */
export function findChannelSpaces(graph: OnnxGraph): ChannelSpace[] {
  const index = indexGraph(graph)
  const { initializers } = graph
  const parent = new Map<string, string>()
  const rootOf = (value: string): string => {
    const up = parent.get(value)
    return up === undefined || up === value ? value : rootOf(up)
  }
  const fixed = new Set([...graph.inputs, ...graph.outputs].map((info) => info.name))
  const convs = new Map<OnnxNode, ConstantConv>()

  for (const node of graph.nodes) {
    const activations = node.inputs.filter((name) => name !== '' && !initializers.has(name))
    const conv = constantConv(node, initializers, index)
    if (conv !== undefined) {
      convs.set(node, conv)
    } else if (HOMOGENEOUS.has(node.opType) && isHomogeneous(node, activations)) {
      for (const name of activations) parent.set(rootOf(name), rootOf(node.outputs[0]))
    } else {
      for (const name of [...activations, ...node.outputs]) fixed.add(name)
    }
  }

  const spaces = new Map<string, string[]>()
  for (const value of graph.nodes.flatMap((node) => node.outputs)) {
    const root = rootOf(value)
    spaces.set(root, [...(spaces.get(root) ?? []), value])
  }
  return [...spaces.values()].flatMap((values): ChannelSpace[] => {
    if (values.some((value) => fixed.has(value))) return []
    const ends = (nodes: readonly (OnnxNode | undefined)[]) =>
      [...new Set(nodes)].flatMap((node) => (node && convs.get(node)) ?? [])
    const producers = ends(values.map((value) => index.producerOf.get(value)))
    const consumers = ends(values.flatMap((value) => index.consumersOf.get(value) ?? []))
    if (producers.length === 0 || consumers.length === 0) return []
    const [{ weights }] = producers
    return [{ name: values[0], values, channels: weights.dims[0], producers, consumers }]
  })
}

/** An Add of two activations; for the others any constant is a slope. */
function isHomogeneous(node: OnnxNode, activations: readonly string[]): boolean {
  return node.opType !== 'Add' || activations.length === node.inputs.length
}

/** Largest magnitude that each channel takes in a value. */
export type ChannelMagnitudes = ReadonlyMap<string, Float64Array>

/** Factors beyond this only amplify noise. */
const MAX_FACTOR = 64

/**
 * Cross-layer equalisation (Nagel et al. 2019, arXiv 1906.04721) for 8-bit tensors that have one
 * scale for all channels: for each channel space a factor a channel that evens out the magnitudes.
 * Before a depthwise convolution, whose weights have a scale a channel, the activations are evened
 * out fully; before other convolutions half-way with their weights.
 */
export function equalisationFactors(
  space: ChannelSpace,
  magnitudes: ChannelMagnitudes,
): number[] | undefined {
  const range = new Float64Array(space.channels)
  for (const value of space.values) {
    magnitudes.get(value)?.forEach((magnitude, c) => {
      range[c] = Math.max(range[c], magnitude)
    })
  }
  const mixing = space.consumers.filter((conv) => !isDepthwise(conv))
  const weight = new Float64Array(space.channels)
  for (const { weights } of mixing) {
    const [outputs, channels, height, width] = weights.dims
    const size = height * width
    for (let i = 0; i < outputs * channels * size; i++) {
      const channel = Math.floor(i / size) % channels
      weight[channel] = Math.max(weight[channel], Math.abs(weights.values[i]))
    }
  }
  if (mixing.some((conv) => conv.group !== 1)) return undefined
  const raw = Array.from(range, (r, c) => (mixing.length > 0 ? Math.sqrt(weight[c] / r) : 1 / r))
  const usable = raw.filter((factor) => Number.isFinite(factor) && factor > 0)
  if (usable.length === 0) return undefined
  const centre = Math.exp(usable.reduce((sum, f) => sum + Math.log(f), 0) / usable.length)
  return raw.map((factor) =>
    Number.isFinite(factor) && factor > 0
      ? Math.min(MAX_FACTOR, Math.max(1 / MAX_FACTOR, factor / centre))
      : 1,
  )
}

/**
 * Multiplies each channel of the named spaces by its factor and undoes it in the convolutions that
 * follow; what the graph computes stays the same but for rounding.
 * @throws Error when a space or its channel count is not that of the graph
 */
export function equalise(
  graph: OnnxGraph,
  factors: Readonly<Record<string, readonly number[]>>,
): OnnxGraph {
  const initializers = new Map(graph.initializers)
  const spaces = new Map(findChannelSpaces(graph).map((space) => [space.name, space]))
  for (const [name, byChannel] of Object.entries(factors)) {
    const space = spaces.get(name)
    if (space?.channels !== byChannel.length) {
      throw new Error(`the graph has no channel space ${name} of ${byChannel.length} channels`)
    }
    const current = { ...graph, initializers }
    const index = indexGraph(current)
    const again = (conv: ConstantConv): ConstantConv =>
      constantConv(conv.node, initializers, index) ?? conv
    for (const producer of space.producers.map(again)) {
      const [, weightName, biasName] = producer.node.inputs
      initializers.set(weightName, scaleOutputChannels(producer.weights, byChannel))
      if (producer.bias !== undefined) {
        const bias = producer.bias.map((value, c) => value * byChannel[c])
        initializers.set(biasName, floatTensor([bias.length], bias))
      }
    }
    const inverse = byChannel.map((factor) => 1 / factor)
    for (const consumer of space.consumers.map(again)) {
      initializers.set(consumer.node.inputs[1], scaleInputChannels(consumer, inverse))
    }
  }
  return { ...graph, initializers }
}
