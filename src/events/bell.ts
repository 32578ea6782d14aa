/** A flag that can be waited for, by one at a time. */
export interface Bell {
  readonly ring: () => void
  /** Resolves once rung since the last wait, or with the signal. */
  readonly whenRung: (signal: AbortSignal) => Promise<void>
}

/** A {@link Bell} not rung yet. */
export function createBell(): Bell {
  let rung = false
  let wake: (() => void) | undefined
  return {
    ring() {
      rung = true
      wake?.()
    },
    async whenRung(signal) {
      if (!rung && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = () => {
            signal.removeEventListener('abort', resolveNow)
            resolve()
          }
          const resolveNow = wake
          signal.addEventListener('abort', resolveNow)
        })
        wake = undefined
      }
      rung = false
    },
  }
}
