import {
  constantConv,
  indexGraph,
  isDepthwise,
  type ConstantConv,
  type GraphIndex,
} from './edit.js'
import {
  floatTensor,
  intsOf,
  makeNode,
  type OnnxGraph,
  type OnnxNode,
  type Tensor,
} from './model.js'

/** Weights and constants below this are what training left of a channel that it gave up. */
const DEAD = 1e-9

/** An activation that acts on each channel by itself. */
interface Activation {
  readonly node: OnnxNode
  readonly slopeName: string | undefined
  /** The negative side's slope of a channel; 0 for Relu. */
  slopeOf(channel: number): number
}

/** A depthwise convolution, what feeds it and what it feeds: the channels between are its own. */
interface Bottleneck {
  readonly expand: ConstantConv
  readonly depthwise: ConstantConv
  readonly project: ConstantConv
  readonly activations: readonly Activation[]
  /** Constant that each channel is at the entry of `project`, or `undefined` while it is alive. */
  constantOf(channel: number): number | undefined
}

function activate(activation: Activation | undefined, channel: number, value: number): number {
  return activation === undefined || value > 0 ? value : value * activation.slopeOf(channel)
}

function readActivation(
  node: OnnxNode,
  channels: number,
  initializers: ReadonlyMap<string, Tensor>,
  index: GraphIndex,
): Activation | undefined {
  if (node.opType === 'Relu') return { node, slopeName: undefined, slopeOf: () => 0 }
  if (node.opType !== 'PRelu') return undefined
  const [, slopeName] = node.inputs
  const slope = initializers.get(slopeName)
  if (slope?.type !== 'float32' || slope.values.length !== channels) return undefined
  if (index.consumersOf.get(slopeName)?.length !== 1) return undefined
  return { node, slopeName, slopeOf: (channel) => slope.values[channel] }
}

function findBottleneck(
  node: OnnxNode,
  initializers: ReadonlyMap<string, Tensor>,
  index: GraphIndex,
  graphOutputs: ReadonlySet<string>,
): Bottleneck | undefined {
  const conv = (candidate: OnnxNode | undefined) =>
    candidate && constantConv(candidate, initializers, index)
  const soleConsumer = (value: string) => {
    const consumers = index.consumersOf.get(value) ?? []
    return consumers.length === 1 && !graphOutputs.has(value) ? consumers[0] : undefined
  }
  const depthwise = conv(node)
  if (depthwise === undefined || !isDepthwise(depthwise)) return undefined
  const channels = depthwise.weights.dims[0]

  const source = index.producerOf.get(node.inputs[0])
  const before = source && readActivation(source, channels, initializers, index)
  const expand = conv(before ? index.producerOf.get(before.node.inputs[0]) : source)
  if (expand?.group !== 1 || soleConsumer(node.inputs[0]) !== node) return undefined
  if (before && soleConsumer(expand.node.outputs[0]) !== before.node) return undefined

  const next = soleConsumer(node.outputs[0])
  const after = next && readActivation(next, channels, initializers, index)
  const project = conv(after ? soleConsumer(after.node.outputs[0]) : next)
  if (project?.group !== 1) return undefined

  const padded = intsOf(project.node, 'pads', []).some((pad) => pad !== 0)
  const isDead = ({ weights }: ConstantConv, channel: number) => {
    const size = weights.values.length / channels
    return weights.values
      .subarray(channel * size, (channel + 1) * size)
      .every((weight) => Math.abs(weight) < DEAD)
  }
  return {
    expand,
    depthwise,
    project,
    activations: [before, after].filter((activation) => activation !== undefined),
    constantOf(channel) {
      const entry = activate(before, channel, expand.bias?.[channel] ?? 0)
      const silent = isDead(expand, channel) && Math.abs(entry) < DEAD
      if (!silent && !isDead(depthwise, channel)) return undefined
      const constant = activate(after, channel, depthwise.bias?.[channel] ?? 0)
      return padded && Math.abs(constant) >= DEAD ? undefined : constant
    },
  }
}

