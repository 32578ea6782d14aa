import type { Camera } from './capture/camera.js'
import type { EndedAttempt } from './decision/attempt.js'
import type { Decision } from './decision/decision.js'
import { toDecision } from './decision/record.js'
import type { OpenAttempt } from './decision/open-attempt.js'
import type { DecisionContext } from './decision/record.js'
import type { Frame } from './frame/image.js'
import type { Judgement, Line } from './line.js'

/** A part that is out of order, in words for the log, the console and the broker. */
export interface LoopFault {
  readonly cause: string
  readonly cure: string
}

export interface DoorLoopParts {
  readonly camera: Camera
  readonly line: Line
  /** What a decision records besides the attempt; asked at the moment of the decision. */
  readonly describe: () => Pick<
    DecisionContext,
    | 'door'
    | 'threshold'
    | 'galleryPersons'
    | 'models'
    | 'findPerson'
    | 'judgeAccess'
    | 'refusesEntry'
  >
  readonly newId: () => string
  /** Notes on disk that an attempt is under way. @throws when it could not be written */
  readonly begin: (attempt: Omit<OpenAttempt, 'door'>) => void
  readonly nowMs: () => number
  /** The clock of `Frame.monotonicMs`. */
  readonly monotonicMs: () => number
  /**
   * Puts the decision and its message on disk; only after it returned does the decision count.
   * @throws when it could not be written
   */
  readonly record: (decision: Decision, trackId: number | undefined) => void
  readonly onFrame: (frame: Frame) => void
  readonly onJudgement: (judgement: Judgement) => void
  /** What makes a grant unsafe at this very moment, such as a clock that jumped. */
  readonly withhold?: () => LoopFault | undefined
  /** The loop lives, though it judges nothing: camera or store are out of order and said to be. */
  readonly onWaiting?: () => void
  /** Told what keeps the loop from deciding, and `undefined` after each frame that was judged. */
  readonly onFault: (fault: LoopFault | undefined) => void
  /** Longest wait for a frame before an open attempt counts as failed. */
  readonly frameTimeoutMs: number
  /** Pause between tries to write a decision that the store refused. */
  readonly retryMs: number
}

/**
 * Judges the newest frame, again and again, and records what ends. A fault never opens the door:
 * the open attempt ends as `fault`, and while decisions cannot be written none is made.
 * @returns once the signal is aborted, with what was open ended and recorded
 */
export async function runDoorLoop(parts: DoorLoopParts, signal: AbortSignal): Promise<void> {
  const { camera, line } = parts
  let seen: DecisionContext['liveness'] = { texture: null, lifeEvents: 0 }
  let trackId: number | undefined
  let lastFrameMs = parts.monotonicMs()
  let noted: { readonly id: string; readonly startedMs: number } | undefined
  const isStopping = () => signal.aborted

  function write(attempt: EndedAttempt): Decision {
    return toDecision(attempt, {
      ...parts.describe(),
      id: noted?.startedMs === attempt.startedMs ? noted.id : parts.newId(),
      decidedAtMs: parts.nowMs(),
      liveness: seen,
      latencyMs: parts.monotonicMs() - lastFrameMs,
    })
  }

  /**
   * So that an attempt ends in a decision even when the process does not live to see it. One that
   * cannot be noted could not be decided either.
   */
  async function noteAttempt(frame: Frame): Promise<void> {
    const underWay = line.attemptUnderWay()
    if (underWay === undefined || underWay.startedMs === noted?.startedMs) return
    const { startedMs, frames } = underWay
    const id = parts.newId()
    const startedAtMs = parts.nowMs() - (parts.monotonicMs() - startedMs)
    try {
      parts.begin({ id, startedAt: new Date(startedAtMs).toISOString(), frames })
      noted = { id, startedMs }
    } catch (error) {
      parts.onFault(storeFault(`an attempt could not be noted: ${messageOf(error)}`))
      await recordAll(line.fail(frame.monotonicMs, 'the attempt could not be noted'))
    }
  }

  /** The camera may break while its last frame is judged: who stood there then may have gone. */
  function whyNoGrant(): LoopFault | undefined {
    const { state } = camera
    return state.name === 'degraded' ? state : parts.withhold?.()
  }

  /** Keeps on trying: what was decided must be in the record before anything else is decided. */
  async function recordAll(attempts: readonly EndedAttempt[], once = false): Promise<void> {
    for (const attempt of attempts) {
      let pending = attempt
      const withheld = attempt.result.outcome === 'granted' ? whyNoGrant() : undefined
      if (withheld) pending = withoutGrant(attempt, withheld.cause)
      let decision: Decision | undefined
      for (;;) {
        try {
          decision ??= write(pending)
          parts.record(decision, trackId)
          break
        } catch (error) {
          parts.onFault(storeFault(`a decision could not be recorded: ${messageOf(error)}`))
          if (once || signal.aborted) return
          if (pending.result.outcome === 'granted') {
            pending = withoutGrant(pending, 'the decision could not be recorded in time')
            decision = undefined
          }
          parts.onWaiting?.()
          await pause(parts.retryMs, signal)
        }
      }
    }
  }

  /** Judged to its end: nobody reads it once a newer one is shown. */
  let judged: Frame | undefined
  while (!isStopping()) {
    const frame = await nextFrameWithin(camera, parts.frameTimeoutMs, signal)
    if (frame === undefined) {
      if (camera.state.name === 'stopped') break
      if (isStopping()) break
      await recordAll(line.fail(parts.monotonicMs(), 'no frame from the camera'))
      if (camera.state.name !== 'ready') parts.onWaiting?.()
      continue
    }
    lastFrameMs = frame.monotonicMs
    parts.onFrame(frame)
    if (judged !== undefined) camera.giveBack?.(judged)
    judged = undefined
    try {
      const judgement = await line.judge(frame)
      // A stage that was given up may still look at its frame: that one is not given back.
      judged = frame
      if (judgement.liveness !== undefined) {
        const { textureScore, lifeEvents, proof } = judgement.liveness
        seen = { texture: textureScore, lifeEvents, proof }
      }
      trackId = judgement.tracked?.trackId ?? trackId
      await recordAll(judgement.ended)
      parts.onFault(undefined)
      await noteAttempt(frame)
      parts.onJudgement(judgement)
    } catch (error) {
      const cause = `a frame could not be judged: ${messageOf(error)}`
      parts.onFault({ cause, cure: 'run `genkan doctor`; restart the daemon if it stays' })
      await recordAll(line.fail(frame.monotonicMs, 'a stage failed'))
    }
  }
  await recordAll(line.close(parts.monotonicMs()), true)
}

function storeFault(cause: string): LoopFault {
  return { cause, cure: 'mend the store; the door stays shut until decisions can be written' }
}

/** A grant that was withheld, or not recorded at once, opens nothing and must not read as if it had. */
function withoutGrant(attempt: EndedAttempt, detail: string): EndedAttempt {
  if (attempt.result.outcome === 'denied') return attempt
  return { ...attempt, result: { outcome: 'denied', reason: 'fault', detail } }
}

/** The newest frame, or `undefined` when none came in time. */
async function nextFrameWithin(
  camera: Camera,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Frame | undefined> {
  const waiting = new AbortController()
  const giveUp = () => waiting.abort()
  const timer = setTimeout(giveUp, timeoutMs)
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    return await camera.nextFrame(waiting.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', giveUp)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
