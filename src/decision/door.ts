import { openAttempt } from './attempt.js'
import type { Attempt, AttemptRules, EndedAttempt, Observation } from './attempt.js'

export interface DoorRules extends AttemptRules {
  /** A face seen in fewer frames than this was passing by: no attempt, no decision. */
  readonly minAttemptFrames: number
  /** After a grant, the same face is left in peace for this long. */
  readonly restAfterGrantMs: number
  /** After a denial, the same face may try again after this long. */
  readonly restAfterDenialMs: number
}

/** What tracking and the other stages say about one frame, as far as the door cares. */
export interface DoorInput {
  readonly monotonicMs: number
  /** The face the door attends to, if there is one. */
  readonly trackId: number | undefined
  /** The track that ended with this frame, if one did. */
  readonly endedTrackId: number | undefined
  /** Absent when there is no face, or while the door rests from its last decision. */
  readonly observation: Observation | undefined
}

export interface DoorStep {
  /** Attempts that ended with this frame; each becomes exactly one decision. */
  readonly ended: readonly EndedAttempt[]
  /** What the display should ask of the person. */
  readonly prompt: string | undefined
  /** The evidence of life gathered so far belongs to another face, or to a past attempt. */
  readonly restartLiveness: boolean
}

/** The door's line between frames and decisions: one face, one attempt at a time. */
export interface Door {
  /** Whether frames of this track are to be judged now, or the door rests from a decision about it. */
  attendsTo(trackId: number, monotonicMs: number): boolean
  step(input: DoorInput): DoorStep
  /** When the open attempt began and how many frames it has, once it is sure to end in a decision. */
  attemptUnderWay(): { readonly startedMs: number; readonly frames: number } | undefined
  /** Ends what is open, because the daemon stops. */
  close(monotonicMs: number): readonly EndedAttempt[]
  /** Ends what is open with the reason `fault`: a stage or the camera failed in mid-attempt. */
  fail(monotonicMs: number, detail: string): readonly EndedAttempt[]
}

interface OpenAttempt {
  readonly trackId: number
  readonly startedMs: number
  readonly attempt: Attempt
  frames: number
}

/** Opens, feeds and ends attempts as faces come, stay and go. */
export function createDoor(rules: DoorRules): Door {
  let open: OpenAttempt | undefined
  let resting: { readonly trackId: number; readonly untilMs: number } | undefined

  function concludeOpen(monotonicMs: number): EndedAttempt[] {
    const left = open
    open = undefined
    if (left === undefined || left.frames < rules.minAttemptFrames) return []
    return [left.attempt.conclude(monotonicMs)]
  }

  function attendsTo(trackId: number, monotonicMs: number): boolean {
    return resting?.trackId !== trackId || monotonicMs >= resting.untilMs
  }

  function step(input: DoorInput): DoorStep {
    const { monotonicMs, trackId, endedTrackId, observation } = input
    const left =
      open !== undefined &&
      (open.trackId === endedTrackId || (trackId !== undefined && trackId !== open.trackId))
    const ended = left ? concludeOpen(monotonicMs) : []
    if (observation === undefined || trackId === undefined) {
      return { ended, prompt: undefined, restartLiveness: false }
    }
    open ??= {
      trackId,
      startedMs: monotonicMs,
      attempt: openAttempt(monotonicMs, rules),
      frames: 0,
    }
    open.frames++
    const result = open.attempt.observe(observation)
    switch (result.kind) {
      case 'pending':
        return { ended, prompt: result.prompt, restartLiveness: false }
      case 'restart-liveness':
        return { ended, prompt: undefined, restartLiveness: true }
      case 'ended': {
        const granted = result.attempt.result.outcome === 'granted'
        const restMs = granted ? rules.restAfterGrantMs : rules.restAfterDenialMs
        resting = { trackId, untilMs: monotonicMs + restMs }
        open = undefined
        return { ended: [...ended, result.attempt], prompt: undefined, restartLiveness: true }
      }
    }
  }

  function fail(monotonicMs: number, detail: string): EndedAttempt[] {
    const left = open
    open = undefined
    return left === undefined ? [] : [left.attempt.fail(monotonicMs, detail)]
  }

  function attemptUnderWay() {
    return open !== undefined && open.frames >= rules.minAttemptFrames
      ? { startedMs: open.startedMs, frames: open.frames }
      : undefined
  }

  return { attendsTo, step, attemptUnderWay, close: concludeOpen, fail }
}
