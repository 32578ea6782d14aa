import { spawn } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DAEMON_ENVIRONMENT, DAEMON_NODE_ARGUMENTS } from '../daemon-process.js'
import { CommandError } from './command-error.js'

/** A line of the daemon's log. */
export type LogEntry = Readonly<Record<string, unknown>>

/** The real daemon in a process of its own, as the benches start it. */
export interface ChildDaemon {
  /**
   * Resolves with the milliseconds since the start once a line of the log is the wanted one.
   * @param what names it for people
   * @throws CommandError when the daemon ends before, or not in time
   */
  logged(what: string, isWanted: (entry: LogEntry) => boolean, timeoutMs: number): Promise<number>
  /** Processor time of the daemon and of every process below it so far, in ms. */
  cpuMs(): number
  /** Ends it as a service manager does. @returns its exit code */
  stop(): Promise<number | null>
  /** Ends it in any case. */
  kill(): void
}

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url))
/** USER_HZ, which Linux fixes towards programs. */
const MS_PER_TICK = 10
const MAX_KEPT_LINES = 1000

/** @param folder empty or new; holds the store */
export function startChildDaemon(
  folder: string,
  env: Readonly<Record<string, string>>,
): ChildDaemon {
  const startedMs = performance.now()
  const child = spawn(process.execPath, [...DAEMON_NODE_ARGUMENTS, MAIN], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      ...DAEMON_ENVIRONMENT,
      GENKAN_ADMIN_PORT: '0',
      GENKAN_MQTT_EMBEDDED_PORT: '0',
      GENKAN_STORE_FOLDER: join(folder, 'data'),
      ...env,
    },
  })
  // A bench that ends early, because nobody reads it on, leaves no door behind.
  const killWithUs = () => void child.kill('SIGKILL')
  process.once('exit', killWithUs)
  const lines: { readonly atMs: number; readonly entry: LogEntry }[] = []
  let lastText = ''
  let rest = ''
  let look: () => void = () => undefined
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    const whole = (rest + text).split('\n')
    rest = whole.pop() ?? ''
    for (const line of whole) {
      lastText = line
      try {
        const entry = JSON.parse(line) as LogEntry
        lines.push({ atMs: performance.now() - startedMs, entry })
        if (lines.length > MAX_KEPT_LINES) lines.shift()
      } catch {
        // What is said before the log is open is for people.
      }
    }
    look()
  })
  child.once('exit', () => {
    process.off('exit', killWithUs)
    look()
  })
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null

  return {
    logged: (what, isWanted, timeoutMs) =>
      new Promise((resolve, reject) => {
        const give = (error: string) => {
          reject(new CommandError('fault', `${error}; its last words: ${lastText}`))
        }
        const timer = setTimeout(() => {
          give(`the daemon logged no ${what} in ${timeoutMs} ms`)
        }, timeoutMs)
        look = () => {
          const found = lines.find(({ entry }) => isWanted(entry))
          if (found === undefined && !hasEnded()) return
          clearTimeout(timer)
          look = () => undefined
          if (found === undefined) give('the daemon ended by itself')
          else resolve(found.atMs)
        }
        look()
      }),
    cpuMs: () => (child.pid === undefined ? 0 : cpuMsOfTree(child.pid)),
    async stop() {
      if (hasEnded()) return child.exitCode
      const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      return ended
    },
    kill: () => void child.kill('SIGKILL'),
  }
}

/** Fields of /proc/PID/stat from the state on, see proc_pid_stat(5). */
function statOf(pid: string): { readonly parent: number; readonly ticks: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
    return { parent: Number(fields[1]), ticks }
  } catch {
    return undefined
  }
}

/** With the children that have ended and were waited for. */
function cpuMsOfTree(root: number): number {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), stat: statOf(name) }))
  const family = new Set([root])
  for (let grown = true; grown;) {
    grown = false
    for (const { pid, stat } of all) {
      if (stat === undefined || family.has(pid) || !family.has(stat.parent)) continue
      family.add(pid)
      grown = true
    }
  }
  const ticks = all.reduce(
    (sum, { pid, stat }) => sum + (family.has(pid) ? (stat?.ticks ?? 0) : 0),
    0,
  )
  return ticks * MS_PER_TICK
}
