import type { Trouble } from './trouble.js'

export interface ClockWatchOptions {
  /** Wall clock, ms since the epoch. */
  readonly wallMs: () => number
  /** A clock that nobody sets. */
  readonly monotonicMs: () => number
  /** Told of each jump, with how far the wall clock moved. */
  readonly onJump: (byMs: number) => void
  /** How long the clock has to keep time before it is trusted again. */
  readonly stableMs?: number
}

/** Compares the wall clock with one that cannot be set. */
export interface ClockWatch {
  /**
   * Looks now. Called at each grant as well as by a timer, so that a jump of this very moment counts.
   * @returns what is wrong while the clock is not to be trusted
   */
  check(): Trouble | undefined
}

/** A step larger than this is a jump; time servers slew smaller errors away. */
const JUMP_MS = 2000
/** What a clock may gain or lose on the other without being set; slewing is at most 0.05 %. */
const DRIFT_RATE = 0.01
const STABLE_MS = 10_000

/** Watches from now on. Waking from suspend counts as a jump, too: nobody knows what time it is then. */
export function createClockWatch(options: ClockWatchOptions): ClockWatch {
  const { wallMs, monotonicMs, onJump, stableMs = STABLE_MS } = options
  let lastMs = monotonicMs()
  let offsetMs = wallMs() - lastMs
  let jump: { readonly atMs: number; readonly byMs: number } | undefined

  return {
    check() {
      const nowMs = monotonicMs()
      const nowOffsetMs = wallMs() - nowMs
      const byMs = nowOffsetMs - offsetMs
      const followMs = (nowMs - lastMs) * DRIFT_RATE
      lastMs = nowMs
      if (Math.abs(byMs) > JUMP_MS) {
        offsetMs = nowOffsetMs
        jump = { atMs: nowMs, byMs }
        onJump(byMs)
      } else {
        offsetMs += Math.max(-followMs, Math.min(followMs, byMs))
      }
      if (jump !== undefined && nowMs - jump.atMs >= stableMs) jump = undefined
      if (jump === undefined) return undefined
      const seconds = (jump.byMs / 1000).toFixed(1)
      return {
        cause: `the clock jumped by ${seconds} s`,
        cure: `grants resume when it has kept time for ${stableMs / 1000} s; see timedatectl`,
      }
    },
  }
}
