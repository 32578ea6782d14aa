import { execFile } from 'node:child_process'

/**
 * What the service manager is told (sd_notify(3)). Where the daemon does not run under systemd,
 * every call does nothing.
 */
export interface ServiceNotifier {
  /** The daemon is up; from now on the watchdog wants to be fed. */
  ready(status: string): void
  /** One line for people, shown by `systemctl status`. */
  status(text: string): void
  /**
   * The door's loop lives: a frame has been judged to its end, or camera or store are out of order and
   * said to be. This, and nothing else, feeds the watchdog, at most once in half its time: a loop that
   * hangs is restarted.
   */
  alive(): void
  /** The daemon is about to stop. Resolves when the manager has been told. */
  stopping(): Promise<void>
}

export interface ServiceNotifierOptions {
  readonly env?: Readonly<NodeJS.ProcessEnv>
  readonly pid?: number
  /** Monotonic milliseconds. */
  readonly nowMs?: () => number
  /** Told once when the manager can't be reached. */
  readonly onFault?: (message: string) => void
  /** Sends assignments such as `READY=1`; by default through the program `systemd-notify`. */
  readonly send?: (assignments: readonly string[]) => Promise<void>
}

const SEND_TIMEOUT_MS = 5_000
const MAX_STATUS_LENGTH = 200

/**
 * Node opens no datagram sockets of the UNIX family, so systemd's own program speaks for us. It is
 * another process than the main one: the unit needs `NotifyAccess=all`.
 */
function sendThroughProgram(env: Readonly<NodeJS.ProcessEnv>) {
  return (assignments: readonly string[]): Promise<void> =>
    new Promise((resolve, reject) => {
      const { NOTIFY_SOCKET, PATH } = env
      const options = { env: { NOTIFY_SOCKET, PATH }, timeout: SEND_TIMEOUT_MS } as const
      execFile('systemd-notify', ['--', ...assignments], options, (error) => {
        if (error) reject(new Error(`systemd-notify failed: ${error.message}`))
        else resolve()
      })
    })
}

/** Half of the watchdog's time, or undefined where none wants to be fed by this process. */
function feedIntervalMs(env: Readonly<NodeJS.ProcessEnv>, pid: number): number | undefined {
  const { WATCHDOG_USEC, WATCHDOG_PID } = env
  const isOurs = WATCHDOG_PID === undefined || WATCHDOG_PID === String(pid)
  const microseconds = Number(WATCHDOG_USEC)
  return isOurs && microseconds > 0 ? microseconds / 2000 : undefined
}

function statusLine(text: string): string {
  const printable = text.replace(/[\p{Cc}\p{Cs}]+/gu, ' ').trim()
  return `STATUS=${printable.slice(0, MAX_STATUS_LENGTH)}`
}

/** The line to the service manager, from the variables it gave to this process. */
export function createServiceNotifier(options: ServiceNotifierOptions = {}): ServiceNotifier {
  const { env = process.env, pid = process.pid, nowMs = () => performance.now() } = options
  const send = options.send ?? sendThroughProgram(env)
  const isManaged = (env['NOTIFY_SOCKET'] ?? '') !== ''
  const intervalMs = isManaged ? feedIntervalMs(env, pid) : undefined
  let queue: Promise<boolean> = Promise.resolve(true)
  let pending: string | undefined
  let feeding = false
  let fedAtMs = -Infinity
  let faulty = false

  /** Resolves with whether the manager has been told. */
  const tell = (...assignments: readonly string[]): Promise<boolean> => {
    if (!isManaged) return queue
    queue = queue.then(async () => {
      try {
        await send(assignments)
        faulty = false
        return true
      } catch (error) {
        if (!faulty) options.onFault?.(error instanceof Error ? error.message : String(error))
        faulty = true
        return false
      }
    })
    return queue
  }

  return {
    ready: (status) => void tell('READY=1', statusLine(status)),
    status(text) {
      const isWaiting = pending !== undefined
      pending = statusLine(text)
      if (isWaiting || !isManaged) return
      void queue.then(() => {
        const newest = pending
        pending = undefined
        if (newest !== undefined) void tell(newest)
      })
    },
    alive() {
      const now = nowMs()
      if (intervalMs === undefined || feeding || now - fedAtMs < intervalMs) return
      fedAtMs = now
      feeding = true
      void tell('WATCHDOG=1').then((told) => {
        feeding = false
        // Another try well within the watchdog's time.
        if (!told) fedAtMs = now - intervalMs * (3 / 4)
      })
    },
    async stopping() {
      await tell('STOPPING=1')
    },
  }
}
