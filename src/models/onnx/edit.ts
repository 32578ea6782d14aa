import { numberOf, type OnnxGraph, type OnnxNode, type Tensor } from './model.js'

/** Which node makes each value and which nodes use it. */
export interface GraphIndex {
  readonly producerOf: ReadonlyMap<string, OnnxNode>
  readonly consumersOf: ReadonlyMap<string, readonly OnnxNode[]>
}

/** Looks up producers and consumers of every value in a graph. */
export function indexGraph(graph: OnnxGraph): GraphIndex {
  const producerOf = new Map<string, OnnxNode>()
  const consumersOf = new Map<string, OnnxNode[]>()
  for (const node of graph.nodes) {
    for (const output of node.outputs) producerOf.set(output, node)
    for (const input of new Set(node.inputs)) {
      const consumers = consumersOf.get(input)
      if (consumers === undefined) consumersOf.set(input, [node])
      else consumers.push(node)
    }
  }
  return { producerOf, consumersOf }
}

/** A convolution whose weights and bias are constants used by nothing else. */
export interface ConstantConv {
  readonly node: OnnxNode
  /** Output channels, input channels a group, height, width. */
  readonly weights: Tensor & { readonly values: Float32Array }
  readonly bias: Float32Array | undefined
  readonly group: number
}

function isFloat(tensor: Tensor): tensor is Tensor & { readonly type: 'float32' } {
  return tensor.type === 'float32'
}

/** The convolution's constants, or `undefined` when they are not constant or shared. */
export function constantConv(
  node: OnnxNode,
  initializers: ReadonlyMap<string, Tensor>,
  index: GraphIndex,
): ConstantConv | undefined {
  if (node.opType !== 'Conv') return undefined
  const [, weightName, biasName] = node.inputs
  const weights = initializers.get(weightName)
  if (weights === undefined || !isFloat(weights) || weights.dims.length !== 4) return undefined
  if (index.consumersOf.get(weightName)?.length !== 1) return undefined
  const base = { node, weights, group: numberOf(node, 'group', 1) }
  if (node.inputs.length < 3 || biasName === '') return { ...base, bias: undefined }
  const bias = initializers.get(biasName)
  if (bias === undefined || !isFloat(bias)) return undefined
  if (index.consumersOf.get(biasName)?.length !== 1) return undefined
  return { ...base, bias: bias.values }
}

/** Whether each channel is filtered by itself (one input channel a group, as many out as in). */
export function isDepthwise({ weights, group }: ConstantConv): boolean {
  return weights.dims[1] === 1 && group === weights.dims[0]
}

/** The weights with every output channel multiplied by its factor. */
export function scaleOutputChannels(weights: Tensor, factors: ArrayLike<number>): Tensor {
  if (!isFloat(weights)) throw new Error('only float32 weights can be scaled')
  const size = weights.values.length / weights.dims[0]
  return {
    ...weights,
    values: weights.values.map((value, i) => value * factors[Math.floor(i / size)]),
  }
}

/** The convolution's weights with every input channel multiplied by its factor. */
export function scaleInputChannels(conv: ConstantConv, factors: ArrayLike<number>): Tensor {
  const { weights, group } = conv
  const [outputs, inputsPerGroup, height, width] = weights.dims
  const size = height * width
  const outputsPerGroup = outputs / group
  return {
    type: 'float32',
    dims: weights.dims,
    values: weights.values.map((value, i) => {
      const inGroup = Math.floor(i / size) % inputsPerGroup
      const output = Math.floor(i / (size * inputsPerGroup))
      return value * factors[Math.floor(output / outputsPerGroup) * inputsPerGroup + inGroup]
    }),
  }
}

/** The graph without nodes and constants that no output depends on. */
export function removeUnused(graph: OnnxGraph): OnnxGraph {
  const { producerOf } = indexGraph(graph)
  const used = new Set<OnnxNode>()
  const values = graph.outputs.map((output) => output.name)
  const usedValues = new Set(values)
  for (let value = values.pop(); value !== undefined; value = values.pop()) {
    const node = producerOf.get(value)
    if (node === undefined || used.has(node)) continue
    used.add(node)
    for (const input of node.inputs) {
      usedValues.add(input)
      values.push(input)
    }
  }
  return {
    ...graph,
    nodes: graph.nodes.filter((node) => used.has(node)),
    initializers: new Map([...graph.initializers].filter(([name]) => usedValues.has(name))),
  }
}
