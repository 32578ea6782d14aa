import { createGraphBuilder } from '../onnx/builder.js'
import {
  floatTensor,
  intTensor,
  type OnnxModel,
  type PlainAttributes,
  type Tensor,
} from '../onnx/model.js'

/** A float32 value of a graph under construction, with its fixed dimensions. */
export interface Value {
  readonly name: string
  readonly dims: readonly number[]
}

/** Where a value's gradient comes from: the gradient of its output, pulled back to each input. */
type PullBack = (gradient: Value) => readonly (readonly [Value, () => Value])[]

/** A rectangle of a feature map, in its own cells. */
export interface Crop {
  readonly top: number
  readonly left: number
  readonly height: number
  readonly width: number
}

/** Filters that are constants of the graph, so that the runtime can lay them out beforehand. */
export interface Filters {
  readonly weights: Tensor & { readonly values: Float32Array }
  readonly bias: Float32Array
}

/**
 * A graph under construction that remembers how each value was made, so that the nodes of the
 * backward pass can be added after those of the forward pass (reverse-mode differentiation; each
 * operator's rule is derived by hand).
 */
export interface Tape {
  /** Declares an input of the graph. */
  input(name: string, dims: readonly number[]): Value
  /** Declares an output of the graph. */
  output(value: Value, name: string): void
  constant(name: string, tensor: Tensor): Value
  scalar(value: number): Value
  /** Any operator, without a rule for its gradient. */
  plain(
    opType: string,
    inputs: readonly Value[],
    dims: readonly number[],
    attributes?: PlainAttributes,
  ): Value
  /** Convolution with constant filters. */
  conv(x: Value, filters: Filters, stride: number, pad: number): Value
  relu(x: Value): Value
  /** Mean over windows; at stride 1 windows are padded with zeros that count. */
  meanPool(x: Value, kernel: number, stride: number, pad: number): Value
  concat(values: readonly Value[]): Value
  /** Records an operator made of {@link plain} ones, with its rule. */
  rule(output: Value, pullBack: PullBack): void
  reshape(x: Value, dims: readonly number[]): Value
  crop(x: Value, crop: Crop): Value
  /** The adjoint of {@link crop}: `x` in a field of zeros. */
  uncrop(x: Value, crop: Crop, dims: readonly number[]): Value
  /**
   * Adds the backward pass.
   * @param seeds values and the gradients that reach them from the costs
   * @returns the gradient of `wanted`
   */
  backward(seeds: readonly (readonly [Value, Value])[], wanted: readonly Value[]): readonly Value[]
  build(name: string): OnnxModel
}

/** Filters for the gradient of a stride-1 convolution: turned by 180° and transposed. */
export function turnFilters({ dims, values }: Filters['weights']): Tensor {
  const [outputs, inputs, height, width] = dims
  const area = height * width
  const turned = new Float32Array(values.length)
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      for (let k = 0; k < area; k++) {
        turned[(i * outputs + o) * area + (area - 1 - k)] = values[(o * inputs + i) * area + k]
      }
    }
  }
  return floatTensor([inputs, outputs, height, width], turned)
}

