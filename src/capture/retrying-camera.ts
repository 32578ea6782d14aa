import type { Camera, CameraState } from './camera.js'
import { backoffMs, CAPTURE_BACKOFF, type BackoffOptions } from './backoff.js'
import {
  captureFault,
  type CaptureEnd,
  type CaptureSession,
  type FrameSink,
} from './capture-session.js'
import { systemClock, type CaptureClock } from './clock.js'
import type { Frame } from '../frame/image.js'
import { createFrameSlot } from './frame-slot.js'

/** What every kind of camera takes besides its source. */
export interface CameraDependencies {
  readonly clock?: CaptureClock
  /** Uniform in [0, 1); spreads the retries. */
  readonly random?: () => number
  readonly backoff?: BackoffOptions
  /** Told of every change of the state's name or cause. */
  readonly onState?: (state: CameraState) => void
}

export interface RetryingCameraOptions extends CameraDependencies {
  readonly description: string
  readonly session: CaptureSession
  /** What to do when the source plays to its end. */
  readonly atEnd: 'again' | 'stop'
}

/** A session that has given pictures for this long counts as recovered. */
const STEADY_MS = 5_000
const RATE_SMOOTHING = 0.1
/** One being written, one waiting, one being judged and the one before it: more are never of use. */
const MAX_SPARES = 4

/** Makes a {@link Camera} of a session that may fail: runs it, and again after each failure. */
export function createRetryingCamera(options: RetryingCameraOptions): Camera {
  const { session, clock = systemClock, random = Math.random, backoff = CAPTURE_BACKOFF } = options
  const slot = createFrameSlot()
  const abort = new AbortController()
  let state: CameraState = { name: 'starting' }
  let running: Promise<void> | undefined
  let sequence = 0
  /** Handed out for frames, and not back. */
  const lent = new WeakSet<Uint8Array>()
  let spares: Uint8Array[] = []
  let intervalMs = 0
  let firstFrameAtMs: number | undefined
  let lastFrameAtMs = 0

  const enter = (next: CameraState): void => {
    const changed =
      next.name !== state.name ||
      (next.name === 'degraded' && state.name === 'degraded' && next.cause !== state.cause)
    state = next
    if (changed) {
      options.onState?.(next)
    }
  }

  const measureRate = (nowMs: number): number => {
    if (firstFrameAtMs === undefined) {
      firstFrameAtMs = nowMs
      intervalMs = 0
    } else {
      const lastMs = nowMs - lastFrameAtMs
      intervalMs = intervalMs === 0 ? lastMs : intervalMs + RATE_SMOOTHING * (lastMs - intervalMs)
    }
    lastFrameAtMs = nowMs
    return intervalMs > 0 ? Math.round(10_000 / intervalMs) / 10 : 0
  }

  const takeBack = ({ image: { data } }: Frame): void => {
    if (lent.delete(data) && spares.length < MAX_SPARES) spares.push(data)
  }

  const sink: FrameSink = {
    memory(byteCount) {
      spares = spares.filter(({ length }) => length === byteCount)
      const memory = spares.pop() ?? new Uint8Array(Buffer.allocUnsafeSlow(byteCount).buffer)
      lent.add(memory)
      return memory
    },
    put(image) {
      if (abort.signal.aborted) {
        return
      }
      const monotonicMs = clock.monotonicMs()
      const framesPerSecond = measureRate(monotonicMs)
      enter({ name: 'ready', framesPerSecond })
      const frame = { image, sequence, monotonicMs, capturedAtMs: clock.epochMs() }
      sequence += 1
      const displaced = slot.put(frame)
      if (displaced !== undefined) takeBack(displaced)
    },
  }

  const runOnce = async (): Promise<CaptureEnd> => {
    firstFrameAtMs = undefined
    try {
      return await session(sink, abort.signal)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      return captureFault(`the capture failed: ${message}`, 'see the log and report this fault')
    }
  }

  const run = async (): Promise<void> => {
    let failures = 0
    while (!abort.signal.aborted) {
      let end = await runOnce()
      const gaveFrames = firstFrameAtMs !== undefined
      if (end.kind === 'ended' && !gaveFrames) {
        end = captureFault(`${options.description} holds no picture`, 'choose another source')
      }
      if (end.kind === 'stopped' || (end.kind === 'ended' && options.atEnd === 'stop')) {
        break
      }
      if (end.kind === 'fault') {
        slot.clear()
        const steady = gaveFrames && lastFrameAtMs - (firstFrameAtMs ?? 0) >= STEADY_MS
        failures = steady ? 1 : failures + 1
        enter({ name: 'degraded', cause: end.cause, cure: end.cure })
        await clock.sleep(backoffMs(failures, random(), backoff), abort.signal)
      }
    }
    enter({ name: 'stopped' })
    slot.close()
  }

  return {
    description: options.description,
    get state() {
      return state
    },
    start() {
      running ??= run()
    },
    nextFrame: (signal) => slot.next(signal),
    giveBack: takeBack,
    async stop() {
      abort.abort()
      await running
      enter({ name: 'stopped' })
      slot.close()
    },
  }
}
