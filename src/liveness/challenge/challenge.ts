import { distanceSq } from '../../encoding/embedding.js'
import type { ChallengeStep, DrawnChallenge } from './draw.js'
import { isFrontal, medianReading, movementsOf, type FaceReading } from './movements.js'

/** One frame of the challenged face. */
export interface ChallengeFrame {
  readonly monotonicMs: number
  readonly reading: FaceReading
  /** Who is seen; absent where the face could not be encoded. */
  readonly embedding: Float32Array | undefined
}

export interface ChallengeRule {
  /** The neutral face is taken over this long, and over at least so many frames. */
  readonly neutralMs: number
  readonly neutralFrames: number
  /** From the first prompt to the end of the second step. */
  readonly timeoutMs: number
  /** A movement that begins sooner after its prompt was under way already. */
  readonly reactionMs: number
  /** A movement must last so many frames; a blink takes one. */
  readonly holdFrames: number
  /** Another movement than the one asked for, for so many frames, fails the step. */
  readonly wrongFrames: number
  /** Squared distance to the neutral face's embedding, looking ahead, and with the head turned. */
  readonly maxFrontalDistanceSq: number
  readonly maxTurnedDistanceSq: number
}

/**
 * Real heads in a full turn stay below 1.5 of their own frontal face; two people lie about 2 apart.
 */
export const CHALLENGE_RULE: ChallengeRule = {
  neutralMs: 500,
  neutralFrames: 4,
  timeoutMs: 6000,
  reactionMs: 150,
  holdFrames: 2,
  wrongFrames: 3,
  maxFrontalDistanceSq: 1,
  maxTurnedDistanceSq: 1.5,
}

/** Where a challenge stands. */
export type ChallengeState =
  /** The face at rest is being learnt, or the pause before a prompt runs. */
  | { readonly name: 'waiting' }
  | { readonly name: 'asking'; readonly at: number; readonly remainingMs: number }
  | { readonly name: 'passed'; readonly atMs: number }
  | { readonly name: 'failed'; readonly reason: string }

/** One run of a drawn challenge over the frames of one track. Pure: time comes with the frame. */
export interface Challenge {
  readonly drawn: DrawnChallenge
  observe(frame: ChallengeFrame): void
  state(): ChallengeState
}

/** Begins a challenge; its first frames show the neutral face. */
export function beginChallenge(
  drawn: DrawnChallenge,
  rule: ChallengeRule = CHALLENGE_RULE,
): Challenge {
  const neutralFrames: ChallengeFrame[] = []
  let neutral: FaceReading | undefined
  let reference: Float32Array | undefined
  let at = 0
  let calmSinceMs: number | undefined
  let promptedMs: number | undefined
  let firstPromptMs: number | undefined
  let beganMs: number | undefined
  let held = 0
  let wrong = 0
  let encoded = 0
  let lastMs = -Infinity
  let ending: ChallengeState | undefined

  function fail(reason: string): void {
    ending = { name: 'failed', reason }
  }

  function learnNeutral(frame: ChallengeFrame): void {
    neutralFrames.push(frame)
    const first = neutralFrames[0]
    const restless =
      movementsOf(frame.reading, first.reading).some((movement) => movement !== 'blink') ||
      (reference !== undefined && !isSame(frame, reference, rule.maxFrontalDistanceSq))
    if (restless) {
      neutralFrames.splice(0, neutralFrames.length, frame)
      reference = undefined
    }
    reference ??= frame.embedding
    const longEnough = frame.monotonicMs - neutralFrames[0].monotonicMs >= rule.neutralMs
    if (longEnough && neutralFrames.length >= rule.neutralFrames && reference !== undefined) {
      neutral = medianReading(neutralFrames.map(({ reading }) => reading))
    }
  }

  /** The pause before a prompt runs only while the face is calm: what is under way cannot answer. */
  function pauseBefore(nowMs: number, movements: readonly ChallengeStep[]): void {
    if (movements.length > 0) {
      calmSinceMs = undefined
      return
    }
    calmSinceMs ??= nowMs
    if (nowMs - calmSinceMs < drawn.pausesMs[at]) return
    promptedMs = nowMs
    firstPromptMs ??= nowMs
    beganMs = undefined
    held = 0
    wrong = 0
    encoded = 0
  }

  function judgeStep(
    frame: ChallengeFrame,
    asked: number,
    movements: readonly ChallengeStep[],
  ): void {
    const step = drawn.steps[at]
    const others = movements.filter((movement) => movement !== step && movement !== 'blink')
    wrong = others.length > 0 ? wrong + 1 : 0
    if (wrong >= rule.wrongFrames) {
      fail(`${others[0]} instead of ${step}`)
      return
    }
    if (!movements.includes(step)) {
      beganMs = undefined
      held = 0
      return
    }
    beganMs ??= frame.monotonicMs
    if (beganMs - asked < rule.reactionMs) {
      fail(`${step} began before it was asked for`)
      return
    }
    held++
    if (frame.embedding !== undefined) encoded++
    if (held < (step === 'blink' ? 1 : rule.holdFrames) || encoded === 0) return
    promptedMs = undefined
    calmSinceMs = undefined
    at++
    if (at === drawn.steps.length) ending = { name: 'passed', atMs: frame.monotonicMs }
  }

  return {
    drawn,
    observe(frame) {
      const { monotonicMs, reading, embedding } = frame
      if (ending?.name === 'failed' || !(monotonicMs > lastMs)) return
      lastMs = monotonicMs
      if (neutral === undefined || reference === undefined) {
        learnNeutral(frame)
        return
      }
      const limit = isFrontal(reading, neutral)
        ? rule.maxFrontalDistanceSq
        : rule.maxTurnedDistanceSq
      if (embedding !== undefined && !isSame(frame, reference, limit)) {
        fail('the face changed during the challenge')
        return
      }
      if (ending !== undefined) return
      if (firstPromptMs !== undefined && monotonicMs - firstPromptMs > rule.timeoutMs) {
        fail('not answered in time')
        return
      }
      const movements = movementsOf(reading, neutral)
      if (promptedMs === undefined) pauseBefore(monotonicMs, movements)
      else judgeStep(frame, promptedMs, movements)
    },
    state() {
      if (ending !== undefined) return ending
      if (promptedMs === undefined || firstPromptMs === undefined) return { name: 'waiting' }
      const remainingMs = Math.max(0, rule.timeoutMs - (lastMs - firstPromptMs))
      return { name: 'asking', at, remainingMs }
    },
  }
}

function isSame({ embedding }: ChallengeFrame, reference: Float32Array, limit: number): boolean {
  return embedding === undefined || distanceSq(embedding, reference) <= limit
}
