import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { InferenceSession, Tensor } from '../../../src/models/onnxruntime.js'
import t from 'tap'
import { createSeededRandom } from '../../../src/evaluation/statistics/random.js'
import { conv3d } from '../../../src/liveness/clip-net/conv3d.js'
import type { Conv3dShape } from '../../../src/liveness/clip-net/conv3d.js'
import {
  clipLogit,
  clipLoss,
  createClipNet,
  layerShapes,
  parametersOf,
  sigmoid,
} from '../../../src/liveness/clip-net/net.js'
import { clipNetBytes, clipNetToOnnx } from '../../../src/liveness/clip-net/to-onnx.js'
import { trainClipNet } from '../../../src/liveness/clip-net/train.js'
import { CLIP_FRAMES, CLIP_SIDE } from '../../../src/liveness/clip-net/face-clip.js'

const CLIP_LENGTH = CLIP_FRAMES * CLIP_SIDE * CLIP_SIDE

function numbers(length: number, seed: number): Float32Array {
  const random = createSeededRandom(seed)
  return Float32Array.from({ length }, () => 2 * random() - 1)
}

const SHAPES: readonly Conv3dShape[] = [
  { input: [5, 7, 6], channelsIn: 2, channelsOut: 3, kernel: [3, 5, 3], stride: [1, 2, 2] },
  { input: [4, 6, 6], channelsIn: 3, channelsOut: 2, kernel: [3, 3, 3], stride: [2, 2, 2] },
  { input: [3, 4, 5], channelsIn: 1, channelsOut: 4, kernel: [1, 1, 3], stride: [1, 1, 1] },
]

for (const shape of SHAPES) {
  t.test(`the convolution is TensorFlow's: ${JSON.stringify(shape)}`, async (t) => {
    await tf.setBackend('cpu')
    const { input: size, channelsIn, channelsOut, kernel, stride } = shape
    const taps = kernel[0] * kernel[1] * kernel[2]
    const input = numbers(size[0] * size[1] * size[2] * channelsIn, 1)
    const weights = numbers(taps * channelsIn * channelsOut, 2)
    const bias = numbers(channelsOut, 3)
    const output = conv3d(shape, input, weights, bias)
    const pads = kernel.map((k): [number, number] => [(k - 1) / 2, (k - 1) / 2])
    const reference = (x: tf.Tensor, w: tf.Tensor): tf.Tensor5D => {
      const padded = tf.pad(tf.reshape(x, [1, ...size, channelsIn]), [[0, 0], ...pads, [0, 0]])
      const filter = tf.reshape(w, [...kernel, channelsIn, channelsOut])
      return tf.conv3d(padded as tf.Tensor5D, filter as tf.Tensor5D, [...stride], 'valid')
    }
    const [x, w] = [tf.tensor1d(input), tf.tensor1d(weights)]
    const expected = await tf.add(reference(x, w), tf.tensor1d(bias)).data()
    const near = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
      a.length === b.length && Array.from(a).every((v, i) => Math.abs(v - b[i]) < 1e-4)
    t.ok(near(output, expected), 'output')
  })
}

t.test('the gradient of the loss is its slope', (t) => {
  const shapes = layerShapes(
    [4, 8, 8],
    [
      { channelsOut: 3, kernel: [3, 3, 3], stride: [1, 2, 2] },
      { channelsOut: 4, kernel: [3, 3, 3], stride: [2, 2, 2] },
    ],
  )
  const net = createClipNet(3, shapes)
  const clip = numbers(4 * 8 * 8, 5)
  const parameters = parametersOf(net)
  const blank = () => parameters.map((p) => new Float32Array(p.length))
  const gradients = blank()
  clipLoss(net, clip, 1, gradients, 1.5)
  const step = 1e-2
  let worst = 0
  parameters.forEach((parameter, p) => {
    for (let i = 0; i < parameter.length; i += 7) {
      const kept = parameter[i]
      parameter[i] = kept + step
      const above = clipLoss(net, clip, 1, blank(), 1.5)
      parameter[i] = kept - step
      const below = clipLoss(net, clip, 1, blank(), 1.5)
      parameter[i] = kept
      worst = Math.max(worst, Math.abs((above - below) / (2 * step) - gradients[p][i]))
    }
  })
  t.ok(worst < 3e-3, `largest deviation ${worst}`)
  t.end()
})

t.test('onnxruntime computes what the trained net computes', async (t) => {
  const net = createClipNet(11)
  const session = await InferenceSession.create(clipNetToOnnx(net), { intraOpNumThreads: 1 })
  for (const seed of [1, 2, 3]) {
    const clip = numbers(CLIP_LENGTH, seed)
    const input = new Tensor('float32', clip, [1, 1, CLIP_FRAMES, CLIP_SIDE, CLIP_SIDE])
    const { live } = await session.run({ clip: input })
    t.ok(Math.abs(Number(live.data[0]) - sigmoid(clipLogit(net, clip))) < 1e-5)
  }
  await session.release()
})

t.test('training is the same for the same seed, and learns', async (t) => {
  const clips = Array.from({ length: 4 }, (_, i) => ({
    clip: numbers(CLIP_LENGTH, i).map((value) => value * (i % 2 === 0 ? 1 : 0.1)),
    live: i % 2 === 0,
    weight: 1,
  }))
  const train = async (seed: number) => {
    const losses: number[] = []
    const net = await trainClipNet(createClipNet(seed), clips, {
      epochs: 5,
      batch: 2,
      learningRate: 3e-3,
      weightDecay: 1e-3,
      seed,
      onEpoch: (_, loss) => losses.push(loss),
    })
    return { bytes: clipNetBytes(net), losses }
  }
  const [first, again, other] = [await train(1), await train(1), await train(2)]
  t.ok(Buffer.from(first.bytes).equals(again.bytes), 'the same weights')
  t.notOk(Buffer.from(first.bytes).equals(other.bytes), 'another seed, other weights')
  t.ok(first.losses[4] < first.losses[0], first.losses.join(' '))
  await t.rejects(
    trainClipNet(createClipNet(1), [], {
      epochs: 1,
      batch: 1,
      learningRate: 1,
      weightDecay: 0,
      seed: 1,
    }),
    RangeError,
  )
})