/** An empty {@link Tape}. */
export function createTape(): Tape {
  const builder = createGraphBuilder()
  const inputs: Value[] = []
  const outputs: { value: Value; name: string }[] = []
  const made: { output: Value; pullBack: PullBack }[] = []
  let count = 0
  const fresh = (hint: string) => `${hint.toLowerCase()}_${count++}`

  const plain: Tape['plain'] = (opType, from, dims, attributes = {}) => {
    const names = from.map(({ name }) => name)
    return { name: builder.node(opType, names, fresh(opType), attributes), dims }
  }
  const constant = (name: string, tensor: Tensor): Value => ({
    name: builder.constant(name, tensor),
    dims: tensor.dims,
  })
  const ints = (values: readonly number[]) => constant(fresh('ints'), intTensor(values))
  const scalar = (value: number) => constant(fresh('scalar'), floatTensor([], [value]))
  const add = (a: Value, b: Value) => plain('Add', [a, b], a.dims)
  const reshape = (x: Value, dims: readonly number[]) => plain('Reshape', [x, ints(dims)], dims)

  const crop: Tape['crop'] = (x, { top, left, height, width }) => {
    const [n, c, h, w] = x.dims
    if (top === 0 && left === 0 && h === height && w === width) return x
    const ends = [top + height, left + width]
    return plain('Slice', [x, ints([top, left]), ints(ends), ints([2, 3])], [n, c, height, width])
  }
  const uncrop: Tape['uncrop'] = (x, { top, left, height, width }, dims) => {
    const [, , h, w] = dims
    if (top === 0 && left === 0 && h === height && w === width) return x
    const after = [h - top - height, w - left - width]
    return plain('Pad', [x, ints([0, 0, top, left, 0, 0, ...after])], dims)
  }

  const conv: Tape['conv'] = (x, { weights, bias }, stride, pad) => {
    const [n, , h, w] = x.dims
    const [channels, , kernel] = weights.dims
    const size = (side: number) => Math.floor((side + 2 * pad - kernel) / stride) + 1
    const window = { kernel_shape: [kernel, kernel], strides: [stride, stride] }
    const kept = constant(fresh('weights'), weights)
    const y = plain(
      'Conv',
      [x, kept, constant(fresh('bias'), floatTensor([bias.length], bias))],
      [n, channels, size(h), size(w)],
      { ...window, pads: [pad, pad, pad, pad] },
    )
    made.push({
      output: y,
      pullBack: (gradient) => [
        [
          x,
          () => {
            if (stride > 1) {
              const pads = [pad, pad, pad, pad]
              return plain('ConvTranspose', [gradient, kept], x.dims, { ...window, pads })
            }
            const turned = constant(fresh('turned'), turnFilters(weights))
            const back = kernel - 1 - pad
            return plain('Conv', [gradient, turned], x.dims, {
              ...window,
              pads: [back, back, back, back],
            })
          },
        ],
      ],
    })
    return y
  }

  /** 1 where a value after a ReLU is above zero, 0 elsewhere; faster here than Sign. */
  const stepOf = (y: Value) =>
    plain('HardSigmoid', [y], y.dims, {
      alpha: { kind: 'float', value: 1e30 },
      beta: { kind: 'float', value: 0 },
    })

  const relu = (x: Value): Value => {
    const y = plain('Relu', [x], x.dims)
    made.push({
      output: y,
      pullBack: (gradient) => [[x, () => plain('Mul', [gradient, stepOf(y)], x.dims)]],
    })
    return y
  }

  const meanPool: Tape['meanPool'] = (x, kernel, stride, pad) => {
    const [n, c, h, w] = x.dims
    const size = (side: number) => Math.floor((side + 2 * pad - kernel) / stride) + 1
    const attributes = {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      count_include_pad: 1,
    }
    const y = plain('AveragePool', [x], [n, c, size(h), size(w)], attributes)
    made.push({
      output: y,
      pullBack: (gradient) => [
        [
          x,
          () => {
            if (stride === 1) return plain('AveragePool', [gradient], x.dims, attributes)
            const share = plain('Mul', [gradient, scalar(1 / (kernel * kernel))], gradient.dims)
            const none = { name: '', dims: [] }
            const scales = constant(fresh('scales'), floatTensor([4], [1, 1, stride, stride]))
            return plain('Resize', [share, none, scales], x.dims, {
              mode: 'nearest',
              coordinate_transformation_mode: 'asymmetric',
              nearest_mode: 'floor',
            })
          },
        ],
      ],
    })
    return y
  }

  const concat = (values: readonly Value[]): Value => {
    const [n, , h, w] = values[0].dims
    const sizes = values.map(({ dims }) => dims[1])
    const y = plain('Concat', values, [n, sizes.reduce((a, b) => a + b, 0), h, w], { axis: 1 })
    made.push({
      output: y,
      pullBack: (gradient) => {
        let start = 0
        return values.map((value) => {
          const from = start
          start += value.dims[1]
          const end = start
          return [
            value,
            () => plain('Slice', [gradient, ints([from]), ints([end]), ints([1])], value.dims),
          ] as const
        })
      },
    })
    return y
  }

  const backward: Tape['backward'] = (seeds, wanted) => {
    const gradients = new Map<string, Value>()
    const receive = (value: Value, gradient: Value) => {
      const sofar = gradients.get(value.name)
      gradients.set(value.name, sofar === undefined ? gradient : add(sofar, gradient))
    }
    const leads = new Set(wanted.map(({ name }) => name))
    for (const { output, pullBack } of made) {
      if (pullBack(output).some(([input]) => leads.has(input.name))) leads.add(output.name)
    }
    for (const [value, gradient] of seeds) receive(value, gradient)
    for (const { output, pullBack } of made.toReversed()) {
      const gradient = gradients.get(output.name)
      if (gradient === undefined) continue
      for (const [input, pulled] of pullBack(gradient)) {
        if (leads.has(input.name)) receive(input, pulled())
      }
    }
    return wanted.map((value) => {
      const gradient = gradients.get(value.name)
      if (gradient === undefined) throw new Error(`no cost depends on ${value.name}`)
      return gradient
    })
  }

  return {
    input(name, dims) {
      const value = { name, dims }
      inputs.push(value)
      return value
    },
    output(value, name) {
      outputs.push({ value, name })
    },
    constant,
    scalar,
    plain,
    conv,
    relu,
    meanPool,
    concat,
    rule: (output, pullBack) => made.push({ output, pullBack }),
    reshape,
    crop,
    uncrop,
    backward,
    build(name) {
      for (const { value, name: called } of outputs) {
        builder.node('Identity', [value.name], called)
      }
      const info = ({ name: called, dims }: Value) => ({
        name: called,
        type: 'float32' as const,
        dims,
      })
      return {
        irVersion: 7,
        opset: 13,
        producer: 'genkan',
        graph: builder.build(
          name,
          inputs.map(info),
          outputs.map(({ value, name: called }) => info({ name: called, dims: value.dims })),
        ),
      }
    },
  }
}
