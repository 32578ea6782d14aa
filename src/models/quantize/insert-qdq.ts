import { constantConv, indexGraph, removeUnused, type ConstantConv } from '../onnx/edit.js'
import {
  makeNode,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type Tensor,
} from '../onnx/model.js'
import { raiseOpset } from '../onnx/raise-opset.js'
import type { Range } from './measure-ranges.js'
import type { WeightTwin } from './split-prelu.js'
import { weightScales, type Accumulator } from './weight-scales.js'

const ACTIVATION_LEVELS = 255
const MIN_SCALE = 1e-12
const MAX_INT32 = 2 ** 31 - 1

/** Operators that have 8-bit kernels here; a Relu counts as part of the convolution before it. */
const QUANTIZED = new Set(['Conv', 'Max', 'Relu'])

/** Operators with 8-bit kernels that also work on lists of numbers, which stay in float. */
const QUANTIZED_ON_PICTURES = new Set(['Add', 'Concat', 'GlobalAveragePool', 'Mul', 'Sigmoid'])

/** Operators that work on pictures alone. */
const PICTURE_MAKERS = new Set(['AveragePool', 'Conv', 'Max', 'MaxPool', 'PRelu', 'Relu'])

/** What to quantize and how finely. */
export interface QdqOptions {
  /** Range of each activation; the two sides and the result of a Max must have the same. */
  readonly ranges: ReadonlyMap<string, Range>
  /** Names of nodes to leave in float. */
  readonly floatNodes: ReadonlySet<string>
  readonly accumulator: Accumulator
  /** By their name, weights that are kept only once, as the integers of those they are a multiple of. */
  readonly twins: ReadonlyMap<string, WeightTwin>
}

interface Grid {
  readonly scale: number
  readonly zeroPoint: number
}

/** Asymmetric 8-bit grid over a range that contains zero, on which zero is exact. */
export function activationGrid([low, high]: Range): Grid {
  const from = Math.min(0, low)
  const to = Math.max(0, high)
  const scale = Math.fround(Math.max((to - from) / ACTIVATION_LEVELS, MIN_SCALE))
  return { scale, zeroPoint: Math.min(255, Math.max(0, Math.round(-from / scale))) }
}

/**
 * Nodes that will run in 8 bits.
 */
export function quantizableNodes(graph: OnnxGraph): OnnxNode[] {
  const index = indexGraph(graph)
  const pictures = new Set<string>()
  for (const { opType, inputs, outputs } of graph.nodes) {
    const carries = QUANTIZED_ON_PICTURES.has(opType) && inputs.every((name) => pictures.has(name))
    if (PICTURE_MAKERS.has(opType) || carries) for (const name of outputs) pictures.add(name)
  }
  return graph.nodes.filter((node) => {
    if (QUANTIZED_ON_PICTURES.has(node.opType)) {
      return node.inputs.every((name) => pictures.has(name))
    }
    if (!QUANTIZED.has(node.opType)) return false
    if (node.opType === 'Conv') return constantConv(node, graph.initializers, index) !== undefined
    if (node.opType === 'Relu') return index.producerOf.get(node.inputs[0])?.opType === 'Conv'
    return node.inputs.every((input) => !graph.initializers.has(input))
  })
}

/**
 * Values that need a range: everything that an 8-bit operator reads.
 */
export function quantizedValues(graph: OnnxGraph, nodes: readonly OnnxNode[]): string[] {
  const index = indexGraph(graph)
  const values = nodes.flatMap((node) =>
    node.opType === 'Relu'
      ? []
      : node.inputs.filter((name) => name !== '' && !graph.initializers.has(name)),
  )
  // A convolution whose only reader is a Relu hands over through it, in one kernel.
  return [...new Set(values)].filter((value) => {
    const readers = index.consumersOf.get(value) ?? []
    return readers.some((reader) => reader.opType !== 'Relu')
  })
}

/**
 * Writes a model in quantize/dequantize form: int8 weights with a scale a channel, int32 biases,
 * uint8 activations with a scale a tensor. The runtime fuses each operator between its pairs into an
 * 8-bit kernel.
 * @throws Error when the model holds operators that cannot be moved to operator set 13
 */
