import type { CueOutcome, CueReading } from './cue.js'

/** How much a door asks for; each mode asks for all that the one before asks for. */
export const LIVENESS_MODES = ['texture', 'life', 'challenge'] as const
export type LivenessMode = (typeof LIVENESS_MODES)[number]

/** What the cues come to together. */
export type LivenessOutcome =
  | { readonly outcome: 'live'; readonly reason: string }
  | {
      readonly outcome: 'attack'
      /** For the log: which cue, which score, why. */
      readonly reason: string
    }
  | {
      readonly outcome: 'not-enough-evidence'
      /** For the person before the camera. */
      readonly prompt: string
      readonly reason: string
    }

const PROMPT_LOOK = 'Please look at the camera'
const PROMPT_REFUSED = 'This door cannot open by face at present'

/** The cues that must say live before a door of each mode opens; the first that lacks prompts. */
export const NEEDED_CUES: Readonly<Record<LivenessMode, readonly string[]>> = {
  texture: ['feed', 'texture'],
  life: ['feed', 'texture', 'life'],
  challenge: ['feed', 'texture', 'challenge', 'life'],
}

/** A score that is no probability makes a cue's word worthless. */
function isSound({ score }: CueOutcome): boolean {
  return score !== null && score >= 0 && score <= 1
}

function explain({ name, outcome: { score, reason } }: CueReading): string {
  return score === null ? `${name}: ${reason}` : `${name} ${score.toFixed(2)}: ${reason}`
}

/**
 * Puts the cues together. Monotone: a cue that says attack settles it whatever the others say;
 * silence of any cue, its absence, or a score that is no number never makes an outcome `live`.
 * Cues that no mode needs can only refuse.
 */
export function fuseCues(mode: LivenessMode, readings: readonly CueReading[]): LivenessOutcome {
  const attack = readings.find(({ outcome }) => outcome.verdict === 'attack')
  if (attack !== undefined) return { outcome: 'attack', reason: explain(attack) }
  const reasons: string[] = []
  for (const name of NEEDED_CUES[mode]) {
    const own = readings.filter((reading) => reading.name === name)
    if (own.length === 0) {
      const reason = `this build has no cue ${name}, which mode ${mode} needs`
      return { outcome: 'not-enough-evidence', prompt: PROMPT_REFUSED, reason }
    }
    for (const reading of own) {
      const { outcome } = reading
      if (outcome.verdict === 'not-enough-evidence') {
        const prompt = outcome.prompt ?? PROMPT_LOOK
        return { outcome: 'not-enough-evidence', prompt, reason: explain(reading) }
      }
      if (!isSound(outcome)) {
        const reason = `${name}: its score is no probability`
        return { outcome: 'not-enough-evidence', prompt: PROMPT_LOOK, reason }
      }
      reasons.push(explain(reading))
    }
  }
  return { outcome: 'live', reason: reasons.at(-1) ?? '' }
}
