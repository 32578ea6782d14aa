import { BLINK_RULE, blinkStrength, type BlinkRule } from './blink.js'
import { excessStrength, type LifeSample } from './life-sample.js'
import { LID_RULE, type LidRule } from './lid-watch.js'
import { MOUTH_RULE, mouthStrength, type MouthRule } from './mouth.js'

/**
 * Something a face did that no moved, tilted or bent picture can do: the lids of both eyes closed or
 * opened, both eyes moved, or the mouth did, once clearly or again and again as in speech.
 */
export interface LifeEvent {
  readonly kind: 'blink' | 'eye-movement' | 'mouth-movement' | 'speech'
  readonly monotonicMs: number
  /** The earliest frame the event rests on. */
  readonly sinceMs: number
  /** How far beyond the limit; 1 is at it. */
  readonly strength: number
}

export interface EventRules {
  readonly lids: LidRule
  readonly blink: BlinkRule
  readonly mouth: MouthRule
  /** Without word of the lids, the eyes must have changed so many times the blink's limit. */
  readonly eyeMovementFrom: number
  /** One movement of the mouth alone must go so many times beyond the limit. */
  readonly mouthMovementFrom: number
}

/**
 * Rendered stills of `lfw/train` reached 0.5 of the eyes' limit and 0.63 of the mouth's; see `genkan
 * evaluate life` for what other people's stills reach.
 */
export const EVENT_RULES: EventRules = {
  lids: LID_RULE,
  blink: BLINK_RULE,
  mouth: MOUTH_RULE,
  eyeMovementFrom: 1.3,
  mouthMovementFrom: 1.3,
}

/** The rules with every limit of unexplained change multiplied: below 1 is laxer, above 1 stricter. */
export function scaleEventRules(rules: EventRules, strictness: number): EventRules {
  const scaled = <T extends { readonly floor: number; readonly perMotion: number }>(
    rule: T,
  ): T => ({
    ...rule,
    floor: rule.floor * strictness,
    perMotion: rule.perMotion * strictness,
  })
  return {
    ...rules,
    lids: scaled(rules.lids),
    blink: scaled(rules.blink),
    mouth: scaled(rules.mouth),
  }
}

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

interface Hit {
  readonly monotonicMs: number
  readonly sinceMs: number
  readonly strength: number
}

/** Joins a hit with the one before it, if that came soon enough before. */
function confirm(first: Hit | undefined, hit: Hit, withinMs: number): Hit | undefined {
  if (first === undefined || hit.monotonicMs - first.monotonicMs > withinMs) return undefined
  return { ...hit, sinceMs: first.sinceMs, strength: Math.min(first.strength, hit.strength) }
}

function hitOf({ monotonicMs, sinceMs }: LifeSample, strength: number | undefined) {
  return strength === undefined ? undefined : { monotonicMs, sinceMs, strength }
}

/** A detector for one track without gaps. */
export function createEventDetector(rules: EventRules = EVENT_RULES): EventDetector {
  let blinkHit: Hit | undefined
  let eyeHit: Hit | undefined
  let mouthHit: Hit | undefined
  let strongMouthHit: Hit | undefined
  let movements: Hit[] = []
  const lastEventMs = new Map<LifeEvent['kind'], number>()

  function nextBlink(sample: LifeSample): LifeEvent | undefined {
    const hit = hitOf(sample, blinkStrength(sample, rules.blink))
    if (hit === undefined) return undefined
    const confirmed = confirm(blinkHit, hit, BLINK_CONFIRM_MS)
    blinkHit = hit
    return confirmed && eventOf('blink', confirmed)
  }

  function nextEyeMovement(sample: LifeSample): LifeEvent | undefined {
    const strength = excessStrength(sample, sample.eyes, rules.blink) ?? 0
    if (!(strength > rules.eyeMovementFrom)) return undefined
    const { monotonicMs, sinceMs } = sample
    const hit = { monotonicMs, sinceMs, strength: strength / rules.eyeMovementFrom }
    const confirmed = confirm(eyeHit, hit, BLINK_CONFIRM_MS)
    eyeHit = hit
    return confirmed && eventOf('eye-movement', confirmed)
  }

  function nextMouth(sample: LifeSample): LifeEvent | undefined {
    const hit = hitOf(sample, mouthStrength(sample, rules.mouth))
    if (hit === undefined) return undefined
    const nowMs = sample.monotonicMs
    const confirmed = confirm(mouthHit, hit, MOUTH_CONFIRM_MS)
    mouthHit = hit
    const strong = hit.strength > rules.mouthMovementFrom ? hit : undefined
    const movement = strong && confirm(strongMouthHit, strong, MOUTH_CONFIRM_MS)
    strongMouthHit = strong ?? strongMouthHit
    if (movement !== undefined) return eventOf('mouth-movement', movement)
    if (confirmed === undefined) return undefined
    movements = movements.filter(({ monotonicMs }) => nowMs - monotonicMs <= SPEECH_MAX_MS)
    const earlier = movements.findLast(({ monotonicMs }) => nowMs - monotonicMs >= SPEECH_MIN_MS)
    movements.push(confirmed)
    return earlier && eventOf('speech', { ...hit, sinceMs: earlier.sinceMs })
  }

  return {
    next(sample) {
      const events = [nextBlink(sample), nextEyeMovement(sample), nextMouth(sample)]
      const event = events.find(
        (found) =>
          found !== undefined &&
          found.monotonicMs - (lastEventMs.get(found.kind) ?? -Infinity) >= SAME_EVENT_MS,
      )
      if (event !== undefined) lastEventMs.set(event.kind, event.monotonicMs)
      return event
    },
    restart() {
      blinkHit = undefined
      eyeHit = undefined
      mouthHit = undefined
      strongMouthHit = undefined
      movements = []
      lastEventMs.clear()
    },
  }
}

function eventOf(kind: LifeEvent['kind'], { monotonicMs, sinceMs, strength }: Hit): LifeEvent {
  return { kind, monotonicMs, sinceMs, strength }
}