export function insertQdq(before: OnnxModel, options: QdqOptions): OnnxModel {
  const model = raiseOpset(before)
  const { graph } = model
  const index = indexGraph(graph)
  const quantized = new Set(
    quantizableNodes(graph).filter((node) => !options.floatNodes.has(node.name)),
  )
  const values = new Map(
    quantizedValues(graph, [...quantized]).flatMap((name): [string, Grid][] => {
      const range = options.ranges.get(name)
      return range === undefined ? [] : [[name, activationGrid(range)]]
    }),
  )
  const initializers = new Map(graph.initializers)
  const nodes: OnnxNode[] = []

  const addPair = (value: string, node?: OnnxNode) => {
    const grid = values.get(value)
    if (grid === undefined) return
    const scale = Float32Array.of(grid.scale)
    const zero = Uint8Array.of(grid.zeroPoint)
    initializers.set(`${value}_s`, { type: 'float32', dims: [], values: scale })
    initializers.set(`${value}_z`, { type: 'uint8', dims: [], values: zero })
    const parameters = [`${value}_s`, `${value}_z`]
    const integer = `${value}_q`
    if (node !== undefined && comparesIntegers(node)) {
      nodes.push({ ...node, inputs: node.inputs.map((name) => `${name}_q`), outputs: [integer] })
    } else {
      nodes.push(makeNode('QuantizeLinear', [value, ...parameters], integer))
    }
    nodes.push(makeNode('DequantizeLinear', [integer, ...parameters], `${value}_d`))
  }

  /** On one common grid the greater number is the greater integer: no float in between. */
  const comparesIntegers = (node: OnnxNode): boolean => {
    if (node.opType !== 'Max' || !quantized.has(node)) return false
    const [first, ...others] = [...node.inputs, node.outputs[0]].map((name) => values.get(name))
    return others.every(
      (grid) => grid?.scale === first?.scale && grid?.zeroPoint === first?.zeroPoint,
    )
  }

  for (const { name } of graph.inputs) addPair(name)
  for (const node of graph.nodes) {
    const conv = quantized.has(node) ? constantConv(node, graph.initializers, index) : undefined
    if (comparesIntegers(node)) {
      addPair(node.outputs[0], node)
      continue
    }
    const inputs = node.inputs.map((name) => (values.has(name) ? `${name}_d` : name))
    const grid = values.get(node.inputs[0])
    if (conv !== undefined && grid !== undefined) {
      const constants = quantizeConv(conv, grid, options, initializers, nodes)
      nodes.push({ ...node, inputs: [inputs[0], ...constants] })
    } else {
      nodes.push({ ...node, inputs })
    }
    for (const output of node.outputs) addPair(output)
  }
  return {
    ...model,
    producer: 'genkan',
    graph: removeUnused({ ...graph, nodes, initializers }),
  }
}

/** Replaces a convolution's constants by integers and gives the names of the dequantized ones. */
function quantizeConv(
  conv: ConstantConv,
  input: Grid,
  { accumulator, twins }: QdqOptions,
  initializers: Map<string, Tensor>,
  nodes: OnnxNode[],
): string[] {
  const { node, weights, bias } = conv
  const [channels] = weights.dims
  const [, weightName, biasName] = node.inputs
  const twin = twins.get(weightName)
  const shared = twin && initializers.get(`${twin.of}_s`)
  let kept = weightName
  let scales: Float32Array
  if (twin !== undefined && shared?.type === 'float32') {
    kept = twin.of
    scales = shared.values.map((scale, c) => scale * twin.factors[c])
  } else {
    const size = weights.values.length / channels
    scales = weightScales(conv, accumulator).map((scale, c) => {
      const needed = bias === undefined ? 0 : Math.abs(bias[c]) / input.scale / MAX_INT32
      return Math.max(scale, needed, MIN_SCALE)
    })
    // A loop: the runtime takes several times as long for `Int8Array.from` with a function.
    const integers = new Int8Array(weights.values.length)
    for (let c = 0; c < channels; c++) {
      const end = (c + 1) * size
      for (let i = c * size; i < end; i++) integers[i] = Math.round(weights.values[i] / scales[c])
    }
    initializers.set(weightName, { type: 'int8', dims: weights.dims, values: integers })
  }
  const zeros = new Int8Array(channels)
  initializers.set(`${weightName}_s`, { type: 'float32', dims: [channels], values: scales })
  initializers.set(`${weightName}_z`, { type: 'int8', dims: [channels], values: zeros })
  const parameters = [`${weightName}_s`, `${weightName}_z`]
  nodes.push(makeNode('DequantizeLinear', [kept, ...parameters], `${weightName}_d`, { axis: 0 }))
  if (bias === undefined) return [`${weightName}_d`]

  const biasScales = scales.map((scale) => Math.fround(scale * input.scale))
  const biasIntegers = Int32Array.from(bias, (value, c) =>
    biasScales[c] === 0
      ? 0
      : Math.max(-MAX_INT32, Math.min(MAX_INT32, Math.round(value / biasScales[c]))),
  )
  initializers.set(biasName, { type: 'int32', dims: [channels], values: biasIntegers })
  initializers.set(`${biasName}_s`, { type: 'float32', dims: [channels], values: biasScales })
  nodes.push(
    makeNode('DequantizeLinear', [biasName, `${biasName}_s`], `${biasName}_d`, { axis: 0 }),
  )
  return [`${weightName}_d`, `${biasName}_d`]
}
