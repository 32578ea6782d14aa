import type { Cue, CueOutcome } from './cue.js'
import type { CompareViews } from './face-change.js'
import { createLifeAccumulator } from './life.js'
import type { LifeEvidence } from './life.js'
import type { LifeEvent } from './life-events.js'

export interface LifeCueRule {
  /** Weaker events do not count; 1 is an event's own limit. */
  readonly minStrength: number
  /** An event counts for this long. */
  readonly eventAgeMs: number
  /** After this long without an event the display asks for one. */
  readonly askAfterMs: number
}

export const LIFE_CUE_RULE: LifeCueRule = {
  minStrength: 1,
  eventAgeMs: 10_000,
  askAfterMs: 3000,
}

const PROMPT_CLOSER = 'Please come closer'
const PROMPT_LIFE = 'Please blink, or say your name'
/** Where asking once did not help, eyes and mouth are perhaps not to be seen. */
const PROMPT_UNCOVER = 'Please take off cap, dark glasses or scarf, and blink'

function counts(event: LifeEvent, nowMs: number, rule: LifeCueRule): boolean {
  const ageMs = nowMs - event.monotonicMs
  return event.strength >= rule.minStrength && ageMs >= 0 && ageMs <= rule.eventAgeMs
}

/** What the evidence collected up to `nowMs` says. */
export function judgeLife(
  evidence: LifeEvidence,
  nowMs: number,
  rule: LifeCueRule = LIFE_CUE_RULE,
): CueOutcome {
  const { events, eventCount, obstacle, observedMs } = evidence
  const event = events.findLast((candidate) => counts(candidate, nowMs, rule))
  if (event !== undefined) {
    return { verdict: 'live', score: 1, reason: `${event.kind} seen`, eventCount }
  }
  const lacking = { verdict: 'not-enough-evidence', score: null, eventCount } as const
  if (obstacle === 'face-too-small') {
    return { ...lacking, reason: 'face too small for life', prompt: PROMPT_CLOSER }
  }
  const reason = 'no sign of life yet'
  if (observedMs < rule.askAfterMs) return { ...lacking, reason }
  const prompt = observedMs < 2 * rule.askAfterMs ? PROMPT_LIFE : PROMPT_UNCOVER
  return { ...lacking, reason, prompt }
}

/** Events that no still can make. */
export function createLifeCue(options: {
  readonly askAfterMs: number
  /** Handed in, remembering its answers, where many judges look at the same frames. */
  readonly compareViews?: CompareViews
}): Cue {
  const { askAfterMs, compareViews } = options
  const rule = { ...LIFE_CUE_RULE, askAfterMs }
  const life = createLifeAccumulator(compareViews === undefined ? {} : { compare: compareViews })
  let nowMs = NaN

  return {
    name: 'life',
    observe({ frame: { monotonicMs }, view }) {
      nowMs = monotonicMs
      if (view !== undefined) life.observe({ monotonicMs, view })
    },
    outcome: () => judgeLife(life.evidence(), nowMs, rule),
    restart() {
      nowMs = NaN
      life.restart()
    },
  }
}
