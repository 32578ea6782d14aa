import type { CueOutcome } from '../texture.js'
import { readPulse } from './pulse-signal.js'
import type { ColourSample, PulseReading } from './pulse-signal.js'
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

/** What the pulse cue says: evidence for the log, or why there is none. */
export type PulseOutcome = CueOutcome & { readonly reading: PulseReading | undefined }

/** Collects the skin colours of one tracked face. */
export interface PulseCue {
  /** @param skin undefined where a frame showed no skin to measure */
  observe(observation: {
    readonly monotonicMs: number
    readonly skin: SkinColour | undefined
  }): void
  outcome(): PulseOutcome
  restart(): void
}

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

/**
 * The pulse cue of one track. It never decides: what it reads is evidence for the log, because on
 * real clips live faces and replays could not be told apart by it (`genkan evaluate pulse`).
 */
export function createPulseCue(rule: PulseRule = PULSE_RULE): PulseCue {
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
      moments = moments.filter((moment) => monotonicMs - moment.monotonicMs <= rule.windowMs)
    },
    outcome() {
      const verdict = 'not-enough-evidence'
      const obstacle = obstacleOf(moments, rule)
      const reading = obstacle === undefined ? readPulse(moments) : undefined
      if (reading === undefined) {
        const reason = obstacle ?? 'the colour does not change at all'
        return { verdict, score: null, reason, reading }
      }
      const score = 1 / (1 + 10 ** (-reading.snrDb / 10))
      const reason = `${reading.beatsPerMinute.toFixed(0)} a minute at ${reading.snrDb.toFixed(1)} dB`
      return { verdict, score, reason, reading }
    },
    restart() {
      moments = []
    },
  }
}
