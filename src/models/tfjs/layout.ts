import { floatTensor, type Tensor } from '../onnx/model.js'
import type { TfTensor } from './weights.js'

/**
 * Reorders a row-major tensor's axes.
 * @param order for each axis of the result, the axis of `tensor` that it is
 */
export function permute(tensor: TfTensor, order: readonly number[]): Tensor {
  const { shape, values } = tensor
  if (order.length !== shape.length) {
    throw new Error(`a tensor of ${shape.length} axes cannot be reordered by ${order.length}`)
  }
  const strides = shape.map((_, axis) =>
    shape.slice(axis + 1).reduce((product, dimension) => product * dimension, 1),
  )
  const dims = order.map((axis) => shape[axis])
  const result = new Float32Array(values.length)
  const position = dims.map(() => 0)
  for (let i = 0; i < result.length; i++) {
    result[i] = values[order.reduce((sum, axis, k) => sum + position[k] * strides[axis], 0)]
    for (let k = dims.length - 1; k >= 0; k--) {
      if (++position[k] < dims[k]) break
      position[k] = 0
    }
  }
  return floatTensor(dims, result)
}

/** Convolution filters from TensorFlow's height, width, in, out to ONNX's out, in, height, width. */
export function convFilters(filters: TfTensor): Tensor {
  return permute(filters, [3, 2, 0, 1])
}

/** Depthwise filters from height, width, channel, multiplier to channel·multiplier, 1, height, width. */
export function depthwiseFilters(filters: TfTensor): Tensor {
  const [height, width, channels, multiplier] = filters.shape
  const reordered = permute(filters, [2, 3, 0, 1])
  return floatTensor(
    [channels * multiplier, 1, height, width],
    Float32Array.from(reordered.values, Number),
  )
}

/** What one axis of a convolution or pooling makes of its input. */
export interface WindowAxis {
  readonly size: number
  readonly before: number
  readonly after: number
}

/** TensorFlow's SAME and VALID padding along one axis. */
export function windowAxis(
  padding: 'SAME' | 'VALID',
  input: number,
  kernel: number,
  stride: number,
): WindowAxis {
  if (padding === 'VALID') {
    return { size: Math.floor((input - kernel) / stride) + 1, before: 0, after: 0 }
  }
  const size = Math.ceil(input / stride)
  const total = Math.max(0, (size - 1) * stride + kernel - input)
  const before = Math.floor(total / 2)
  return { size, before, after: total - before }
}
