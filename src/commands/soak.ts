import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { DAEMON_ENVIRONMENT, DAEMON_NODE_ARGUMENTS } from '../daemon-process.js'
import { robustSlopeOf } from '../evaluation/quantiles.js'
import { CommandError } from './command-error.js'

export interface SoakOptions {
  readonly minutes: string
  /** Texture alone and no rest after a decision: a day's attempts in less than an hour. */
  readonly busy?: boolean
  readonly json?: boolean
}

/** What the daemon's memory is made of, as its probe tells it. */
interface MemorySample {
  readonly hours: number
  readonly rssMb: number
  /** Outside of V8's heap: nets, pictures, SQLite, libvips. */
  readonly nativeMb: number
  /** In use in V8's heap, rubbish that waits to be collected included. */
  readonly heapMb: number
}

const LOOK_MS = 500
/** Caches fill, the allocator finds its level: half of a short run, ten minutes of a longer one. */
const WARM_UP_SHARE = 0.5
const WARM_UP_MOST_H = 10 / 60
/** Rubbish is collected many times within this; the least of it is what is kept. */
const FLOOR_H = 1 / 60
/** All pairs are compared, so that a long run is thinned to this many samples. */
const MAX_SLOPE_POINTS = 1000
/** What is told of the log when the daemon ends by itself. */
const MAX_LAST_LINES = 20
const MAX_LINE_CHARACTERS = 500
const MAIN = fileURLToPath(new URL('../main.js', import.meta.url))
const PROBE = new URL('./soak-probe.js', import.meta.url).href
const MB = 1024 * 1024
const BUSY = {
  GENKAN_LIVENESS_MODE: 'texture',
  GENKAN_DECISION_COOLDOWN_MS: '0',
  GENKAN_DECISION_GRANT_COOLDOWN_MS: '0',
}

