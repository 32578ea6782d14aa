import { intTensor } from '../onnx/model.js'
import { turnFilters, type Tape, type Value } from './tape.js'

/** A convolution with square filters whose weights are trained. */
export interface ConvLayer {
  readonly name: string
  readonly inputs: number
  readonly outputs: number
  readonly kernel: number
  readonly stride: 1 | 2
}

/** Filters (out, in, height, width) and bias of each layer, by name. */
export type ConvWeights = ReadonlyMap<
  string,
  { readonly filters: Float32Array; readonly bias: Float32Array }
>

/** Names of a layer's inputs and outputs in the training graph. */
export const WEIGHT_NAMES = {
  filters: (layer: string) => `${layer}_filters`,
  turned: (layer: string) => `${layer}_turned`,
  bias: (layer: string) => `${layer}_bias`,
  filtersGradient: (layer: string) => `${layer}_filters_gradient`,
  biasGradient: (layer: string) => `${layer}_bias_gradient`,
} as const

/** What the training graph is fed with for the weights. */
export function weightFeeds(
  layers: readonly ConvLayer[],
  weights: ConvWeights,
): Record<string, { values: Float32Array; dims: readonly number[] }> {
  const feeds: Record<string, { values: Float32Array; dims: readonly number[] }> = {}
  for (const { name, inputs, outputs, kernel, stride } of layers) {
    const found = weights.get(name)
    if (found === undefined) throw new Error(`there are no weights ${name}`)
    const dims = [outputs, inputs, kernel, kernel]
    feeds[WEIGHT_NAMES.filters(name)] = { values: found.filters, dims }
    feeds[WEIGHT_NAMES.bias(name)] = { values: found.bias, dims: [outputs] }
    if (stride === 1) {
      const turned = turnFilters({ type: 'float32', dims, values: found.filters })
      if (turned.type !== 'float32') continue
      feeds[WEIGHT_NAMES.turned(name)] = { values: turned.values, dims: turned.dims }
    }
  }
  return feeds
}

/**
 * Adds a convolution whose weights are inputs, with the gradients by input, filters and bias.
 * @param x N×inputs×H×W, sides a multiple of the stride
 * @param trained gets the weights' values, to ask their gradients for
 */
export function trainedConv(tape: Tape, x: Value, layer: ConvLayer, trained: Value[]): Value {
  const { name, inputs, outputs, kernel, stride } = layer
  const filterDims = [outputs, inputs, kernel, kernel]
  const filters = tape.input(WEIGHT_NAMES.filters(name), filterDims)
  const bias = tape.input(WEIGHT_NAMES.bias(name), [outputs])
  trained.push(filters, bias)
  const turned =
    stride === 1
      ? tape.input(WEIGHT_NAMES.turned(name), [inputs, outputs, kernel, kernel])
      : undefined
  const pad = Math.floor((kernel - 1) / 2)
  const [n, , h, w] = x.dims
  const size = { height: h / stride, width: w / stride }
  const window = { kernel_shape: [kernel, kernel], strides: [stride, stride] }
  const pads = { pads: [pad, pad, pad, pad] }
  const dims = [n, outputs, size.height, size.width]
  const y = tape.plain('Conv', [x, filters, bias], dims, { ...window, ...pads })
  const ints = (values: readonly number[]) =>
    tape.constant(`${name}_ints_${values.join('_')}`, intTensor(values))

  /** dY times the columns that each filter saw: a sum over cells for each pair of channels and tap. */
  const filtersGradient = (gradient: Value): Value => {
    const cells = n * size.height * size.width
    /** Channel by channel, the pictures of a batch one after another. */
    const byChannel = (value: Value, channels: number): Value =>
      n === 1
        ? value
        : tape.plain('Transpose', [value], [channels, n, size.height, size.width], {
            perm: [1, 0, 2, 3],
          })
    const padded = tape.plain(
      'Pad',
      [x, ints([0, 0, pad, pad, 0, 0, pad, pad])],
      [n, inputs, h + 2 * pad, w + 2 * pad],
    )
    const taps = Array.from({ length: kernel * kernel }, (_, tap) => {
      const top = Math.floor(tap / kernel)
      const left = tap % kernel
      const ends = [top + stride * (size.height - 1) + 1, left + stride * (size.width - 1) + 1]
      const slice = tape.plain(
        'Slice',
        [padded, ints([top, left]), ints(ends), ints([2, 3]), ints([stride, stride])],
        [n, inputs, size.height, size.width],
      )
      return tape.reshape(byChannel(slice, inputs), [1, inputs, cells])
    })
    const columns = tape.plain('Concat', taps, [kernel * kernel, inputs, cells], { axis: 0 })
    const flat = tape.reshape(columns, [kernel * kernel * inputs, cells])
    const rows = tape.reshape(byChannel(gradient, outputs), [outputs, cells])
    const product = tape.plain('Gemm', [rows, flat], [outputs, kernel * kernel * inputs], {
      transB: 1,
    })
    const byTap = tape.reshape(product, [outputs, kernel * kernel, inputs])
    const ordered = tape.plain('Transpose', [byTap], [outputs, inputs, kernel * kernel], {
      perm: [0, 2, 1],
    })
    return tape.reshape(ordered, filterDims)
  }
  tape.rule(y, (gradient) => [
    [
      x,
      () =>
        turned === undefined
          ? tape.plain('ConvTranspose', [gradient, filters], x.dims, { ...window, ...pads })
          : tape.plain('Conv', [gradient, turned], x.dims, { ...window, ...pads }),
    ],
    [filters, () => filtersGradient(gradient)],
    [bias, () => tape.plain('ReduceSum', [gradient, ints([0, 2, 3])], [outputs], { keepdims: 0 })],
  ])
  return y
}
