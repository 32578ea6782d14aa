import { openRunner } from '../onnx/infer.js'
import type { OnnxModel } from '../onnx/model.js'
import type { ChannelMagnitudes } from './channel-spaces.js'

/** How the representable range of an activation is chosen from what it was seen to be. */
export type CalibrationMethod =
  | { readonly kind: 'min-max' }
  /** Leaves out the share 1 − `percentile`/100 of the values, half at each end. */
  | { readonly kind: 'percentile'; readonly percentile: number }
  /** Smallest mean squared error of 8-bit rounding and clipping. */
  | { readonly kind: 'mse' }

/** Lowest and highest representable number. */
export type Range = readonly [number, number]

const BINS = 4096
const LEVELS = 255

/**
 * Largest magnitude of every channel of some values, over all inputs.
 * @param names values of shape 1×C×H×W
 */
export async function measureMagnitudes(
  model: OnnxModel,
  names: readonly string[],
  inputs: readonly Float32Array[],
): Promise<ChannelMagnitudes> {
  const runner = await openRunner(model, names)
  const magnitudes = new Map<string, Float64Array>()
  for (const input of inputs) {
    const results = await runner.run(input)
    for (const name of names) {
      const result = results.get(name)
      if (result === undefined) continue
      const channels = result.dims[1]
      const area = result.values.length / channels
      const largest = magnitudes.get(name) ?? new Float64Array(channels)
      magnitudes.set(name, largest)
      for (let channel = 0; channel < channels; channel++) {
        const end = (channel + 1) * area
        for (let i = channel * area; i < end; i++) {
          const magnitude = Math.abs(result.values[i])
          if (magnitude > largest[channel]) largest[channel] = magnitude
        }
      }
    }
  }
  await runner.release()
  return magnitudes
}

interface Histogram {
  low: number
  high: number
  counts: Float64Array
}

/**
 * The range of each value over all inputs, chosen by `method`; every range contains zero.
 * @param names values of four axes
 */
export async function measureRanges(
  model: OnnxModel,
  names: readonly string[],
  inputs: readonly Float32Array[],
  method: CalibrationMethod,
): Promise<Map<string, Range>> {
  const runner = await openRunner(model, names)
  const histograms = new Map<string, Histogram>(
    names.map((name) => [name, { low: 0, high: 0, counts: new Float64Array(BINS) }]),
  )
  const overValues = async (visit: (histogram: Histogram, values: Float32Array) => void) => {
    for (const input of inputs) {
      const results = await runner.run(input)
      for (const [name, histogram] of histograms) {
        const result = results.get(name)
        if (result !== undefined) visit(histogram, result.values)
      }
    }
  }
  await overValues((histogram, values) => {
    let { low, high } = histogram
    for (let i = 0; i < values.length; i++) {
      const value = values[i]
      if (value < low) low = value
      else if (value > high) high = value
    }
    histogram.low = low
    histogram.high = high
  })
  if (method.kind !== 'min-max') {
    await overValues((histogram, values) => {
      const { low, counts } = histogram
      const scale = (BINS - 1) / (histogram.high - low)
      for (let i = 0; i < values.length; i++) counts[((values[i] - low) * scale) | 0]++
    })
  }
  await runner.release()
  return new Map([...histograms].map(([name, histogram]) => [name, chooseRange(histogram, method)]))
}

function chooseRange(histogram: Histogram, method: CalibrationMethod): Range {
  const { low, high } = histogram
  if (!(high > low)) return [0, 0]
  switch (method.kind) {
    case 'min-max':
      return [low, high]
    case 'percentile':
      return percentileRange(histogram, (1 - method.percentile / 100) / 2)
    case 'mse':
      return leastErrorRange(histogram)
  }
}

function percentileRange({ low, high, counts }: Histogram, tail: number): Range {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const width = (high - low) / (BINS - 1)
  let first = 0
  for (let seen = counts[0]; seen < tail * total; seen += counts[first]) first++
  let last = BINS - 1
  for (let seen = counts[last]; seen < tail * total; seen += counts[last]) last--
  return [Math.min(0, low + first * width), Math.min(high, Math.max(0, low + (last + 1) * width))]
}

function leastErrorRange({ low, high, counts }: Histogram): Range {
  const width = (high - low) / (BINS - 1)
  const errorOf = ([from, to]: Range): number => {
    const step = (to - from) / LEVELS
    let error = 0
    counts.forEach((count, bin) => {
      if (count === 0) return
      const value = low + (bin + 0.5) * width
      const beyond = Math.max(from - value, value - to, 0)
      error += count * (beyond > 0 ? beyond * beyond : (step * step) / 12)
    })
    return error
  }
  let best: Range = [low, high]
  let least = errorOf(best)
  for (let lowShare = 1; lowShare >= 0.4; lowShare -= 0.05) {
    for (let highShare = 1; highShare >= 0.4; highShare -= 0.05) {
      const range: Range = [low * lowShare, high * highShare]
      const error = errorOf(range)
      if (error < least) {
        least = error
        best = range
      }
    }
  }
  return best
}
