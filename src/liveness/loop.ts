import type { Image } from '../frame/image.js'
import { silent, type Cue } from './cue.js'

export interface LoopRule {
  /** Frames are remembered for this long, also over attempts: the feed is one and the same. */
  readonly memoryMs: number
  /** Shorter repeats are not looked for. */
  readonly minPeriodMs: number
  /** Matches in lockstep for this long are a loop. */
  readonly lockstepMs: number
  readonly minMatches: number
  /** Difference to the matching earlier frame over that to its neighbours, at most. */
  readonly maxRatio: number
  /** Differences to neighbours below this, in gray levels, are no motion to go by. */
  readonly minMotion: number
  /** Period may drift by so much between matches: frames fall between the loop's own. */
  readonly driftMs: number
}

export const LOOP_RULE: LoopRule = {
  memoryMs: 20_000,
  minPeriodMs: 500,
  lockstepMs: 600,
  minMatches: 6,
  maxRatio: 0.45,
  minMotion: 0.5,
  driftMs: 90,
}

/** Fingerprint: a gray thumbnail, blurred by its smallness, so that re-encoding leaves it alone. */
const COLUMNS = 32
const ROWS = 24
const SAMPLES = 3
const MAX_REMEMBERED = 400
/** Frames closer together than this are passed over. */
const MIN_STEP_MS = 55
/** Neighbours of a match lie this far off. */
const NEIGHBOUR_MS = 200

interface Print {
  readonly monotonicMs: number
  readonly pixels: Float32Array
  /** Sum of the pixels of each {@link CHUNK}. */
  readonly sums: Float64Array
}

/** A feed that repeats itself, forwards or back and forth, also re-encoded; cue `loop`. */
export function createLoopCue(rule: LoopRule = LOOP_RULE): Cue {
  let prints: Print[] = []
  let matches: { readonly monotonicMs: number; readonly ofMs: number; readonly ratio: number }[] =
    []
  let looked = 0
  let bestRatio = 1
  let isAttack = false

  return {
    name: 'loop',
    observe({ frame: { image, monotonicMs } }) {
      const last = prints.at(-1)?.monotonicMs ?? -Infinity
      if (!(monotonicMs - last >= MIN_STEP_MS)) return
      const print = fingerprint(image, monotonicMs)
      prints = prints.filter((old) => monotonicMs - old.monotonicMs <= rule.memoryMs)
      looked++
      const match = findMatch(print, prints, rule)
      if (match !== undefined) {
        matches.push({ monotonicMs, ...match })
        matches = matches.filter((old) => monotonicMs - old.monotonicMs <= 3000)
        bestRatio = Math.min(bestRatio, match.ratio)
        isAttack ||= inLockstep(matches, rule)
      }
      prints.push(print)
      if (prints.length > MAX_REMEMBERED) prints.splice(0, 1)
    },
    outcome() {
      if (isAttack) return { verdict: 'attack', score: 0, reason: 'the feed repeats itself' }
      if (looked < rule.minMatches) return silent('too few frames for loop')
      return { verdict: 'live', score: Math.min(1, bestRatio), reason: 'no repeat seen' }
    },
    restart() {
      matches = []
      looked = 0
      bestRatio = 1
      isAttack = false
    },
  }
}

function fingerprint({ data, width, height }: Image, monotonicMs: number): Print {
  const pixels = new Float32Array(COLUMNS * ROWS)
  for (let row = 0, i = 0; row < ROWS; row++) {
    for (let column = 0; column < COLUMNS; column++, i++) {
      let sum = 0
      for (let v = 0; v < SAMPLES; v++) {
        const y = Math.floor(((row + (v + 0.5) / SAMPLES) / ROWS) * height)
        for (let u = 0; u < SAMPLES; u++) {
          const x = Math.floor(((column + (u + 0.5) / SAMPLES) / COLUMNS) * width)
          const from = (y * width + x) * 3
          sum += data[from] + 2 * data[from + 1] + data[from + 2]
        }
      }
      pixels[i] = sum / (4 * SAMPLES * SAMPLES)
    }
  }
  const sums = new Float64Array(pixels.length / CHUNK)
  for (let i = 0; i < pixels.length; i++) sums[Math.floor(i / CHUNK)] += pixels[i]
  return { monotonicMs, pixels, sums }
}

/** Thumbnail pixels compared before a difference that is too large already is given up. */
const CHUNK = 128

/** Sum of the differences; Infinity once it is beyond `most`. */
function sumOfDifferences(a: Float32Array, b: Float32Array, most: number): number {
  let sum = 0
  for (let start = 0; start < a.length; start += CHUNK) {
    for (let i = start; i < start + CHUNK; i++) {
      const step = a[i] - b[i]
      sum += step < 0 ? -step : step
    }
    if (sum > most) return Infinity
  }
  return sum
}

/** What the differences of all pixels come to at least, a rounding below: sums differ by no more. */
function leastDifference(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i])
  return sum - 1e-6
}

/** The earlier frame that this one repeats, if its neighbours in time are clearly unlike it. */
function findMatch(
  now: Print,
  prints: readonly Print[],
  rule: LoopRule,
): { readonly ofMs: number; readonly ratio: number } | undefined {
  let best = -1
  let least = Infinity
  for (let i = 0; i < prints.length; i++) {
    const { pixels, sums, monotonicMs } = prints[i]
    if (!(now.monotonicMs - monotonicMs >= rule.minPeriodMs)) break
    if (leastDifference(now.sums, sums) > least) continue
    const own = sumOfDifferences(now.pixels, pixels, least)
    if (own < least) {
      least = own
      best = i
    }
  }
  if (best < 0) return undefined
  const differenceTo = (i: number) =>
    sumOfDifferences(now.pixels, prints[i].pixels, Infinity) / now.pixels.length
  const { monotonicMs: ofMs } = prints[best]
  let before: number | undefined
  let after: number | undefined
  for (let i = best; i >= 0 && before === undefined; i--) {
    if (ofMs - prints[i].monotonicMs >= NEIGHBOUR_MS) before = differenceTo(i)
  }
  for (let i = best; i < prints.length && after === undefined; i++) {
    if (prints[i].monotonicMs - ofMs >= NEIGHBOUR_MS) after = differenceTo(i)
  }
  const around = Math.min(before ?? Infinity, after ?? Infinity)
  if (!Number.isFinite(around) || around < rule.minMotion) return undefined
  const ratio = least / now.pixels.length / around
  return ratio <= rule.maxRatio ? { ofMs, ratio } : undefined
}

/** Whether the latest matches keep one distance in time, or mirror one moment. */
function inLockstep(
  matches: readonly { readonly monotonicMs: number; readonly ofMs: number }[],
  rule: LoopRule,
): boolean {
  const last = matches.at(-1)
  if (last === undefined) return false
  for (const sign of [-1, 1]) {
    const own = last.monotonicMs + sign * last.ofMs
    const kept = matches.filter(
      ({ monotonicMs, ofMs }) => Math.abs(monotonicMs + sign * ofMs - own) <= rule.driftMs,
    )
    const span = last.monotonicMs - kept[0].monotonicMs
    if (kept.length >= rule.minMatches && span >= rule.lockstepMs) {
      const seen = matches.filter(({ monotonicMs }) => monotonicMs >= kept[0].monotonicMs).length
      if (kept.length >= 0.8 * seen) return true
    }
  }
  return false
}
