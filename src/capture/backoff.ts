/** How long to wait between attempts to reopen a camera. */
export interface BackoffOptions {
  /** Longest wait after the first failure. */
  readonly firstMs: number
  /** No wait is longer. */
  readonly maxMs: number
}

/** Short, because somebody may stand at the door when the camera is back; a try costs one process. */
export const CAPTURE_BACKOFF: BackoffOptions = { firstMs: 250, maxMs: 1000 }

/**
 * Exponential back-off with equal jitter: half of the doubled wait is certain, half is random, so
 * that many kiosks behind one recorder don't return at the same moment.
 * @param failures failures in a row, 1 or more
 * @param random uniform in [0, 1)
 */
export function backoffMs(failures: number, random: number, options = CAPTURE_BACKOFF): number {
  const ceilingMs = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(failures - 1, 30))
  return ceilingMs / 2 + (ceilingMs / 2) * random
}
