import { createGraphBuilder, type GraphBuilder } from '../onnx/builder.js'
import { scaleOutputChannels } from '../onnx/edit.js'
import { floatTensor, type OnnxModel, type Tensor } from '../onnx/model.js'
import { convFilters } from './layout.js'
import type { TfTensor } from './weights.js'

/** Keras' default, which InceptionV3 was trained with. */
const BATCH_NORM_EPSILON = 1e-3
/** The side of the picture in the file; the layers work at any multiple of 8. */
const SIDE = 256
const COLOURS = 3

/** The numbers of the convolutions of one mixed block, as Keras counted them. */
interface MixedBlock {
  readonly name: string
  readonly single: number
  readonly five: readonly [number, number]
  readonly three: readonly [number, number, number]
  readonly pooled: number
}

const MIXED: readonly MixedBlock[] = [
  { name: 'mixed0', single: 6, five: [7, 8], three: [9, 10, 11], pooled: 12 },
  { name: 'mixed1', single: 13, five: [14, 15], three: [16, 17, 18], pooled: 19 },
]

/**
 * The mean of the four stride-1 results that lie two by two, as one filter a row and column larger:
 * every pixel then counts for the same number of results, where a 3×3 filter at stride 2 gives a
 * gradient in a checkerboard.
 */
function averageOfFour({ dims, values }: Tensor & { readonly values: Float32Array }): Tensor {
  const [outputs, inputs, side] = dims
  const larger = side + 1
  const spread = new Float32Array(outputs * inputs * larger * larger)
  for (let plane = 0; plane < outputs * inputs; plane++) {
    for (let i = 0; i < side * side; i++) {
      const value = values[plane * side * side + i] / 4
      const corner = plane * larger * larger + Math.floor(i / side) * larger + (i % side)
      for (const shift of [0, 1, larger, larger + 1]) spread[corner + shift] += value
    }
  }
  return floatTensor([outputs, inputs, larger, larger], spread)
}

/** Adds the layers of InceptionV3 to a graph. */
function createLayers(builder: GraphBuilder, weights: ReadonlyMap<string, TfTensor>) {
  const weight = (name: string): TfTensor => {
    const tensor = weights.get(name)
    if (tensor === undefined) throw new Error(`there is no weight ${name}`)
    return tensor
  }

  /** Convolution, batch normalisation folded in, and ReLU. */
  const conv = (from: string, number: number, name: string, stride: 1 | 2 = 1): string => {
    const norm = (part: string) => weight(`batch_normalization_${number}/${part}`).values
    const variance = norm('moving_variance')
    const scale = Float64Array.from(variance, (v) => 1 / Math.sqrt(v + BATCH_NORM_EPSILON))
    const mean = norm('moving_mean')
    const bias = Float64Array.from(norm('beta'), (beta, c) => beta - mean[c] * scale[c])
    const folded = scaleOutputChannels(convFilters(weight(`conv2d_${number}/kernel`)), scale)
    if (folded.type !== 'float32') throw new Error(`conv2d_${number} is not of float32`)
    const filters = stride === 2 ? averageOfFour(folded) : folded
    const kernel = filters.dims[2]
    const before = Math.floor((kernel - 1) / 2)
    const inputs = [
      from,
      builder.constant(`${name}_weights`, filters),
      builder.constant(`${name}_bias`, floatTensor([bias.length], bias)),
    ]
    builder.node('Conv', inputs, `${name}_linear`, {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [before, before, before, before],
    })
    return builder.node('Relu', [`${name}_linear`], name)
  }

  const halve = (from: string, name: string): string =>
    builder.node('AveragePool', [from], name, { kernel_shape: [2, 2], strides: [2, 2] })

  const mixed = (from: string, block: MixedBlock): string => {
    const part = (input: string, number: number) =>
      conv(input, number, `${block.name}_conv${number}`)
    const single = part(from, block.single)
    const five = block.five.reduce(part, from)
    const three = block.three.reduce(part, from)
    const around = builder.node('AveragePool', [from], `${block.name}_around`, {
      kernel_shape: [3, 3],
      strides: [1, 1],
      pads: [1, 1, 1, 1],
      count_include_pad: 1,
    })
    const branches = [single, five, three, part(around, block.pooled)]
    return builder.node('Concat', branches, block.name, { axis: 1 })
  }
  return { conv, halve, mixed }
}

/**
 * The first layers of InceptionV3 (Szegedy et al. 2016) as a network for style, 1×3×H×W → `conv1`
 * to `mixed1`, from Keras weights. It differs from the classifier where that makes better pictures:
 * the first layer's stride of 2 averages four stride-1 results, maximum pools are 2×2 means (Gatys
 * et al. 2016), and every convolution keeps the size of its input.
 * @throws Error when a weight is missing
 */
export function inceptionStyle(weights: ReadonlyMap<string, TfTensor>): OnnxModel {
  const builder = createGraphBuilder()
  const { conv, halve, mixed } = createLayers(builder, weights)
  conv('input', 1, 'conv1', 2)
  conv('conv1', 2, 'conv2')
  conv('conv2', 3, 'conv3')
  conv(halve('conv3', 'pool1'), 4, 'conv4')
  conv('conv4', 5, 'conv5')
  MIXED.reduce(mixed, halve('conv5', 'pool2'))
  const output = (name: string, channels: number, stride: number) => ({
    name,
    type: 'float32' as const,
    dims: [1, channels, SIDE / stride, SIDE / stride],
  })
  return {
    irVersion: 7,
    opset: 13,
    producer: 'genkan',
    graph: builder.build(
      'inception-style',
      [{ name: 'input', type: 'float32', dims: [1, COLOURS, SIDE, SIDE] }],
      [
        output('conv1', 32, 2),
        output('conv2', 32, 2),
        output('conv3', 64, 2),
        output('conv4', 80, 4),
        output('conv5', 192, 4),
        output('mixed0', 256, 8),
        output('mixed1', 288, 8),
      ],
    ),
  }
}
