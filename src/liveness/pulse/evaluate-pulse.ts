import type { FaceFinder, Landmarks } from '../../detection/face.js'
import { areaUnderCurve } from '../../evaluation/statistics/area-under-curve.js'
import type { AreaUnderCurve } from '../../evaluation/statistics/area-under-curve.js'
import { quantileOfSorted } from '../../evaluation/statistics/bootstrap.js'
import type { Frame, Image } from '../../frame/image.js'
import type { FaceViewer } from '../face-view.js'
import { followFace } from '../follow-face.js'
import { createPulseAccumulator, PULSE_RULE } from './pulse.js'
import type { PulseRule } from './pulse.js'
import { measureSkin } from './skin-colour.js'
import { createPulsePainter } from './synthetic-pulse.js'
import type { SyntheticPulse } from './synthetic-pulse.js'

/** What the cue read over one clip: once a second, as soon as it had enough. */
export interface PulseClip {
  readonly name: string
  readonly readings: number
  /** Looks at which the cue had seen enough time yet abstained, by reason. */
  readonly abstained: Readonly<Record<string, number>>
  /** Lowest, median and highest; null without a reading. */
  readonly snrDb: readonly [number, number, number] | null
  readonly medianRate: number | null
  /** Readings within 4 beats a minute of the clip's median: a real pulse keeps its rate. */
  readonly steadyReadings: number
  /** Median time of measuring the skin of one frame, and of one outcome. */
  readonly skinMs: number
  readonly outcomeMs: number
}

export interface PulseStages {
  readonly finder: FaceFinder
  readonly viewFace: FaceViewer
}

const LOOK_EVERY_MS = 1000
const STEADY_RATE = 4

function median(values: readonly number[]): number {
  return values.length === 0
    ? 0
    : quantileOfSorted(
        [...values].sort((a, b) => a - b),
        0.5,
      )
}

/** Plays a clip to the cue as the line would. */
export async function evaluatePulseClip(
  name: string,
  frames: AsyncIterable<Frame> | Iterable<Frame>,
  stages: PulseStages,
  rule: PulseRule = PULSE_RULE,
): Promise<PulseClip> {
  const pulse = createPulseAccumulator(rule)
  const snr: number[] = []
  const rates: number[] = []
  const abstained: Record<string, number> = {}
  const skinMs: number[] = []
  const outcomeMs: number[] = []
  let trackId: number | undefined
  let firstMs: number | undefined
  let lookedMs = -Infinity
  for await (const followed of followFace(frames, stages)) {
    const { monotonicMs, image } = followed.frame
    firstMs ??= monotonicMs
    if (followed.trackId !== undefined && followed.trackId !== trackId) {
      trackId = followed.trackId
      pulse.restart()
    }
    const startMs = performance.now()
    const skin = followed.view && measureSkin(image, followed.view.landmarks)
    skinMs.push(performance.now() - startMs)
    pulse.observe({ monotonicMs, skin })
    if (monotonicMs - lookedMs < LOOK_EVERY_MS || monotonicMs - firstMs < 6000) continue
    lookedMs = monotonicMs
    const beganMs = performance.now()
    const { reading, reason } = pulse.evidence()
    if (reading === undefined) {
      abstained[reason] = (abstained[reason] ?? 0) + 1
    } else {
      outcomeMs.push(performance.now() - beganMs)
      snr.push(reading.snrDb)
      rates.push(reading.beatsPerMinute)
    }
  }
  const sorted = [...snr].sort((a, b) => a - b)
  const medianRate = rates.length === 0 ? null : median(rates)
  return {
    name,
    readings: snr.length,
    abstained,
    snrDb: snr.length === 0 ? null : [sorted[0], median(sorted), sorted[sorted.length - 1]],
    medianRate,
    steadyReadings: rates.filter((rate) => Math.abs(rate - (medianRate ?? 0)) <= STEADY_RATE)
      .length,
    skinMs: median(skinMs),
    outcomeMs: median(outcomeMs),
  }
}

/** Frames with a pulse of known rate on every face; the base may be one still picture repeated. */
export async function* paintPulse(
  frames: AsyncIterable<Frame> | Iterable<Frame>,
  pulse: SyntheticPulse,
  stages: PulseStages,
): AsyncGenerator<Frame> {
  const paint = createPulsePainter(pulse)
  let image: Image | undefined
  let landmarks: Landmarks | undefined
  for await (const frame of frames) {
    if (frame.image !== image) {
      image = frame.image
      landmarks = (await stages.finder.find(image)).at(0)?.landmarks ?? landmarks
    }
    if (landmarks === undefined) continue
    yield { ...frame, image: paint(image, landmarks, frame.monotonicMs / 1000) }
  }
}

/** One picture repeated as a camera would deliver it. */
export function* repeatPicture(
  image: Image,
  seconds: number,
  framesPerSecond: number,
): Generator<Frame> {
  for (let i = 0; i < seconds * framesPerSecond; i++) {
    const monotonicMs = (i * 1000) / framesPerSecond
    yield { image, sequence: i, monotonicMs, capturedAtMs: 0 }
  }
}

/** Area of live over others, a clip counting once by its median SNR; null where a kind is missing. */
export function pulseArea(
  live: readonly PulseClip[],
  others: readonly PulseClip[],
): AreaUnderCurve | null {
  const medians = (clips: readonly PulseClip[]): number[] =>
    clips.flatMap(({ snrDb }) => (snrDb === null ? [] : [snrDb[1]]))
  const [positives, negatives] = [medians(live), medians(others)]
  if (positives.length === 0 || negatives.length === 0) return null
  return areaUnderCurve(positives, negatives)
}
