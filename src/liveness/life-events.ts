import { BLINK_RULE, blinkStrength, type BlinkRule } from './blink.js'
import type { LifeSample } from './life-sample.js'
import { MOUTH_RULE, mouthStrength, type MouthRule } from './mouth.js'

/**
 * Something a face did that no moved, tilted or bent picture can do: the lids of both eyes closed
 * and opened, or the mouth moved again and again as in speech.
 */
export interface LifeEvent {
  readonly kind: 'blink' | 'speech'
  readonly monotonicMs: number
  /** The earliest frame the event rests on. */
  readonly sinceMs: number
  /** How far beyond the limit; 1 is at it. */
  readonly strength: number
}

export interface EventRules {
  readonly blink: BlinkRule
  readonly mouth: MouthRule
}

export const EVENT_RULES: EventRules = { blink: BLINK_RULE, mouth: MOUTH_RULE }

/** Turns samples, in the order of time, into events. */
export interface EventDetector {
  /** @returns the event that this sample completes */
  next(sample: LifeSample): LifeEvent | undefined
  restart(): void
}

/** One sample beyond the limit is not trusted: another of its kind must follow this soon. */
const BLINK_CONFIRM_MS = 450
const MOUTH_CONFIRM_MS = 300
/** Speech is two confirmed mouth movements at least, and at most, this far apart. */
const SPEECH_MIN_MS = 300
const SPEECH_MAX_MS = 5000
/** Samples this soon after an event belong to it. */
const SAME_EVENT_MS = 400

/** A detector for one track without gaps. */
export function createEventDetector(rules: EventRules = EVENT_RULES): EventDetector {
  let blinkHit: LifeSample | undefined
  let mouthHit: LifeSample | undefined
  let movements: LifeSample[] = []
  let lastEventMs = { blink: -Infinity, speech: -Infinity }

  function nextBlink(sample: LifeSample): LifeEvent | undefined {
    const strength = blinkStrength(sample, rules.blink)
    if (strength === undefined) return undefined
    const { monotonicMs } = sample
    const first = blinkHit
    blinkHit = sample
    if (first === undefined || monotonicMs - first.monotonicMs > BLINK_CONFIRM_MS) return undefined
    return { kind: 'blink', monotonicMs, sinceMs: first.sinceMs, strength }
  }

  function nextSpeech(sample: LifeSample): LifeEvent | undefined {
    const strength = mouthStrength(sample, rules.mouth)
    if (strength === undefined) return undefined
    const nowMs = sample.monotonicMs
    const first = mouthHit
    mouthHit = sample
    if (first === undefined || nowMs - first.monotonicMs > MOUTH_CONFIRM_MS) return undefined
    movements = movements.filter(({ monotonicMs }) => nowMs - monotonicMs <= SPEECH_MAX_MS)
    const earlier = movements.findLast(({ monotonicMs }) => nowMs - monotonicMs >= SPEECH_MIN_MS)
    movements.push({ ...sample, sinceMs: first.sinceMs })
    if (earlier === undefined) return undefined
    return { kind: 'speech', monotonicMs: nowMs, sinceMs: earlier.sinceMs, strength }
  }

  return {
    next(sample) {
      const events = [nextBlink(sample), nextSpeech(sample)]
      const event = events.find(
        (found) =>
          found !== undefined && found.monotonicMs - lastEventMs[found.kind] >= SAME_EVENT_MS,
      )
      if (event !== undefined) lastEventMs = { ...lastEventMs, [event.kind]: event.monotonicMs }
      return event
    },
    restart() {
      blinkHit = undefined
      mouthHit = undefined
      movements = []
      lastEventMs = { blink: -Infinity, speech: -Infinity }
    },
  }
}
