import { encodeModel } from '../../models/onnx/codec.js'
import { createGraphBuilder } from '../../models/onnx/builder.js'
import { floatTensor } from '../../models/onnx/model.js'
import type { OnnxModel } from '../../models/onnx/model.js'
import { parametersOf } from './net.js'
import type { ClipLayer, ClipNet } from './net.js'

/** Kernel weights in ONNX's order: out × in × time × row × column. */
function onnxWeights({ shape, weights }: ClipLayer): Float32Array {
  const { channelsIn, channelsOut, kernel } = shape
  const taps = kernel[0] * kernel[1] * kernel[2]
  const ordered = new Float32Array(weights.length)
  for (let tap = 0; tap < taps; tap++) {
    for (let ci = 0; ci < channelsIn; ci++) {
      for (let co = 0; co < channelsOut; co++) {
        ordered[(co * channelsIn + ci) * taps + tap] =
          weights[(tap * channelsIn + ci) * channelsOut + co]
      }
    }
  }
  return ordered
}

/**
 * The net as ONNX: input `clip` 1 × 1 × time × row × column, output `live` 1 × 1, the probability
 * that a head moved.
 */
export function clipNetToOnnx(net: ClipNet): Uint8Array {
  const builder = createGraphBuilder()
  let current = 'clip'
  net.layers.forEach((layer, i) => {
    const { channelsIn, channelsOut, kernel, stride } = layer.shape
    const weights = builder.constant(
      `weights${i}`,
      floatTensor([channelsOut, channelsIn, ...kernel], onnxWeights(layer)),
    )
    const bias = builder.constant(`bias${i}`, floatTensor([channelsOut], layer.bias))
    const pads = kernel.map((size) => (size - 1) / 2)
    const convolved = builder.node('Conv', [current, weights, bias], `conv${i}`, {
      kernel_shape: kernel,
      strides: stride,
      pads: [...pads, ...pads],
    })
    current = builder.node('Relu', [convolved], `relu${i}`)
  })
  const pooled = builder.node('GlobalAveragePool', [current], 'pooled')
  const flat = builder.node('Flatten', [pooled], 'flat')
  const head = builder.constant('head', floatTensor([net.head.length, 1], net.head))
  const headBias = builder.constant('headBias', floatTensor([1], net.headBias))
  const logit = builder.node('Gemm', [flat, head, headBias], 'logit')
  builder.node('Sigmoid', [logit], 'live')
  const model: OnnxModel = {
    irVersion: 8,
    opset: 17,
    producer: 'genkan',
    graph: builder.build(
      'clip-net',
      [{ name: 'clip', type: 'float32', dims: [1, 1, ...net.layers[0].shape.input] }],
      [{ name: 'live', type: 'float32', dims: [1, 1] }],
    ),
  }
  return encodeModel(model)
}

/** All weights as little-endian float32, in the order of `parametersOf`. */
export function clipNetBytes(net: ClipNet): Uint8Array {
  const parameters = parametersOf(net)
  const all = new Float32Array(parameters.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const parameter of parameters) {
    all.set(parameter, at)
    at += parameter.length
  }
  return new Uint8Array(all.buffer)
}
