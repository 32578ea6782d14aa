import type { Box, Image } from '../frame/image.js'
import { powerSpectra } from './fourier.js'
import type { FaceCue, ScoreRule } from './picture-cue.js'

/** What the frequencies of a face patch show. */
export interface Spectrum {
  /** Highest isolated peak of luma over its surroundings, in decades: half-tone, pixel grid. */
  readonly lumaPeak: number
  /** The same of colour difference (red − green): moiré is coloured, skin is not. */
  readonly chromaPeak: number
  /** Share of luma's energy above a quarter of the sampling frequency: fine detail. */
  readonly highShare: number
}

/** Side of the square patch, at the frame's own resolution. */
const SIDE = 128
/** Cycles a patch below which faces have structure of their own. */
const LOWEST = 14

/** Hann window over the patch. */
const WINDOW = Float64Array.from({ length: SIDE }, (_, i) => {
  return 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / SIDE)
})

/** The patch that is looked at. */
const luma = new Float64Array(SIDE * SIDE)
const chroma = new Float64Array(SIDE * SIDE)

/**
 * Measures the periodic structure of a face at the frame's own resolution.
 * @returns `undefined` when the frame is smaller than the patch
 */
export function measureSpectrum(image: Image, box: Box): Spectrum | undefined {
  if (image.width < SIDE || image.height < SIDE) return undefined
  const place = (centre: number, size: number) =>
    Math.max(0, Math.min(size - SIDE, Math.round(centre - SIDE / 2)))
  const left = place(box.x + box.width / 2, image.width)
  const top = place(box.y + box.height / 2, image.height)
  for (let y = 0; y < SIDE; y++) {
    let from = ((top + y) * image.width + left) * 3
    for (let x = 0; x < SIDE; x++, from += 3) {
      const red = image.data[from]
      const green = image.data[from + 1]
      const blue = image.data[from + 2]
      luma[y * SIDE + x] = 0.299 * red + 0.587 * green + 0.114 * blue
      chroma[y * SIDE + x] = red - green
    }
  }
  applyWindow(luma)
  applyWindow(chroma)
  const [lumaPower, chromaPower] = powerSpectra(luma, chroma, SIDE)
  return {
    lumaPeak: highestPeak(lumaPower),
    chromaPeak: highestPeak(chromaPower),
    highShare: highShare(lumaPower),
  }
}

function applyWindow(pixels: Float64Array): void {
  let mean = 0
  // By index: an iterator would make an object of every number.
  for (let i = 0; i < pixels.length; i++) mean += pixels[i] / pixels.length
  for (let y = 0, i = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++, i++) pixels[i] = (pixels[i] - mean) * WINDOW[x] * WINDOW[y]
  }
}

/** The square ring around a peak that it is compared with, as steps of u and v in turn. */
const RING_REACH = 5
const RING = ringSteps()
/** Frequencies of the upper half plane, away from the axes, where blocks of codecs show; u, v in turn. */
const JUDGED = judgedFrequencies()
/** By frequency: 0 too low for either, 1 counted, 2 high as well. */
const BANDS = frequencyBands()

function judgedFrequencies(): Int16Array {
  const found: number[] = []
  const most = SIDE / 2 - RING_REACH
  for (let v = 3; v <= most; v++) {
    for (let u = -most; u <= most; u++) {
      const radius = Math.hypot(u, v)
      if (radius < LOWEST || radius > SIDE / 2 - 2 || Math.abs(u) <= 2) continue
      found.push(u, v)
    }
  }
  return Int16Array.from(found)
}

function ringSteps(): Int8Array {
  const steps: number[] = []
  for (let d = -RING_REACH; d <= RING_REACH; d++) {
    steps.push(d, -RING_REACH, d, RING_REACH, -RING_REACH, d, RING_REACH, d)
  }
  return Int8Array.from(steps)
}

function frequencyBands(): Uint8Array {
  const bands = new Uint8Array(SIDE * SIDE)
  for (let v = 0; v < SIDE; v++) {
    for (let u = 0; u <= SIDE / 2; u++) {
      const radius = Math.hypot(u, v <= SIDE / 2 ? v : SIDE - v)
      bands[v * SIDE + u] = radius < 3 ? 0 : radius > SIDE / 4 ? 2 : 1
    }
  }
  return bands
}

