/** Says when undelivered messages may be given up. */
export interface BoundGate {
  /** Call about once a minute. */
  isOpen(): boolean
}

const JUMP_MS = 60_000

/**
 * Ages are told by the wall clock, and boards without a battery start in the past and leap weeks ahead
 * when they reach a time server. So nothing is given up before the drain had its chance: `trialMs` of
 * running since the start and since the last leap.
 * @param clocks wall clock, and one that never leaps
 */
export function createBoundGate(
  clocks: { readonly nowMs: () => number; readonly monotonicMs: () => number },
  trialMs: number,
): BoundGate {
  const { nowMs, monotonicMs } = clocks
  let trialFromMs = monotonicMs()
  let offsetMs = nowMs() - trialFromMs
  return {
    isOpen() {
      const atMs = monotonicMs()
      const newOffsetMs = nowMs() - atMs
      if (Math.abs(newOffsetMs - offsetMs) > JUMP_MS) trialFromMs = atMs
      offsetMs = newOffsetMs
      return atMs - trialFromMs >= trialMs
    },
  }
}
