import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { ClockWatch } from './clock-watch.js'
import type { LoadedFiles } from './loaded-files.js'
import type { Trouble } from './trouble.js'

/** The watchdogs that look by themselves, beside the deadline of the stages. */
export const WATCHDOGS = ['clock', 'memory', 'loop', 'files'] as const
export type SelfWatch = (typeof WATCHDOGS)[number]

/** What each watchdog has found; those without trouble are absent. */
export type Troubles = Readonly<Partial<Record<SelfWatch, Trouble>>>

export interface WatchdogOptions {
  readonly clock: ClockWatch
  readonly files: LoadedFiles
  /** Resident memory beyond which the process is to be made anew; `null` for none. */
  readonly memoryLimitMb: number | null
  /** Told when a watchdog that was content finds trouble. */
  readonly onTrip: (watchdog: SelfWatch, trouble: Trouble) => void
  /** Told when only a new process can help. */
  readonly onRestart: (why: string) => void
  readonly rssBytes?: () => number
  readonly uptimeS?: () => number
  /** 99th percentile since it was last asked. */
  readonly loopLagMs?: () => number
}

export interface Watchdogs {
  troubles(): Troubles
  /** Looks at everything now. */
  look(): void
  stop(): void
}

const LOOK_MS = 1000
/** Memory, lag and files are looked at every tenth time. */
const SLOW_EVERY = 10
/** So that a limit below what the daemon needs does not make it restart for ever without a pause. */
const MIN_UPTIME_S = 600
const MEMORY_LOOKS = 3
const MAX_LAG_MS = 250
const MB = 1024 * 1024

function lagMeter(): { readonly p99Ms: () => number; readonly stop: () => void } {
  const histogram = monitorEventLoopDelay({ resolution: 20 })
  histogram.enable()
  return {
    p99Ms() {
      const p99 = histogram.percentile(99) / 1e6
      histogram.reset()
      return p99
    },
    stop: () => void histogram.disable(),
  }
}

/** Looks at clock, memory, event loop and loaded files until stopped. */
export function startWatchdogs(options: WatchdogOptions): Watchdogs {
  const { clock, files, memoryLimitMb, onTrip, onRestart } = options
  const meter = options.loopLagMs ? undefined : lagMeter()
  const loopLagMs = options.loopLagMs ?? meter?.p99Ms ?? (() => 0)
  const rssBytes = options.rssBytes ?? (() => process.memoryUsage.rss())
  const uptimeS = options.uptimeS ?? (() => process.uptime())
  const found = new Map<SelfWatch, Trouble>()
  let looks = 0
  let beyondLimit = 0

  function note(watchdog: SelfWatch, trouble: Trouble | undefined): void {
    if (trouble === undefined) found.delete(watchdog)
    else {
      if (!found.has(watchdog)) onTrip(watchdog, trouble)
      found.set(watchdog, trouble)
    }
  }

  function lookAtMemory(): Trouble | undefined {
    const rssMb = rssBytes() / MB
    if (memoryLimitMb === null || rssMb <= memoryLimitMb) {
      beyondLimit = 0
      return undefined
    }
    const cause = `${Math.round(rssMb)} MB of memory are in use, the limit is ${memoryLimitMb} MB`
    if (++beyondLimit >= MEMORY_LOOKS && uptimeS() >= MIN_UPTIME_S) onRestart(cause)
    return {
      cause,
      cure: 'genkan restarts by itself; if it comes back, raise watchdog.memoryLimitMb',
    }
  }

  function lookAtLoop(): Trouble | undefined {
    const lagMs = loopLagMs()
    if (!(lagMs > MAX_LAG_MS)) return undefined
    return {
      cause: `the event loop lags by ${Math.round(lagMs)} ms`,
      cure: 'see what else runs on this machine (top); frames are judged late meanwhile',
    }
  }

  function lookAtFiles(): Trouble | undefined {
    const changed = files.changed()
    if (changed.length === 0) return undefined
    return {
      cause: `${changed.join(', ')} changed on disk since it was loaded; what was loaded is in use`,
      cure: 'restart genkan to use it, or restore the file',
    }
  }

  function look(): void {
    note('clock', clock.check())
    if (looks++ % SLOW_EVERY !== 0) return
    note('memory', lookAtMemory())
    note('loop', lookAtLoop())
    note('files', lookAtFiles())
  }

  const timer = setInterval(look, LOOK_MS)
  timer.unref()
  return {
    troubles: () => Object.fromEntries(found),
    look,
    stop() {
      clearInterval(timer)
      meter?.stop()
    },
  }
}
