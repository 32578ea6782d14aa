import { silent, type Cue } from '../cue.js'
import { beginChallenge, CHALLENGE_RULE, type Challenge } from './challenge.js'
import { STEP_PROMPTS, type ChallengeDrawer, type ChallengeStep } from './draw.js'
import { readFace } from './movements.js'

/** What the display shows of a running challenge; later steps stay secret until their turn. */
export interface ChallengePrompt {
  readonly nonce: string
  readonly steps: readonly ChallengeStep[]
  /** Index of the step to do now. */
  readonly at: number
  readonly remainingMs: number
}

/** The cue of mode `challenge`. */
export interface ChallengeCue extends Cue {
  prompt(): ChallengePrompt | null
  /** Nonce of the challenge that was passed, if one was. */
  passedNonce(): string | null
}

/** A second try is granted; then the attempt can only end. */
const MAX_CHALLENGES = 2
/** A passed challenge counts for this long. */
const VALID_MS = 8000
/** A break longer than this in the thread of frames ends the challenge as failed. */
const MAX_GAP_MS = 500

const PROMPT_WAIT = 'Please look at the camera and keep still'
const PROMPT_OVER = 'Please step back and try again'

/** Sets random tasks to one attempt after the other. */
export function createChallengeCue(options: {
  readonly draw: ChallengeDrawer
  readonly timeoutMs: number
}): ChallengeCue {
  const rule = { ...CHALLENGE_RULE, timeoutMs: options.timeoutMs }
  let challenge: Challenge | undefined
  let begun = 0
  let failure: string | undefined
  let lastMs: number | undefined
  let nowMs = NaN

  return {
    name: 'challenge',
    needs: 'embedding',
    observe({ frame: { monotonicMs }, view, embedding }) {
      nowMs = monotonicMs
      const reading = view && readFace(view)
      if (reading === undefined) return
      const broken = lastMs !== undefined && monotonicMs - lastMs > MAX_GAP_MS
      lastMs = monotonicMs
      const state = challenge?.state()
      if (challenge !== undefined && (broken || state?.name === 'failed')) {
        failure = state?.name === 'failed' ? state.reason : 'the face was out of sight'
        challenge = undefined
      }
      if (challenge === undefined && begun < MAX_CHALLENGES) {
        begun++
        challenge = beginChallenge(options.draw(), rule)
      }
      challenge?.observe({ monotonicMs, reading, embedding })
    },
    outcome() {
      if (challenge === undefined) {
        return silent(`failed: ${failure ?? 'not begun'}`, begun === 0 ? PROMPT_WAIT : PROMPT_OVER)
      }
      const state = challenge.state()
      const { drawn } = challenge
      switch (state.name) {
        case 'waiting':
          return silent('not answered yet', PROMPT_WAIT)
        case 'asking':
          return silent(
            `${drawn.steps[state.at]} not seen yet`,
            STEP_PROMPTS[drawn.steps[state.at]],
          )
        case 'failed':
          return silent(`failed: ${state.reason}`, PROMPT_OVER)
        case 'passed':
          if (!(nowMs - state.atMs <= VALID_MS)) return silent('passed too long ago', PROMPT_OVER)
          return { verdict: 'live', score: 1, reason: `${drawn.steps.join(', ')} done as asked` }
      }
    },
    prompt() {
      const state = challenge?.state()
      if (challenge === undefined || state?.name !== 'asking') return null
      const { nonce, steps } = challenge.drawn
      const { at, remainingMs } = state
      return { nonce, steps: steps.slice(0, at + 1), at, remainingMs }
    },
    passedNonce: () => (challenge?.state().name === 'passed' ? challenge.drawn.nonce : null),
    restart() {
      challenge = undefined
      begun = 0
      failure = undefined
      lastMs = undefined
      nowMs = NaN
    },
  }
}
