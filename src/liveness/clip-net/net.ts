import { createSeededRandom } from '../../evaluation/statistics/random.js'
import { conv3d, conv3dBackward, outputSize } from './conv3d.js'
import type { Conv3dShape } from './conv3d.js'
import { CLIP_FRAMES, CLIP_SIDE } from './face-clip.js'

/** One convolution followed by a ReLU. */
export interface ClipLayer {
  readonly shape: Conv3dShape
  readonly weights: Float32Array
  readonly bias: Float32Array
}

/** A small 3-D convolutional net: convolutions, mean over time and place, one logit. */
export interface ClipNet {
  readonly layers: readonly ClipLayer[]
  /** One weight a channel of the last layer. */
  readonly head: Float32Array
  readonly headBias: Float32Array
}

type Spec = Pick<Conv3dShape, 'channelsOut' | 'kernel' | 'stride'>

const LAYERS: readonly Spec[] = [
  { channelsOut: 8, kernel: [3, 5, 5], stride: [1, 2, 2] },
  { channelsOut: 12, kernel: [3, 3, 3], stride: [2, 2, 2] },
  { channelsOut: 16, kernel: [3, 3, 3], stride: [2, 2, 2] },
]

/** Shapes of the convolutions over an input of the given size. */
export function layerShapes(
  input: readonly [number, number, number] = [CLIP_FRAMES, CLIP_SIDE, CLIP_SIDE],
  specs: readonly Spec[] = LAYERS,
): Conv3dShape[] {
  const shapes: Conv3dShape[] = []
  let size = input
  let channelsIn = 1
  for (const spec of specs) {
    const shape = { ...spec, input: size, channelsIn }
    shapes.push(shape)
    size = outputSize(shape)
    channelsIn = spec.channelsOut
  }
  return shapes
}

/** A net with random weights (He et al. 2015), the same for the same seed. */
export function createClipNet(seed: number, shapes = layerShapes()): ClipNet {
  const random = createSeededRandom(seed)
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const layers = shapes.map((shape) => {
    const { kernel, channelsIn, channelsOut } = shape
    const fanIn = kernel[0] * kernel[1] * kernel[2] * channelsIn
    const scale = Math.sqrt(2 / fanIn)
    return {
      shape,
      weights: Float32Array.from({ length: fanIn * channelsOut }, () => scale * normal()),
      bias: new Float32Array(channelsOut),
    }
  })
  const last = shapes[shapes.length - 1].channelsOut
  const head = Float32Array.from({ length: last }, () => normal() / Math.sqrt(last))
  return { layers, head, headBias: new Float32Array(1) }
}

/** All numbers that training changes, in a fixed order. */
export function parametersOf(net: ClipNet): Float32Array[] {
  return [...net.layers.flatMap(({ weights, bias }) => [weights, bias]), net.head, net.headBias]
}

/** A deep copy. */
export function copyClipNet(net: ClipNet): ClipNet {
  return {
    layers: net.layers.map(({ shape, weights, bias }) => ({
      shape,
      weights: weights.slice(),
      bias: bias.slice(),
    })),
    head: net.head.slice(),
    headBias: net.headBias.slice(),
  }
}

interface Trace {
  /** The input, then every layer's output after its ReLU. */
  readonly activations: readonly Float32Array[]
  readonly pooled: Float32Array
  readonly logit: number
}

function trace(net: ClipNet, clip: Float32Array): Trace {
  const activations = [clip]
  let current = clip
  for (const { shape, weights, bias } of net.layers) {
    current = conv3d(shape, current, weights, bias)
    for (let i = 0; i < current.length; i++) if (current[i] < 0) current[i] = 0
    activations.push(current)
  }
  const channels = net.head.length
  const pooled = new Float32Array(channels)
  const places = current.length / channels
  for (let i = 0; i < current.length; i++) pooled[i % channels] += current[i] / places
  const logit = pooled.reduce((sum, value, c) => sum + value * net.head[c], net.headBias[0])
  return { activations, pooled, logit }
}

/** Logit that the clip shows a head in motion and no moved flat picture. */
export function clipLogit(net: ClipNet, clip: Float32Array): number {
  return trace(net, clip).logit
}

/** Logistic function. */
export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit))
}

/**
 * Cross entropy of one clip, and its gradient.
 * @param target 1 live, 0 attack
 * @param into gradients in the order of {@link parametersOf}, added to what is there
 * @param weight of the clip in the loss
 */
export function clipLoss(
  net: ClipNet,
  clip: Float32Array,
  target: number,
  into: readonly Float32Array[],
  weight = 1,
): number {
  const { activations, pooled, logit } = trace(net, clip)
  const slope = weight * (sigmoid(logit) - target)
  const headAt = 2 * net.layers.length
  const channels = net.head.length
  for (let c = 0; c < channels; c++) into[headAt][c] += slope * pooled[c]
  into[headAt + 1][0] += slope
  const last = activations[net.layers.length]
  const places = last.length / channels
  let upstream: Float32Array = new Float32Array(last.length)
  for (let i = 0; i < last.length; i++) {
    if (last[i] > 0) upstream[i] = (slope * net.head[i % channels]) / places
  }
  for (let l = net.layers.length - 1; l >= 0; l--) {
    const { shape, weights } = net.layers[l]
    const input = activations[l]
    const gradients = { weights: into[2 * l], bias: into[2 * l + 1] }
    const below = conv3dBackward(shape, input, weights, upstream, gradients, l > 0)
    if (below === undefined) break
    for (let i = 0; i < below.length; i++) if (input[i] <= 0) below[i] = 0
    upstream = below
  }
  return weight * (Math.max(logit, 0) - logit * target + Math.log1p(Math.exp(-Math.abs(logit))))
}
