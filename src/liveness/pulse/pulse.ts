import type { Cue } from '../cue.js'
import { readPulse } from './pulse-signal.js'
import type { ColourSample, PulseReading } from './pulse-signal.js'
import { measureSkin } from './skin-colour.js'
import type { SkinColour } from './skin-colour.js'

/** What the pulse cue needs before it reads anything. */
export interface PulseRule {
  /** Skin must have been seen for this long without a break. */
  readonly minMs: number
  /** Older colours no longer count. */
  readonly windowMs: number
  readonly minFramesPerSecond: number
  /** A longer gap starts over. */
  readonly maxGapMs: number
  readonly minEyeDistancePx: number
  /** Mean green below this (0..255) is poor light: sensor noise and compression win. */
  readonly minGreen: number
  /** Share of pixels with a channel at its limit. */
  readonly maxClippedShare: number
  /** Mean speed of the face in eye distances a second. */
  readonly maxSpeed: number
}

export const PULSE_RULE: PulseRule = {
  minMs: 6000,
  windowMs: 10_000,
  minFramesPerSecond: 9,
  maxGapMs: 400,
  minEyeDistancePx: 32,
  minGreen: 40,
  maxClippedShare: 0.2,
  maxSpeed: 0.6,
}

/** What the skin colours collected so far tell; the score is absent where they tell nothing. */
export interface PulseEvidence {
  readonly reading: PulseReading | undefined
  readonly reason: string
}

/** Collects the skin colours of one tracked face. */
export interface PulseAccumulator {
  /** @param skin undefined where a frame showed no skin to measure */
  observe(observation: {
    readonly monotonicMs: number
    readonly skin: SkinColour | undefined
  }): void
  evidence(): PulseEvidence
  restart(): void
}

/** More than a window holds at 60 frames a second. */
const MAX_MOMENTS = 1024

type SkinMoment = ColourSample & Pick<SkinColour, 'clippedShare' | 'centre' | 'eyeDistancePx'>

function obstacleOf(moments: readonly SkinMoment[], rule: PulseRule): string | undefined {
  const spanMs =
    moments.length < 2 ? 0 : moments[moments.length - 1].monotonicMs - moments[0].monotonicMs
  if (spanMs < rule.minMs) return 'too short for a pulse'
  const seconds = spanMs / 1000
  if ((moments.length - 1) / seconds < rule.minFramesPerSecond) {
    return 'too few frames a second for a pulse'
  }
  const mean = (pick: (moment: SkinMoment) => number): number =>
    moments.reduce((sum, moment) => sum + pick(moment), 0) / moments.length
  const eyeDistancePx = mean((moment) => moment.eyeDistancePx)
  if (!(eyeDistancePx >= rule.minEyeDistancePx)) return 'face too small for a pulse'
  if (!(mean(({ rgb }) => rgb[1]) >= rule.minGreen)) return 'too dark for a pulse'
  if (!(mean(({ clippedShare }) => clippedShare) <= rule.maxClippedShare)) {
    return 'skin too bright or too dark in places for a pulse'
  }
  // Over a quarter of a second, so that the jitter of the landmarks does not count as motion.
  let path = 0
  let from = moments[0]
  for (const moment of moments) {
    if (moment.monotonicMs - from.monotonicMs < 250) continue
    path += Math.hypot(moment.centre[0] - from.centre[0], moment.centre[1] - from.centre[1])
    from = moment
  }
  if (!(path / eyeDistancePx / seconds <= rule.maxSpeed)) return 'too much motion for a pulse'
  return undefined
}

/** An accumulator for one track. */
export function createPulseAccumulator(rule: PulseRule = PULSE_RULE): PulseAccumulator {
  let moments: SkinMoment[] = []

  return {
    observe({ monotonicMs, skin }) {
      const last = moments.at(-1)
      if (!Number.isFinite(monotonicMs)) return
      if (last !== undefined && monotonicMs <= last.monotonicMs) return
      if (last !== undefined && monotonicMs - last.monotonicMs > rule.maxGapMs) moments = []
      if (skin === undefined || !skin.rgb.every(Number.isFinite)) return
      const { rgb, clippedShare, centre, eyeDistancePx } = skin
      moments.push({ monotonicMs, rgb, clippedShare, centre, eyeDistancePx })
      moments = moments
        .filter((moment) => monotonicMs - moment.monotonicMs <= rule.windowMs)
        .slice(-MAX_MOMENTS)
    },
    evidence() {
      const obstacle = obstacleOf(moments, rule)
      if (obstacle !== undefined) return { reading: undefined, reason: obstacle }
      const reading = readPulse(moments)
      if (reading === undefined) return { reading, reason: 'the colour does not change at all' }
      const { beatsPerMinute, snrDb } = reading
      return { reading, reason: `${beatsPerMinute.toFixed(0)} a minute at ${snrDb.toFixed(1)} dB` }
    },
    restart() {
      moments = []
    },
  }
}

/** Share of the band's power at the pulse and its harmonic: a signal-to-noise ratio as 0..1. */
export function pulseScore({ snrDb }: PulseReading): number {
  return 1 / (1 + 10 ** (-snrDb / 10))
}

/**
 * The pulse cue. It never decides: its score is evidence for the log, because by it real faces and
 * replays could not be told apart (`genkan evaluate pulse`).
 */
export function createPulseCue(rule: PulseRule = PULSE_RULE): Cue {
  const pulse = createPulseAccumulator(rule)
  return {
    name: 'pulse',
    observe({ frame: { image, monotonicMs }, view }) {
      pulse.observe({ monotonicMs, skin: view && measureSkin(image, view.landmarks) })
    },
    outcome() {
      const { reading, reason } = pulse.evidence()
      const score = reading === undefined ? null : pulseScore(reading)
      return { verdict: 'not-enough-evidence', score, reason }
    },
    restart: () => pulse.restart(),
  }
}
