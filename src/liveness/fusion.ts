import type { LifeEvidence } from './life.js'
import type { LifeEvent } from './life-events.js'
import type { CueOutcome } from './texture.js'

/** How much a door asks for; each mode asks for all that the one before asks for. */
export const LIVENESS_MODES = ['texture', 'life', 'challenge'] as const
export type LivenessMode = (typeof LIVENESS_MODES)[number]

/** What the cues say about one track at one moment. */
export interface Cues {
  readonly monotonicMs: number
  readonly texture: CueOutcome
  readonly feed: CueOutcome
  readonly life: LifeEvidence
}

/** What they come to together. */
export type LivenessOutcome =
  | { readonly outcome: 'live'; readonly reason: string }
  | { readonly outcome: 'attack'; readonly reason: string }
  | {
      readonly outcome: 'not-enough-evidence'
      /** For the person before the camera. */
      readonly prompt: string
      /** For the log. */
      readonly reason: string
    }

export interface FusionRule {
  /** Weaker events do not count; 1 is an event's own limit. */
  readonly minStrength: number
  /** An event counts for this long. */
  readonly eventAgeMs: number
  /** After this long without an event the display asks for one. */
  readonly askAfterMs: number
}

export const FUSION_RULE: FusionRule = { minStrength: 1, eventAgeMs: 10_000, askAfterMs: 3000 }

const PROMPT_LOOK = 'Please look at the camera'
const PROMPT_CLOSER = 'Please come closer'
const PROMPT_LIFE = 'Please blink, or say your name'
const PROMPT_REFUSED = 'This door cannot open by face at present'

/** A score that is no probability, or absent beside a verdict, makes the cue worthless. */
function isSound(cue: CueOutcome): boolean {
  if (cue.verdict === 'not-enough-evidence' && cue.score === null) return true
  return cue.score !== null && cue.score >= 0 && cue.score <= 1
}

function counts(event: LifeEvent, nowMs: number, rule: FusionRule): boolean {
  const ageMs = nowMs - event.monotonicMs
  return event.strength >= rule.minStrength && ageMs >= 0 && ageMs <= rule.eventAgeMs
}

/**
 * Puts the cues together. Monotone: a cue that says attack settles it whatever the others say, and
 * taking evidence away never turns an outcome into `live`. Whatever is not a sound number counts
 * as evidence that is not there.
 */
export function fuseCues(
  mode: LivenessMode,
  cues: Cues,
  rule: FusionRule = FUSION_RULE,
): LivenessOutcome {
  const { texture, feed, life, monotonicMs } = cues
  for (const cue of [feed, texture]) {
    if (cue.verdict === 'attack') return { outcome: 'attack', reason: cue.reason }
  }
  const lacking = (prompt: string, reason: string): LivenessOutcome => ({
    outcome: 'not-enough-evidence',
    prompt,
    reason,
  })
  if (mode === 'challenge') {
    return lacking(PROMPT_REFUSED, 'this build has no challenge; set the door to mode life')
  }
  if (!Number.isFinite(monotonicMs)) return lacking(PROMPT_LOOK, 'time is not a number')
  if (feed.verdict !== 'live' || !isSound(feed)) return lacking(PROMPT_LOOK, feed.reason)
  if (texture.verdict !== 'live' || !isSound(texture)) {
    const tooSmall = texture.score === null && life.obstacle === 'face-too-small'
    return lacking(tooSmall ? PROMPT_CLOSER : PROMPT_LOOK, texture.reason)
  }
  if (mode === 'texture') return { outcome: 'live', reason: texture.reason }
  const event = life.events.findLast((candidate) => counts(candidate, monotonicMs, rule))
  if (event !== undefined) return { outcome: 'live', reason: `${event.kind} seen` }
  if (life.obstacle === 'face-too-small') return lacking(PROMPT_CLOSER, 'face too small for life')
  const asks = life.observedMs >= rule.askAfterMs
  return lacking(asks ? PROMPT_LIFE : PROMPT_LOOK, 'no sign of life yet')
}
