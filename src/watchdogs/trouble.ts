/** What a watchdog found, in words for the log, the console and the broker. */
export interface Trouble {
  readonly cause: string
  readonly cure: string
}
