import { isDepthwise, type ConstantConv } from '../onnx/edit.js'

const MAX_INT8 = 127
/** Two products of a uint8 and two int8 of this sum just fit into 16 bits: 255 · 128 < 2¹⁵. */
const MAX_PAIR = 128
/** Where the order of the products is not known, any two int8 up to here fit. */
const MAX_INT7 = 63

/**
 * What a CPU adds up two products in. x86 without VNNI saturates at 16 bits; other CPUs, and all
 * CPUs in depthwise convolutions, do not.
 */
export type Accumulator = 'int16' | 'int32'

/**
 * Scale of each output channel's int8 weights, as fine as the accumulator allows.
 *
 * For `int16` two weights of neighbouring input channels, whose products meet in one sum, may only
 * add up to {@link MAX_PAIR}, which leaves most channels nearly all of their 8 bits.
 */
export function weightScales(conv: ConstantConv, accumulator: Accumulator): Float32Array {
  const { weights } = conv
  const [channels, inputs, height, width] = weights.dims
  const size = weights.values.length / channels
  const isPointwise = height * width === 1 && conv.group === 1
  const whole = accumulator === 'int32' || isDepthwise(conv)
  return Float32Array.from({ length: channels }, (_, c) => {
    const own = weights.values.subarray(c * size, (c + 1) * size)
    const largest = own.reduce((sofar, weight) => Math.max(sofar, Math.abs(weight)), 0)
    if (whole) return largest / MAX_INT8
    if (!isPointwise) return largest / MAX_INT7
    let pair = 0
    for (let i = 0; i + 1 < inputs; i += 2) pair = Math.max(pair, Math.abs(own[i] + own[i + 1]))
    // Rounding may add one half to each of the two.
    return Math.max(largest / MAX_INT8, pair / (MAX_PAIR - 1))
  })
}
