const WINDOW_MS = 60_000
const LONGEST_LOCK_MS = 60 * WINDOW_MS
/** After this long without a failure an address begins anew. */
const FORGIVEN_MS = 2 * LONGEST_LOCK_MS
const MAX_ADDRESSES = 1024

/** Counts failures by address in windows of one minute; who goes on guessing waits ever longer. */
export interface FailureLimiter {
  /** Milliseconds until the address may try again; 0 when it may now. */
  waitMs(address: string): number
  fail(address: string): void
}

interface Window {
  failures: number
  endsAtMs: number
  /** How often in a row the limit was reached. */
  lockOuts: number
}

/** Whoever has one IPv6 address mostly has its whole /64. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  const [head, tail] = address.split('::') as [string, string | undefined]
  const groups = head.split(':')
  const after = tail?.split(':') ?? []
  const zeros = Array<string>(Math.max(0, 8 - groups.length - after.length)).fill('0')
  return [...groups, ...(tail === undefined ? [] : zeros), ...after].slice(0, 4).join(':')
}

/**
 * @param limit failures in a window before the address has to wait: to the window's end at first, then
 *   twice as long each time, up to an hour
 * @param now monotonic milliseconds
 */
export function createFailureLimiter(limit: number, now: () => number): FailureLimiter {
  const windows = new Map<string, Window>()

  return {
    waitMs(address) {
      const window = windows.get(networkOf(address))
      if (window === undefined || window.failures < limit) return 0
      return Math.max(0, window.endsAtMs - now())
    },
    fail(address) {
      const at = now()
      const network = networkOf(address)
      const known = windows.get(network)
      const before = known && at - known.endsAtMs < FORGIVEN_MS ? known : undefined
      const window =
        before !== undefined && before.endsAtMs > at
          ? before
          : { failures: 0, endsAtMs: at + WINDOW_MS, lockOuts: before?.lockOuts ?? 0 }
      window.failures += 1
      if (window.failures === limit) {
        const lockMs = Math.min(LONGEST_LOCK_MS, WINDOW_MS * 2 ** window.lockOuts)
        window.endsAtMs += lockMs - WINDOW_MS
        window.lockOuts += 1
      }
      windows.delete(network)
      const oldest = windows.keys().next()
      if (windows.size >= MAX_ADDRESSES && !oldest.done) windows.delete(oldest.value)
      windows.set(network, window)
    },
  }
}
