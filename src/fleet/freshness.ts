import type { Replica } from '../store/replica/replica.js'

/** How long ago the replica was known to be whole. */
export interface Freshness {
  /**
   * The replica has everything that the record had so long ago, in ms: when the reading began, since an
   * answer may have been on its way for as long as the reading took.
   */
  confirm(agoMs: number): void
  /** Minutes since then; infinite when it was never, or nobody can say. */
  ageMinutes(): number
}

/** Written down at most so often: it is needed after a restart only. */
const KEEP_EVERY_MS = 30_000

/**
 * While the process lives the monotonic clock counts, so that a wrong wall clock makes no old copy fresh.
 * After a restart only the wall clock is left; one that went back since makes the copy old.
 */
export function createFreshness(
  replica: Pick<Replica, 'recall' | 'remember'>,
  clock: { readonly wallMs: () => number; readonly monotonicMs: () => number },
): Freshness {
  const { wallMs, monotonicMs } = clock
  const before = replica.recall('fresh-at-ms')
  const startedMs = monotonicMs()
  const ageAtStartMs =
    typeof before === 'number' && before <= wallMs() ? wallMs() - before : Number.POSITIVE_INFINITY
  let freshMs: number | undefined
  let keptMs = Number.NEGATIVE_INFINITY

  return {
    confirm(agoMs) {
      freshMs = monotonicMs() - agoMs
      if (freshMs - keptMs < KEEP_EVERY_MS) return
      keptMs = freshMs
      replica.remember('fresh-at-ms', wallMs() - agoMs)
    },
    ageMinutes() {
      const ageMs =
        freshMs === undefined ? ageAtStartMs + monotonicMs() - startedMs : monotonicMs() - freshMs
      return ageMs / 60_000
    },
  }
}
