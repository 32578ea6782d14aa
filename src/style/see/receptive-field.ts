import { intsOf, type OnnxGraph, type OnnxNode } from '../../models/onnx/model.js'

/**
 * Along one axis: value `i` of a layer depends on the input's positions
 * `step · i + low` to `step · i + high`, both included; positions outside the picture are padding.
 */
export interface Reach {
  readonly step: number
  readonly low: number
  readonly high: number
}

/** What one value of a graph looks at. */
export interface Field {
  readonly channels: number
  readonly x: Reach
  readonly y: Reach
  /** Whether it holds 8-bit numbers, which cannot be given out as they are. */
  readonly isQuantized: boolean
}

const UNARY = new Set([
  ...['Relu', 'PRelu', 'LeakyRelu', 'Sigmoid', 'Clip', 'Identity', 'BatchNormalization'],
  ...['QuantizeLinear', 'DequantizeLinear'],
])
const ELEMENTWISE = new Set(['Add', 'Sub', 'Mul', 'Max', 'Min'])

/** A window of `kernel` positions every `stride`, moved by `pad`, laid over what is there already. */
function throughWindow(
  reach: Reach,
  kernel: number,
  stride: number,
  pad: number,
  dilation: number,
): Reach {
  const first = -pad
  const last = first + (kernel - 1) * dilation
  return {
    step: reach.step * stride,
    low: reach.low + reach.step * first,
    high: reach.high + reach.step * last,
  }
}

function union(one: Reach, other: Reach): Reach | undefined {
  if (one.step !== other.step) return undefined
  return {
    step: one.step,
    low: Math.min(one.low, other.low),
    high: Math.max(one.high, other.high),
  }
}

function join(fields: readonly Field[], channels: number): Field | undefined {
  const [first, ...rest] = fields
  let { x, y } = first
  for (const field of rest) {
    const wider = union(x, field.x)
    const taller = union(y, field.y)
    if (wider === undefined || taller === undefined) return undefined
    x = wider
    y = taller
  }
  return { x, y, channels, isQuantized: first.isQuantized }
}

function windowed(node: OnnxNode, field: Field, kernel: readonly number[], channels: number) {
  const auto = node.attributes.get('auto_pad')
  if (auto?.kind === 'string' && auto.value !== 'NOTSET') return undefined
  const strides = intsOf(node, 'strides', [1, 1])
  const pads = intsOf(node, 'pads', [0, 0, 0, 0])
  const dilations = intsOf(node, 'dilations', [1, 1])
  if (kernel.length !== 2) return undefined
  return {
    channels,
    isQuantized: false,
    y: throughWindow(field.y, kernel[0], strides[0], pads[0], dilations[0]),
    x: throughWindow(field.x, kernel[1], strides[1], pads[1], dilations[1]),
  }
}

/**
 * What each inner value of a net with one picture as input looks at. Values that look at all of the
 * picture at once, and operators that are not known, are left out with all that follows them.
 */
export function traceFields(graph: OnnxGraph): ReadonlyMap<string, Field> {
  const [input] = graph.inputs
  const pixel: Reach = { step: 1, low: 0, high: 0 }
  const fields = new Map<string, Field>([
    [input.name, { channels: Number(input.dims[1]), x: pixel, y: pixel, isQuantized: false }],
  ])
  /** Constants that were quantized keep their sizes. */
  const constantDims = new Map([...graph.initializers].map(([name, { dims }]) => [name, dims]))

  function fieldOf(node: OnnxNode): Field | undefined {
    const [first] = node.inputs
    const before = fields.get(first)
    if (node.opType === 'Conv') {
      const weights = constantDims.get(node.inputs[1])
      if (before === undefined || weights?.length !== 4) return undefined
      return windowed(node, before, intsOf(node, 'kernel_shape', weights.slice(2)), weights[0])
    }
    if (node.opType === 'MaxPool' || node.opType === 'AveragePool') {
      if (before === undefined) return undefined
      return windowed(node, before, intsOf(node, 'kernel_shape', []), before.channels)
    }
    if (UNARY.has(node.opType)) {
      if (before === undefined) return undefined
      const { opType } = node
      const isQuantized =
        opType === 'QuantizeLinear' || (opType !== 'DequantizeLinear' && before.isQuantized)
      return { ...before, isQuantized }
    }
    const inputs = node.inputs.filter((name) => !graph.initializers.has(name))
    const known = inputs.flatMap((name) => fields.get(name) ?? [])
    if (known.length === 0 || known.length !== inputs.length) return undefined
    if (ELEMENTWISE.has(node.opType)) return join(known, known[0].channels)
    if (node.opType === 'Concat') {
      return join(
        known,
        known.reduce((sum, { channels }) => sum + channels, 0),
      )
    }
    return undefined
  }

  for (const node of graph.nodes) {
    const [output] = node.outputs
    const dims = constantDims.get(node.inputs[0])
    if (node.opType === 'DequantizeLinear' && dims !== undefined) {
      constantDims.set(output, dims)
      continue
    }
    const field = fieldOf(node)
    if (field !== undefined) fields.set(output, field)
  }
  return fields
}
