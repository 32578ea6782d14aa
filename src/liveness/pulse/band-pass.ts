/**
 * Kernel of a linear-phase band-pass filter: the difference of two windowed sincs under a Hamming
 * window, scaled to gain 1 at the band's middle.
 * @param taps odd
 * @throws RangeError when the band does not lie below half of the sampling rate, or taps are even
 */
export function designBandPass(
  lowHz: number,
  highHz: number,
  samplesPerSecond: number,
  taps: number,
): Float64Array {
  if (!(lowHz > 0 && lowHz < highHz && highHz < samplesPerSecond / 2)) {
    throw new RangeError(`no band of ${lowHz}–${highHz} Hz at ${samplesPerSecond} samples a second`)
  }
  if (!(Number.isInteger(taps) && taps % 2 === 1)) throw new RangeError('taps must be odd')
  const middle = (taps - 1) / 2
  const lowPass = (hz: number, n: number): number => {
    const share = (2 * hz) / samplesPerSecond
    return n === 0 ? share : Math.sin(Math.PI * share * n) / (Math.PI * n)
  }
  const kernel = Float64Array.from({ length: taps }, (_, i) => {
    const n = i - middle
    const window = 0.54 + 0.46 * Math.cos((Math.PI * n) / Math.max(1, middle))
    return (lowPass(highHz, n) - lowPass(lowHz, n)) * window
  })
  const omega = (Math.PI * (lowHz + highHz)) / samplesPerSecond
  const gain = kernel.reduce((sum, value, i) => sum + value * Math.cos(omega * (i - middle)), 0)
  return kernel.map((value) => value / gain)
}

/**
 * 1-D convolution with an odd kernel, without delay; the signal is mirrored beyond its ends.
 * @returns as many samples as the signal has
 */
export function convolve(signal: ArrayLike<number>, kernel: ArrayLike<number>): Float64Array {
  const middle = (kernel.length - 1) / 2
  const last = signal.length - 1
  const mirror = (i: number): number => {
    if (last === 0) return 0
    const period = 2 * last
    const at = ((i % period) + period) % period
    return at > last ? period - at : at
  }
  return Float64Array.from({ length: signal.length }, (_, i) => {
    let sum = 0
    for (let k = 0; k < kernel.length; k++) sum += kernel[k] * signal[mirror(i + middle - k)]
    return sum
  })
}
