import { convolve, designBandPass } from './band-pass.js'

/** Colours are laid on an even grid of this many samples a second before anything else. */
export const SAMPLES_PER_SECOND = 20
/** Pulses looked for: 42 to 180 beats a minute. */
export const LOW_HZ = 0.7
export const HIGH_HZ = 3
/** The harmonic may lie up to here. */
const TOP_HZ = 4
/** Half width of the pulse's peak and of its harmonic's. */
const PEAK_HZ = 0.2
const GRID_HZ = 1 / 60
const TAPS = 2 * SAMPLES_PER_SECOND + 1
/** Wang's window of 1.6 s: longer than a beat, shorter than a drift of the light. */
const WINDOW = Math.round(1.6 * SAMPLES_PER_SECOND)

/** Mean skin colour at one moment. */
export interface ColourSample {
  readonly monotonicMs: number
  readonly rgb: readonly [number, number, number]
}

/** The strongest periodic change of colour within the pulse band. */
export interface PulseReading {
  readonly beatsPerMinute: number
  /** Power at the rate and its harmonic against all other power up to 4 Hz, in decibels. */
  readonly snrDb: number
}

/** Colours on the even grid, linear between neighbours; times must ascend. */
export function resampleColours(samples: readonly ColourSample[]): Float64Array[] {
  const first = samples[0].monotonicMs
  const spanS = (samples[samples.length - 1].monotonicMs - first) / 1000
  const count = Math.floor(spanS * SAMPLES_PER_SECOND) + 1
  const planes = [0, 1, 2].map(() => new Float64Array(count))
  let at = 0
  for (let i = 0; i < count; i++) {
    const ms = first + (i * 1000) / SAMPLES_PER_SECOND
    while (at < samples.length - 2 && samples[at + 1].monotonicMs <= ms) at++
    const [from, to] = [samples[at], samples[Math.min(at + 1, samples.length - 1)]]
    const gapMs = to.monotonicMs - from.monotonicMs
    const share = gapMs > 0 ? Math.min(1, (ms - from.monotonicMs) / gapMs) : 0
    planes.forEach((plane, c) => (plane[i] = from.rgb[c] + share * (to.rgb[c] - from.rgb[c])))
  }
  return planes
}

function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
}

/**
 * Plane-orthogonal-to-skin (Wang, den Brinker, Stuijk, de Haan, IEEE TBME 2017): in sliding windows
 * the colours are divided by their mean and projected so that changes of brightness, which motion
 * and lamps make, cancel.
 */
export function planeOrthogonalToSkin(planes: readonly Float64Array[]): Float64Array {
  const [red, green, blue] = planes
  const pulse = new Float64Array(red.length)
  const first = new Float64Array(WINDOW)
  const second = new Float64Array(WINDOW)
  for (let start = 0; start + WINDOW <= red.length; start++) {
    const [meanR, meanG, meanB] = planes.map((plane) => {
      let sum = 0
      for (let i = 0; i < WINDOW; i++) sum += plane[start + i]
      return Math.max(1e-6, sum / WINDOW)
    })
    for (let i = 0; i < WINDOW; i++) {
      const [r, g, b] = [red[start + i] / meanR, green[start + i] / meanG, blue[start + i] / meanB]
      first[i] = g - b
      second[i] = g + b - 2 * r
    }
    const tuned = deviation(first) / Math.max(1e-12, deviation(second))
    let mean = 0
    for (let i = 0; i < WINDOW; i++) mean += (first[i] + tuned * second[i]) / WINDOW
    for (let i = 0; i < WINDOW; i++) pulse[start + i] += first[i] + tuned * second[i] - mean
  }
  return pulse
}

/** Power at every beat a minute from {@link LOW_HZ} to {@link TOP_HZ}, under a Hann window. */
function powerSpectrum(signal: Float64Array): { readonly hz: number; readonly power: number }[] {
  const count = signal.length
  const windowed = signal.map(
    (value, i) => value * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (count - 1))),
  )
  const bins = Math.round((TOP_HZ - LOW_HZ) / GRID_HZ)
  return Array.from({ length: bins + 1 }, (_, k) => {
    const hz = LOW_HZ + k * GRID_HZ
    // A phasor turned from sample to sample spares a sine and a cosine each.
    const step = (2 * Math.PI * hz) / SAMPLES_PER_SECOND
    const [turnReal, turnImaginary] = [Math.cos(step), Math.sin(step)]
    let [phasorReal, phasorImaginary] = [1, 0]
    let real = 0
    let imaginary = 0
    for (let i = 0; i < count; i++) {
      real += windowed[i] * phasorReal
      imaginary += windowed[i] * phasorImaginary
      const turned = phasorReal * turnReal - phasorImaginary * turnImaginary
      phasorImaginary = phasorReal * turnImaginary + phasorImaginary * turnReal
      phasorReal = turned
    }
    return { hz, power: real * real + imaginary * imaginary }
  })
}

const BAND_PASS = designBandPass(LOW_HZ, HIGH_HZ, SAMPLES_PER_SECOND, TAPS)

/**
 * Reads rate and signal-to-noise ratio (de Haan and Jeanne, IEEE TBME 2013) off colours.
 * @param samples ascending in time, at least 3 s of them
 * @returns undefined where the colours do not change at all
 */
export function readPulse(samples: readonly ColourSample[]): PulseReading | undefined {
  const filtered = convolve(planeOrthogonalToSkin(resampleColours(samples)), BAND_PASS)
  const spectrum = powerSpectrum(filtered)
  let peak = spectrum[0]
  for (const bin of spectrum) if (bin.hz <= HIGH_HZ && bin.power > peak.power) peak = bin
  if (!(peak.power > 1e-18)) return undefined
  let signal = 0
  let noise = 0
  for (const { hz, power } of spectrum) {
    const near = Math.abs(hz - peak.hz) <= PEAK_HZ || Math.abs(hz - 2 * peak.hz) <= PEAK_HZ
    if (near) signal += power
    else noise += power
  }
  return {
    beatsPerMinute: 60 * peak.hz,
    snrDb: 10 * Math.log10(signal / Math.max(noise, signal * 1e-6)),
  }
}
