import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'

/** Planes (1×C×H×W) to TensorFlow's interleaved order (1×H×W×C). */
export function toInterleaved(planes: Float32Array, channels: number): Float32Array {
  const area = planes.length / channels
  return planes.map((_, i) => planes[(i % channels) * area + Math.floor(i / channels)])
}

/** A tfjs tensor of a net's input, on the cpu backend. */
export async function toTensor(
  planes: Float32Array,
  [, channels, height, width]: readonly number[],
): Promise<tf.Tensor4D> {
  await tf.setBackend('cpu')
  return tf.tensor4d(toInterleaved(planes, channels), [1, height, width, channels])
}

/** The numbers of a tfjs tensor. */
export function numbersOf(tensor: tf.Tensor): Float32Array {
  return Float32Array.from(tensor.dataSync())
}
