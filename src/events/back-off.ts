/** Pause before the n-th attempt: doubling from half a second to half a minute, half of it random. */
export interface BackOff {
  /** Next pause in ms. */
  next(): number
  reset(): void
}

const FIRST_MS = 500
const LONGEST_MS = 30_000

/**
 * Exponential back-off with equal jitter, so that a site's doors don't all return in one moment.
 * @param random uniform in [0, 1)
 */
export function createBackOff(random: () => number): BackOff {
  let attempt = 0
  return {
    next() {
      const fullMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16))
      attempt += 1
      return fullMs / 2 + (random() * fullMs) / 2
    },
    reset() {
      attempt = 0
    },
  }
}

/** Waits, or ends early without error when the signal is given. */
export function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, durationMs)
    signal.addEventListener('abort', end)
  })
}