/** `npm run soak`: the real daemon on its replay, for a while; memory and a clean end are watched. */
export async function soak(options: SoakOptions): Promise<void> {
  const minutes = Number(options.minutes)
  if (!(minutes > 0 && minutes <= 7 * 24 * 60)) {
    throw new CommandError('bad-input', '--minutes must be more than 0')
  }
  const folder = mkdtempSync(join(tmpdir(), 'genkan-soak-'))
  const daemon = spawn(process.execPath, [...DAEMON_NODE_ARGUMENTS, '--import', PROBE, MAIN], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: {
      ...process.env,
      ...DAEMON_ENVIRONMENT,
      ...(options.busy === true ? BUSY : {}),
      GENKAN_ADMIN_PORT: '0',
      GENKAN_MQTT_EMBEDDED_PORT: '0',
      GENKAN_STORE_FOLDER: join(folder, 'data'),
    },
  })
  try {
    const { decisions, lastLines } = watchLog(daemon)
    const startMs = performance.now()
    const hours = () => (performance.now() - startMs) / 3_600_000
    const samples: MemorySample[] = []
    const decisionsAt: { readonly x: number; readonly y: number }[] = []
    daemon.on('message', ({ rss, heapTotal, heapUsed }: NodeJS.MemoryUsage) => {
      const nativeMb = (rss - heapTotal) / MB
      samples.push({ hours: hours(), rssMb: rss / MB, nativeMb, heapMb: heapUsed / MB })
      decisionsAt.push({ x: hours(), y: decisions() })
    })
    while (hours() * 60 < minutes) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
      if (daemon.exitCode !== null || daemon.signalCode !== null) {
        const end = daemon.signalCode ?? `exit code ${daemon.exitCode}`
        throw new CommandError('fault', `the daemon ended by itself (${end}):\n${lastLines()}`)
      }
    }
    const exitCode = await stop(daemon)
    const warmFromH = Math.min((minutes / 60) * WARM_UP_SHARE, WARM_UP_MOST_H)
    const warm = samples.filter((sample) => sample.hours >= warmFromH)
    const slopeOf = (value: (sample: MemorySample) => number) =>
      robustSlopeOf(thinned(warm).map((sample) => ({ x: sample.hours, y: value(sample) })))
    const nativeSlope = slopeOf(({ nativeMb }) => nativeMb)
    const heapSlope = robustSlopeOf(floorOf(warm))
    const round = (value: number) => Number(value.toFixed(2))
    const report: SoakReport = {
      minutes,
      decisions: decisions(),
      rssMb: Math.round(samples.at(-1)?.rssMb ?? Number.NaN),
      rssMaxMb: Math.round(Math.max(...samples.map(({ rssMb }) => rssMb))),
      rssByMinuteMb: byMinute(samples),
      warmUpMinutes: round(warmFromH * 60),
      rssSlopeMbPerHour: round(slopeOf(({ rssMb }) => rssMb)),
      nativeSlopeMbPerHour: round(nativeSlope),
      heapSlopeMbPerHour: round(heapSlope),
      keptSlopeMbPerHour: round(nativeSlope + heapSlope),
      decisionsPerHour: Math.round(robustSlopeOf(thinned(decisionsAt))),
      exitCode,
    }
    process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : describe(report))
  } finally {
    daemon.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

interface SoakReport {
  readonly minutes: number
  readonly decisions: number
  readonly rssMb: number
  readonly rssMaxMb: number
  readonly rssByMinuteMb: readonly number[]
  readonly warmUpMinutes: number
  readonly rssSlopeMbPerHour: number
  /** Of the memory outside of V8's heap. */
  readonly nativeSlopeMbPerHour: number
  /** Of what collections leave in V8's heap. */
  readonly heapSlopeMbPerHour: number
  /** Both together: RSS without the room that V8 takes and gives back as it likes. */
  readonly keptSlopeMbPerHour: number
  readonly decisionsPerHour: number
  readonly exitCode: number | null
}

function describe(report: SoakReport): string {
  return [
    `${report.minutes} min, ${report.decisions} decisions (${report.decisionsPerHour} an hour), exit code ${report.exitCode}`,
    `RSS by minute: ${report.rssByMinuteMb.join(' ')} MB; ${report.rssMaxMb} MB at most`,
    `slopes after ${report.warmUpMinutes} min (Theil-Sen): RSS ${report.rssSlopeMbPerHour} MB/h; ` +
      `without the free room in V8's heap ${report.keptSlopeMbPerHour} MB/h ` +
      `(outside of it ${report.nativeSlopeMbPerHour}, in use in it ${report.heapSlopeMbPerHour})`,
    '',
  ].join('\n')
}

/** Counts the decisions of the daemon's log and keeps the end of it, decisions left out. */
function watchLog(daemon: ChildProcess) {
  let decisions = 0
  const lastLines: string[] = []
  if (daemon.stderr !== null) {
    createInterface(daemon.stderr).on('line', (line) => {
      if (line.includes('"msg":"decision"')) decisions++
      else lastLines.push(line.slice(0, MAX_LINE_CHARACTERS))
      if (lastLines.length > MAX_LAST_LINES) lastLines.shift()
    })
  }
  return { decisions: () => decisions, lastLines: () => lastLines.join('\n') }
}

/** Every n-th sample, so that few enough are left to compare each with each. */
function thinned<Sample>(samples: readonly Sample[]): Sample[] {
  const step = Math.ceil(samples.length / MAX_SLOPE_POINTS)
  return samples.filter((_, index) => index % step === 0)
}

/** The least heap in use of each minute: what collections leave. */
function floorOf(samples: readonly MemorySample[]): { readonly x: number; readonly y: number }[] {
  const floors = new Map<number, number>()
  for (const { hours, heapMb } of samples) {
    const slot = Math.floor(hours / FLOOR_H)
    floors.set(slot, Math.min(floors.get(slot) ?? Infinity, heapMb))
  }
  return [...floors].map(([slot, heapMb]) => ({ x: slot * FLOOR_H, y: heapMb }))
}

/** The last sample of each minute. */
function byMinute(samples: readonly MemorySample[]): number[] {
  const lasts: number[] = []
  for (const { hours, rssMb } of samples) lasts[Math.floor(hours * 60)] = Math.round(rssMb)
  return lasts
}

function stop(daemon: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    daemon.once('exit', resolve)
    daemon.kill('SIGINT')
  })
}
