import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { replayPicture } from './replay-picture.js'

/** Something with tap's teardown. */
export interface Test {
  teardown(action: () => unknown): unknown
}

/** Whether the long forms were asked for: `npm run test:faults`. */
export const FULL = process.env['GENKAN_FAULTS'] === 'full'

/** A count for the short form and one for the long. */
export const rounds = (short: number, full: number): number => (FULL ? full : short)

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))

/**
 * A door that decides often: texture alone, and no rest after a decision. Half of the frames are enough
 * for that, and leave the processor to what runs beside.
 */
export const EAGER = {
  GENKAN_CAMERA_FPS: '8',
  GENKAN_LIVENESS_MODE: 'texture',
  GENKAN_DECISION_COOLDOWN_MS: '0',
  GENKAN_DECISION_GRANT_COOLDOWN_MS: '0',
}

/**
 * On a machine that others load, too, a start takes its time; a process that hangs is one that uses no
 * more of the processor for this long, or far more than a start needs.
 */
const STILL_MS = 60_000
const START_CPU_S = 60

/**
 * A connection for each request: one that is kept may have been closed by the daemon while the test waited
 * for a command, and this process would not know yet.
 */
const ALONE = { connection: 'close' }

/** A daemon in a process of its own. */
export interface RunningDaemon {
  readonly folder: string
  readonly pid: number
  readonly consoleUrl: string
  /** From the start of the process until it watched the door. */
  readonly startMs: number
  /** Ids of the decisions it has shown, in order. */
  decisions(): string[]
  log(): string
  api(method: string, path: string, body?: FormData | object): Promise<Response>
  kill(signal: 'SIGKILL' | 'SIGINT'): Promise<number | null>
}

/** The home of one daemon, which outlives its processes. */
export interface Home {
  readonly folder: string
  token: string
}

/** A folder with nothing in it, gone with the test. */
export function newHome(t: Test): Home {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-faults-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return { folder, token: '' }
}

export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 60_000,
): Promise<void> {
  const endMs = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms))

/** Starts the real daemon; SIGUSR2 makes it say on standard error what it does. */
export function spawnDaemon(home: Home, env: Readonly<Record<string, string>>): ChildProcess {
  const report = ['--report-on-signal', '--report-filename=stderr']
  return spawn(process.execPath, [...report, MAIN], {
    cwd: home.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      GENKAN_ADMIN_PORT: '0',
      GENKAN_MQTT_EMBEDDED_PORT: '0',
      ...env,
    },
  })
}

/** Seconds of processor time that a process has used; 0 when it is gone. */
function cpuOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return 0
  }
}

/** Stacks out of Node's report. */
function stackIn(log: string): string {
  const from = log.indexOf('"javascriptStack"')
  return from < 0 ? 'nothing that it could tell' : log.slice(from, from + 4000)
}

/** Starts the real daemon and waits until it watches the door. */
export async function startDaemon(
  t: Test,
  home: Home,
  env: Readonly<Record<string, string>>,
): Promise<RunningDaemon> {
  const child = spawnDaemon(home, env)
  const startedMs = performance.now()
  t.teardown(() => child.kill('SIGKILL'))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  let out = ''
  let log = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (log += text))
  const isOver = () => child.exitCode !== null || child.signalCode !== null
  const progress = { cpuS: 0, atMs: startedMs }
  while (!out.includes('Ctrl-C') && !isOver()) {
    await pause(50)
    const cpuS = cpuOf(child.pid ?? 0)
    if (cpuS > progress.cpuS) Object.assign(progress, { cpuS, atMs: performance.now() })
    if (performance.now() - progress.atMs < STILL_MS && cpuS < START_CPU_S) continue
    const said = `${out.slice(-500)} ${log.slice(-1500)}`
    child.kill('SIGUSR2')
    await pause(10_000)
    throw new Error(`the daemon hangs in its start; it said: ${said}; it does: ${stackIn(log)}`)
  }
  const startMs = performance.now() - startedMs
  if (isOver()) throw new Error(`the daemon did not start (${child.signalCode}): ${log}`)
  home.token = /token +(genkan_\S+)/.exec(out)?.[1] ?? home.token
  const consoleUrl = /console +(http:\/\/[^#\s]+)/.exec(out)?.[1] ?? ''

  return {
    folder: home.folder,
    startMs,
    pid: child.pid ?? 0,
    consoleUrl,
    log: () => log,
    decisions: () =>
      log.split('\n').flatMap((line) => {
        if (!line.includes('"msg":"decision"') || !line.endsWith('}')) return []
        return [(JSON.parse(line) as { decision: string }).decision]
      }),
    api: (method, path, body) =>
      fetch(`${consoleUrl}${path}`, {
        method,
        headers: {
          ...ALONE,
          authorization: `Bearer ${home.token}`,
          ...(body && !(body instanceof FormData) ? { 'content-type': 'application/json' } : {}),
        },
        ...(body ? { body: body instanceof FormData ? body : JSON.stringify(body) } : {}),
      }),
    kill(signal) {
      child.kill(signal)
      return ended
    },
  }
}

/** Enrols the man of the clip; his id. */
export async function enrolMan(daemon: RunningDaemon): Promise<string> {
  const form = new FormData()
  form.set('name', 'First man')
  form.set('picture', await replayPicture())
  const answer = await daemon.api('POST', 'api/persons', form)
  const { id } = (await answer.json()) as { id: string }
  if (answer.status !== 201) throw new Error(`not enrolled: ${answer.status}`)
  return id
}

/** `ok`, `degraded` or `down`. */
export async function statusOf(daemon: RunningDaemon): Promise<string> {
  const answer = await fetch(`${daemon.consoleUrl}health`, { headers: ALONE })
  return ((await answer.json()) as { status: string }).status
}

/** The whole health document as text. */
export const healthOf = async (daemon: RunningDaemon): Promise<string> =>
  (await daemon.api('GET', 'api/health')).text()

interface BrokerHealth {
  readonly state: { readonly name: string; readonly cause?: string; readonly cure?: string }
  readonly waiting: number
  readonly refused: Readonly<Record<string, number>>
}

/** What health tells of the broker. */
export async function brokerOf(daemon: RunningDaemon): Promise<BrokerHealth> {
  const answer = await daemon.api('GET', 'api/health')
  return ((await answer.json()) as { broker: BrokerHealth }).broker
}

/** Whether the broker has taken all but the last decision. */
export async function isCaughtUp(daemon: RunningDaemon): Promise<boolean> {
  const { state, waiting } = await brokerOf(daemon)
  return state.name === 'ready' && waiting <= 1
}

/** Resident memory in MB and open file descriptors of a process, and of no other. */
export function useOf(pid: number): { rssMb: number; descriptors: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return {
    rssMb: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1024,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  }
}