/** Rows of `values` in a new order; −1 gives a row of zeros. */
function gatherRows(values: Float32Array, rows: number, order: readonly number[]): Float32Array {
  const size = values.length / rows
  const result = new Float32Array(order.length * size)
  order.forEach((row, i) => {
    if (row >= 0) result.set(values.subarray(row * size, (row + 1) * size), i * size)
  })
  return result
}

/**
 * Removes the channels around depthwise convolutions that training has left dead (their value is a
 * constant, which moves into the next bias), and fills up with zero channels to a multiple of
 * `multiple`, the block in which onnxruntime's kernels work. What the net computes stays the same
 * but for rounding.
 */
export function alignChannels(graph: OnnxGraph, multiple: number): OnnxGraph {
  const index = indexGraph(graph)
  const graphOutputs = new Set(graph.outputs.map((output) => output.name))
  const initializers = new Map(graph.initializers)
  const replaced = new Map<OnnxNode, OnnxNode>()

  for (const node of graph.nodes) {
    const found = findBottleneck(node, initializers, index, graphOutputs)
    if (found === undefined) continue
    const { expand, depthwise, project } = found
    const channels = depthwise.weights.dims[0]
    const constants = Array.from({ length: channels }, (_, c) => found.constantOf(c))
    const order = constants.flatMap((constant, c) => (constant === undefined ? [c] : []))
    while (order.length % multiple !== 0 || order.length === 0) order.push(-1)
    if (order.length === channels && order.every((channel, i) => channel === i)) continue

    for (const conv of [expand, depthwise]) {
      const [, weightName, biasName] = conv.node.inputs
      initializers.set(
        weightName,
        floatTensor(
          [order.length, ...conv.weights.dims.slice(1)],
          gatherRows(conv.weights.values, channels, order),
        ),
      )
      if (conv.bias !== undefined) {
        const bias = gatherRows(conv.bias, channels, order)
        initializers.set(biasName, floatTensor([order.length], bias))
      }
    }
    for (const { slopeName } of found.activations) {
      const slope = slopeName === undefined ? undefined : initializers.get(slopeName)
      if (slopeName === undefined || slope?.type !== 'float32') continue
      const values = gatherRows(slope.values, channels, order)
      initializers.set(slopeName, floatTensor([order.length, ...slope.dims.slice(1)], values))
    }
    replaceProjection(project, order, constants, initializers, replaced)
    replaced.set(
      node,
      makeNode('Conv', node.inputs, node.outputs[0], {
        kernel_shape: depthwise.weights.dims.slice(2),
        strides: intsOf(node, 'strides', [1, 1]),
        pads: intsOf(node, 'pads', [0, 0, 0, 0]),
        group: order.length,
      }),
    )
  }
  const nodes = graph.nodes.map((node) => replaced.get(node) ?? node)
  return { ...graph, nodes, initializers }
}

function replaceProjection(
  project: ConstantConv,
  order: readonly number[],
  constants: readonly (number | undefined)[],
  initializers: Map<string, Tensor>,
  replaced: Map<OnnxNode, OnnxNode>,
): void {
  const { node, weights } = project
  const [outputs, channels, height, width] = weights.dims
  const size = height * width
  const bias = Float64Array.from(project.bias ?? new Float32Array(outputs))
  const rows: Float32Array[] = []
  for (let output = 0; output < outputs; output++) {
    const row = weights.values.subarray(output * channels * size, (output + 1) * channels * size)
    rows.push(gatherRows(row, channels, order))
    constants.forEach((constant, channel) => {
      if (constant === undefined) return
      for (let i = 0; i < size; i++) bias[output] += row[channel * size + i] * constant
    })
  }
  const [input, weightName] = node.inputs
  const biasName = node.inputs.at(2) ?? `${weightName}_bias`
  const flat = new Float32Array(outputs * order.length * size)
  rows.forEach((row, output) => flat.set(row, output * row.length))
  initializers.set(weightName, floatTensor([outputs, order.length, height, width], flat))
  initializers.set(biasName, floatTensor([outputs], bias))
  replaced.set(node, { ...node, inputs: [input, weightName, biasName] })
}
