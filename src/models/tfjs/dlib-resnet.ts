import { createGraphBuilder } from '../onnx/builder.js'
import { floatTensor, intTensor, type OnnxModel } from '../onnx/model.js'
import { scaleOutputChannels } from '../onnx/edit.js'
import { convFilters, permute, windowAxis } from './layout.js'
import type { TfTensor } from './weights.js'

const SIDE = 150
const COLOURS = 3

/** The residual blocks in order; a `_down` block halves the picture. */
const BLOCKS = [
  'conv32_1',
  'conv32_2',
  'conv32_3',
  'conv64_down',
  'conv64_1',
  'conv64_2',
  'conv64_3',
  'conv128_down',
  'conv128_1',
  'conv128_2',
  'conv256_down',
  'conv256_1',
  'conv256_2',
  'conv256_down_out',
] as const

/** A value on its way through the net: `channels` planes of `side` by `side`. */
interface Planes {
  readonly name: string
  readonly channels: number
  readonly side: number
}

/**
 * dlib's `dlib_face_recognition_resnet_model_v1` (King 2017: a ResNet of 29 convolutions) as ONNX:
 * 1×3×150×150 → 1×128, from the weights of face-api, whose channel-wise affine layers are folded
 * into the convolutions before them.
 * @throws Error when a weight is missing
 */
export function dlibResnet(weights: ReadonlyMap<string, TfTensor>): OnnxModel {
  const builder = createGraphBuilder()

  const weight = (name: string): TfTensor => {
    const tensor = weights.get(name)
    if (tensor === undefined) throw new Error(`there is no weight ${name}`)
    return tensor
  }

  const conv = (from: Planes, layer: string, stride: 1 | 2): Planes => {
    const filters = weight(`${layer}/conv/filters`)
    const scale = weight(`${layer}/scale/weights`).values
    const shift = weight(`${layer}/scale/biases`).values
    const bias = weight(`${layer}/conv/bias`).values
    const [kernel] = filters.shape
    const axis = windowAxis(stride === 1 ? 'SAME' : 'VALID', from.side, kernel, stride)
    const folded = scaleOutputChannels(convFilters(filters), scale)
    const foldedBias = Float64Array.from(bias, (value, c) => value * scale[c] + shift[c])
    const inputs = [
      from.name,
      builder.constant(`${layer}_weights`, folded),
      builder.constant(`${layer}_bias`, floatTensor([foldedBias.length], foldedBias)),
    ]
    const name = builder.node('Conv', inputs, layer, {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [axis.before, axis.before, axis.after, axis.after],
    })
    return { name, channels: folded.dims[0], side: axis.size }
  }

  const relu = (from: Planes): Planes => ({
    ...from,
    name: builder.node('Relu', [from.name], `${from.name}_relu`),
  })

  /** Adds zero rows and columns after the picture and zero planes after its channels. */
  const grow = (from: Planes, channels: number, side: number): Planes => {
    if (from.channels === channels && from.side === side) return from
    const after = [channels - from.channels, side - from.side, side - from.side]
    const pads = builder.constant(`${from.name}_pads`, intTensor([0, 0, 0, 0, 0, ...after]))
    return { name: builder.node('Pad', [from.name, pads], `${from.name}_grown`), channels, side }
  }

  const block = (from: Planes, name: string): Planes => {
    const down = name.includes('_down')
    const made = conv(relu(conv(from, `${name}/conv1`, down ? 2 : 1)), `${name}/conv2`, 1)
    const shortcut = down ? averagePool(from, `${name}/pool`) : from
    const channels = Math.max(made.channels, shortcut.channels)
    const side = Math.max(made.side, shortcut.side)
    const terms = [grow(made, channels, side).name, grow(shortcut, channels, side).name]
    return relu({ name: builder.node('Add', terms, `${name}/sum`), channels, side })
  }

  const averagePool = (from: Planes, name: string): Planes => {
    const attributes = { kernel_shape: [2, 2], strides: [2, 2] }
    builder.node('AveragePool', [from.name], name, attributes)
    return { ...from, name, side: windowAxis('VALID', from.side, 2, 2).size }
  }

  const stem = relu(conv({ name: 'input', channels: COLOURS, side: SIDE }, 'conv32_down', 2))
  const pooled: Planes = {
    ...stem,
    name: builder.node('MaxPool', [stem.name], 'pool', { kernel_shape: [3, 3], strides: [2, 2] }),
    side: windowAxis('VALID', stem.side, 3, 2).size,
  }
  const last = BLOCKS.reduce<Planes>(block, pooled)
  const mean = builder.node('GlobalAveragePool', [last.name], 'mean')
  const flat = builder.node(
    'Reshape',
    [mean, builder.constant('flat_shape', intTensor([1, last.channels]))],
    'flat',
  )
  const fc = weight('fc')
  const length = fc.shape[1]
  builder.node('MatMul', [flat, builder.constant('fc', permute(fc, [0, 1]))], 'output')
  return {
    irVersion: 7,
    opset: 13,
    producer: 'genkan',
    graph: builder.build(
      'dlib-resnet',
      [{ name: 'input', type: 'float32', dims: [1, COLOURS, SIDE, SIDE] }],
      [{ name: 'output', type: 'float32', dims: [1, length] }],
    ),
  }
}
