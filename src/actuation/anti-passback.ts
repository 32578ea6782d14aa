/** What is remembered of who is inside. */
export interface InsideSource {
  enteredAtMs(personId: string): number | undefined
  enter(personId: string): void
  leave(personId: string): boolean
}

/** Keeps a person from entering twice without leaving. */
export interface AntiPassback {
  /** @returns why the person may not enter now, or `undefined` */
  refuses(personId: string): string | undefined
  /** The door was opened for the person. */
  entered(personId: string): void
}

/**
 * @param options.withinMs 0 switches it off
 * @param options.nowMs wall clock, since entries outlive the process; set back, it keeps people out
 * longer, until someone reports them as having left
 */
export function createAntiPassback(options: {
  readonly inside: InsideSource
  readonly withinMs: number
  readonly nowMs: () => number
}): AntiPassback {
  const { inside, withinMs, nowMs } = options
  return {
    refuses(personId) {
      if (withinMs === 0) return undefined
      const enteredAtMs = inside.enteredAtMs(personId)
      if (enteredAtMs === undefined || nowMs() - enteredAtMs >= withinMs) return undefined
      return 'the person has entered already and was not seen leaving (anti-passback)'
    },
    entered(personId) {
      if (withinMs > 0) inside.enter(personId)
    },
  }
}
