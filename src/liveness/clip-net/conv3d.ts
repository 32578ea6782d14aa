/** A 3-D convolution over time, rows and columns with symmetric zero padding of (kernel − 1) / 2. */
export interface Conv3dShape {
  /** Time, rows, columns of the input. */
  readonly input: readonly [number, number, number]
  readonly channelsIn: number
  readonly channelsOut: number
  /** Odd sizes over time, rows, columns. */
  readonly kernel: readonly [number, number, number]
  readonly stride: readonly [number, number, number]
}

/** Time, rows, columns of the output. */
export function outputSize({ input, stride }: Conv3dShape): [number, number, number] {
  return [
    Math.ceil(input[0] / stride[0]),
    Math.ceil(input[1] / stride[1]),
    Math.ceil(input[2] / stride[2]),
  ]
}

/** Calls `visit` for every pair of an output place and an input place that a kernel tap joins. */
function forEachTap(
  shape: Conv3dShape,
  visit: (outputAt: number, inputAt: number, weightAt: number) => void,
): void {
  const { input, kernel, stride, channelsIn, channelsOut } = shape
  const [times, rows, columns] = input
  const [outTimes, outRows, outColumns] = outputSize(shape)
  const [padT, padY, padX] = kernel.map((size) => (size - 1) / 2)
  let outputAt = 0
  for (let t = 0; t < outTimes; t++) {
    for (let y = 0; y < outRows; y++) {
      for (let x = 0; x < outColumns; x++, outputAt += channelsOut) {
        for (let kt = 0; kt < kernel[0]; kt++) {
          const it = t * stride[0] + kt - padT
          if (it < 0 || it >= times) continue
          for (let ky = 0; ky < kernel[1]; ky++) {
            const iy = y * stride[1] + ky - padY
            if (iy < 0 || iy >= rows) continue
            for (let kx = 0; kx < kernel[2]; kx++) {
              const ix = x * stride[2] + kx - padX
              if (ix < 0 || ix >= columns) continue
              visit(
                outputAt,
                ((it * rows + iy) * columns + ix) * channelsIn,
                ((kt * kernel[1] + ky) * kernel[2] + kx) * channelsIn * channelsOut,
              )
            }
          }
        }
      }
    }
  }
}

/**
 * Convolves (cross-correlates, as nets do).
 * @param input time × row × column × channel, row-major
 * @param weights kernel time × row × column × channel in × channel out
 * @param bias one number a channel out
 */
export function conv3d(
  shape: Conv3dShape,
  input: Float32Array,
  weights: Float32Array,
  bias: Float32Array,
): Float32Array {
  const { channelsIn, channelsOut } = shape
  const [t, y, x] = outputSize(shape)
  const output = new Float32Array(t * y * x * channelsOut)
  for (let i = 0; i < output.length; i += channelsOut) output.set(bias, i)
  forEachTap(shape, (outputAt, inputAt, weightAt) => {
    for (let ci = 0, w = weightAt; ci < channelsIn; ci++) {
      const value = input[inputAt + ci]
      if (value === 0) {
        w += channelsOut
        continue
      }
      for (let co = 0; co < channelsOut; co++, w++) output[outputAt + co] += value * weights[w]
    }
  })
  return output
}

/** Adds the gradients of a loss with respect to weights and bias to what is there. */
export interface Conv3dGradients {
  readonly weights: Float32Array
  readonly bias: Float32Array
}

/**
 * Backward pass of {@link conv3d}.
 * @param upstream gradient with respect to the output
 * @param into gradients are added here
 * @returns gradient with respect to the input; undefined when it is not wanted
 */
export function conv3dBackward(
  shape: Conv3dShape,
  input: Float32Array,
  weights: Float32Array,
  upstream: Float32Array,
  into: Conv3dGradients,
  wantsInput: boolean,
): Float32Array | undefined {
  const { channelsIn, channelsOut } = shape
  for (let i = 0; i < upstream.length; i++) into.bias[i % channelsOut] += upstream[i]
  const inputGradient = wantsInput ? new Float32Array(input.length) : undefined
  const weightGradient = into.weights
  forEachTap(shape, (outputAt, inputAt, weightAt) => {
    for (let ci = 0, w = weightAt; ci < channelsIn; ci++) {
      const value = input[inputAt + ci]
      let sum = 0
      for (let co = 0; co < channelsOut; co++, w++) {
        const slope = upstream[outputAt + co]
        weightGradient[w] += value * slope
        sum += weights[w] * slope
      }
      if (inputGradient !== undefined) inputGradient[inputAt + ci] += sum
    }
  })
  return inputGradient
}
