import { compareViews, type CompareViews } from './face-change.js'
import { headMotion } from './face-shape.js'
import type { FaceView } from './face-view.js'
import { createEventDetector, EVENT_RULES, type EventRules, type LifeEvent } from './life-events.js'
import type { LifeSample } from './life-sample.js'
import { createLidWatch } from './lid-watch.js'

/** One look at the face; `view` as `createFaceViewer` makes it. */
export interface LifeObservation {
  readonly monotonicMs: number
  readonly view: FaceView
}

export interface LifeEvidence {
  /** The latest events, oldest first, at most {@link MAX_EVENTS}. */
  readonly events: readonly LifeEvent[]
  /** All events since the start or the last restart. */
  readonly eventCount: number
  /** Frames that could be compared with an earlier one. */
  readonly comparedFrames: number
  /** Between the first and the last frame observed. */
  readonly observedMs: number
  /** What keeps the cue from speaking, if anything does. */
  readonly obstacle: 'face-too-small' | undefined
}

export interface LifeOptions {
  readonly rules?: EventRules
  /** Smaller faces are not judged; pixels between the eye centres. */
  readonly minEyeDistancePx?: number
  /** Handed in where many accumulators look at the same frames. */
  readonly compare?: CompareViews
}

/** Collects signs of life of one tracked face. Pure: time comes with the observation. */
export interface LifeAccumulator {
  /** Takes the next frame; one that is not later than the last is ignored. */
  observe(observation: LifeObservation): LifeSample | undefined
  evidence(): LifeEvidence
  /** Forgets everything: another face, or another attempt. */
  restart(): void
}

export const MAX_EVENTS = 32
/** A moment is compared with the one nearest to this long before. */
const COMPARE_MS = 200
const COMPARE_MIN_MS = 120
const COMPARE_MAX_MS = 330
/** Head motion is taken over this long. */
const MOTION_MS = 450
/** Frames that come closer together than this add nothing and are passed over. */
const MIN_STEP_MS = 25
/** A break longer than this ends what came before. */
const MAX_GAP_MS = 500
const DEFAULT_MIN_EYE_DISTANCE_PX = 24

/** An accumulator for one track. */
export function createLifeAccumulator(options: LifeOptions = {}): LifeAccumulator {
  const rules = options.rules ?? EVENT_RULES
  const detector = createEventDetector(rules)
  const minEyeDistancePx = options.minEyeDistancePx ?? DEFAULT_MIN_EYE_DISTANCE_PX
  const compare = options.compare ?? compareViews
  const lids = createLidWatch(compare, rules.lids)
  let moments: LifeObservation[] = []
  let events: LifeEvent[] = []
  let eventCount = 0
  let comparedFrames = 0
  let firstMs: number | undefined
  let lastMs = -Infinity
  let obstacle: LifeEvidence['obstacle']

  function forgetMoments(): void {
    moments = []
    detector.restart()
    lids.restart()
  }

  function restart(): void {
    forgetMoments()
    events = []
    eventCount = 0
    comparedFrames = 0
    firstMs = undefined
    lastMs = -Infinity
    obstacle = undefined
  }

  function note(event: LifeEvent | undefined): void {
    if (event === undefined) return
    eventCount++
    events = [...events, event].slice(-MAX_EVENTS)
  }

  function observe({ monotonicMs, view }: LifeObservation): LifeSample | undefined {
    if (!Number.isFinite(monotonicMs) || monotonicMs - lastMs < MIN_STEP_MS) return undefined
    if (monotonicMs - lastMs > MAX_GAP_MS) forgetMoments()
    lastMs = monotonicMs
    firstMs ??= monotonicMs
    if (!(view.eyeDistancePx >= minEyeDistancePx)) {
      obstacle = 'face-too-small'
      forgetMoments()
      return undefined
    }
    obstacle = undefined
    const now = { monotonicMs, view }
    moments = moments.filter((moment) => monotonicMs - moment.monotonicMs <= MOTION_MS)
    moments.push(now)
    note(lids.next(now))
    const sample = compareWithEarlier(now, moments, compare)
    if (sample === undefined) return undefined
    comparedFrames++
    note(detector.next(sample))
    return sample
  }

  return {
    observe,
    evidence: () => ({
      events,
      eventCount,
      comparedFrames,
      observedMs: firstMs === undefined ? 0 : lastMs - firstMs,
      obstacle,
    }),
    restart,
  }
}

function compareWithEarlier(
  now: LifeObservation,
  moments: readonly LifeObservation[],
  compare: CompareViews,
): LifeSample | undefined {
  let earlier: LifeObservation | undefined
  let bestOffMs = Infinity
  for (const moment of moments) {
    const ageMs = now.monotonicMs - moment.monotonicMs
    if (ageMs < COMPARE_MIN_MS || ageMs > COMPARE_MAX_MS) continue
    if (Math.abs(ageMs - COMPARE_MS) < bestOffMs) {
      earlier = moment
      bestOffMs = Math.abs(ageMs - COMPARE_MS)
    }
  }
  if (earlier === undefined) return undefined
  return {
    ...compare(earlier.view, now.view),
    monotonicMs: now.monotonicMs,
    sinceMs: moments[0].monotonicMs,
    headMotion: headMotion(moments.map(({ view }) => view.shape)),
  }
}
