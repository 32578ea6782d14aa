import { setTimeout as delay } from 'node:timers/promises'

/** Time as captures see it; handed in so that tests need no sleeps. */
export interface CaptureClock {
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonicMs(): number
  /** Wall clock, milliseconds since 1970. */
  epochMs(): number
  /** Waits; returns early, without an error, once the signal is aborted. */
  sleep(durationMs: number, signal: AbortSignal): Promise<void>
}

export const systemClock: CaptureClock = {
  monotonicMs: () => performance.now(),
  epochMs: () => Date.now(),
  sleep: async (durationMs, signal) => {
    try {
      await delay(Math.max(0, durationMs), undefined, { signal })
    } catch (error) {
      if (!signal.aborted) {
        throw error
      }
    }
  },
}