/** Place of a frequency, negative ones wrapped round; SIDE is a power of two. */
function placeOf(u: number, v: number): number {
  return (v & (SIDE - 1)) * SIDE + (u & (SIDE - 1))
}

function highestPeak(power: Float64Array): number {
  let highest = 0
  for (let k = 0; k < JUDGED.length; k += 2) {
    const u = JUDGED[k]
    const v = JUDGED[k + 1]
    const own = power[placeOf(u, v)]
    // Over its surroundings, to which 1 is added, it can't rise higher than it is.
    if (own <= highest) continue
    if (own < power[placeOf(u - 1, v)] || own < power[placeOf(u + 1, v)]) continue
    if (own < power[placeOf(u, v - 1)] || own < power[placeOf(u, v + 1)]) continue
    let around = 0
    for (let i = 0; i < RING.length; i += 2) around += power[placeOf(u + RING[i], v + RING[i + 1])]
    highest = Math.max(highest, own / (around / (RING.length / 2) + 1))
  }
  return Math.log10(highest + 1)
}

function highShare(power: Float64Array): number {
  let high = 0
  let total = 0
  for (let i = 0; i < power.length; i++) {
    if (BANDS[i] === 0) continue
    total += power[i]
    if (BANDS[i] === 2) high += power[i]
  }
  return total === 0 ? 0 : high / total
}

/** No veto: see the figures of `genkan evaluate pad`. */
const EVIDENCE_ONLY: ScoreRule = {
  liveFrom: 0.5,
  attackBelow: 0,
  minFrames: 2,
  windowMs: 4000,
  minFaceHeightPx: 100,
}
/** Peaks over their surroundings, in decades, of which the score is 1 and 0. */
const LIVE_PEAK = 0.8
const ATTACK_PEAK = 1.6
/** Shares of fine detail, in decades, of which the score is 0 and 1. */
const PLAIN_SHARE = -3
const DETAILED_SHARE = -1

function ramp(value: number, zeroAt: number, oneAt: number): number {
  return Math.min(1, Math.max(0, (value - zeroAt) / (oneAt - zeroAt)))
}

/**
 * Two cues over one reading: `spectrum`, half-tone, pixel grid and moiré as isolated peaks; and
 * `detail`, fine detail, which a copy of a picture loses, though focus and codec matter as much.
 */
export function spectrumCues(): FaceCue[] {
  let read: { readonly image: Image; readonly box: Box; readonly spectrum?: Spectrum } | undefined
  const look = (image: Image, box: Box): Spectrum | undefined => {
    if (read === undefined || read.image !== image || read.box !== box) {
      const spectrum = measureSpectrum(image, box)
      read = { image, box, ...(spectrum === undefined ? {} : { spectrum }) }
    }
    return read.spectrum
  }
  const common = {
    needs: 'face',
    scope: 'face',
    isNeeded: false,
    rule: EVIDENCE_ONLY,
    everyMs: 500,
    // Between two looks of the cue against bezels.
    firstAfterMs: 125,
  } as const
  return [
    {
      ...common,
      name: 'spectrum',
      reasons: { live: 'no periodic structure', attack: 'periodic structure of print or screen' },
      score(image, { box }) {
        const spectrum = look(image, box)
        if (spectrum === undefined) return undefined
        const { lumaPeak, chromaPeak } = spectrum
        return ramp(Math.max(lumaPeak, chromaPeak), ATTACK_PEAK, LIVE_PEAK)
      },
    },
    {
      ...common,
      name: 'detail',
      reasons: { live: 'fine detail', attack: 'fine detail is missing' },
      score(image, { box }) {
        const spectrum = look(image, box)
        if (spectrum === undefined) return undefined
        return ramp(Math.log10(spectrum.highShare + 1e-6), PLAIN_SHARE, DETAILED_SHARE)
      },
    },
  ]
}
