import { setTimeout as pause } from 'node:timers/promises'

import { z } from 'zod'

import { quantileOfSorted } from '../evaluation/statistics/bootstrap.js'
import { createSeededRandom } from '../evaluation/statistics/random.js'
import { startBenchDaemon, type AskInit, type BenchDaemon } from './bench-daemon.js'
import { CommandError } from './command-error.js'

/** What runs beside the door. */
const LOADS = ['idle', 'painting', 'live'] as const
export type StyleLoad = (typeof LOADS)[number]

/** What was seen of the door with one load, over all rounds. */
export interface DoorUnderLoad {
  readonly load: StyleLoad
  readonly decisions: number
  /** From the capture of a decision's last frame to the decision. */
  readonly decisionMs: { readonly p50Ms: number; readonly p95Ms: number }
  /** From a frame's capture to its judgement; medians over rounds, each of the newest 300 frames. */
  readonly frameMs: { readonly p50Ms: number; readonly p95Ms: number }
  /** p95 of decisions by that of idle, with a 95 % interval by bootstrap over decisions. */
  readonly ratio: number
  readonly ratioInterval: readonly [number, number]
}

/** How the door fared while pictures were painted. */
export interface StyleDoorReport {
  readonly secondsEach: number
  readonly rounds: number
  readonly loads: readonly DoorUnderLoad[]
  /** Default jobs of 512 pixels that would be painted in a minute behind this door. */
  readonly jobsAMinute: number
  /** Live pictures a second that were painted, of those asked for. */
  readonly livePerSecond: number
  readonly liveAskedPerSecond: number
}

/** Texture alone and no rest after a decision: as many decisions as there can be. */
const BUSY = {
  GENKAN_LIVENESS_MODE: 'texture',
  GENKAN_DECISION_COOLDOWN_MS: '0',
  GENKAN_DECISION_GRANT_COOLDOWN_MS: '0',
}
/** What the console orders when nothing is changed, so often that something is always to be done. */
const ORDER = {
  content: { kind: 'library', id: 'mona-lisa' },
  style: { kind: 'library', id: 'waves' },
} as const
const ORDERS = 4
const LIVE_STYLE = 'strokes'
const LIVE_EVERY_MS = 80
/** Until painter and display have started. */
const SETTLE_MS = 4000
const RESAMPLES = 2000

const decisionPage = z.object({
  items: z.array(z.object({ id: z.string(), latencyMs: z.number() })),
  nextCursor: z.string().nullable(),
})
const healthSchema = z.object({
  stages: z.record(z.string(), z.object({ p50Ms: z.number(), p95Ms: z.number() })).optional(),
})
const jobSchema = z.object({
  id: z.string(),
  state: z.string(),
  progress: z.object({ part: z.number() }).nullable(),
})

function p95Of(values: readonly number[]): number {
  return quantileOfSorted(
    values.toSorted((a, b) => a - b),
    0.95,
  )
}

/** 95 % interval of the ratio of two p95, both resampled. */
function ratioInterval(loaded: readonly number[], idle: readonly number[]): [number, number] {
  const random = createSeededRandom(1)
  const drawn = (values: readonly number[]) =>
    p95Of(values.map(() => values[Math.floor(random() * values.length)]))
  const ratios = Array.from({ length: RESAMPLES }, () => drawn(loaded) / drawn(idle))
  ratios.sort((a, b) => a - b)
  return [quantileOfSorted(ratios, 0.025), quantileOfSorted(ratios, 0.975)]
}

/** Latencies of the decisions that are in the store, newest first, down to one that is known. */
async function latenciesSince(daemon: BenchDaemon, lastId: string | undefined) {
  const fresh: { id: string; latencyMs: number }[] = []
  let cursor: string | null = null
  do {
    const query: string = cursor === null ? '' : `&cursor=${cursor}`
    const response = await daemon.ask(`/api/decisions?limit=200${query}`)
    const page = decisionPage.parse(await response.json())
    for (const item of page.items) {
      if (item.id === lastId) return fresh
      fresh.push(item)
    }
    cursor = page.nextCursor
  } while (cursor !== null)
  return fresh
}

/** How much has been painted of some jobs, 1 for each that is done. */
async function paintedOf(daemon: BenchDaemon, ids: readonly string[]): Promise<number> {
  let painted = 0
  for (const id of ids) {
    const { progress, state } = jobSchema.parse(
      await (await daemon.ask(`/api/style/jobs/${id}`)).json(),
    )
    if (state === 'failed') throw new CommandError('fault', 'a style job failed; see its failure')
    painted += state === 'done' ? 1 : (progress?.part ?? 0)
  }
  return painted
}

/** Asks for live pictures as a display does. @returns how many were painted, of how many */
async function watchDisplay(daemon: BenchDaemon, milliseconds: number) {
  const untilMs = performance.now() + milliseconds
  const painted = new Set<string>()
  let asked = 0
  while (performance.now() < untilMs) {
    const startMs = performance.now()
    const response = await daemon.ask('/api/kiosk/live.jpg')
    await response.arrayBuffer()
    asked++
    const sequence = response.headers.get('X-Frame-Sequence')
    if (response.headers.get('X-Style') !== null && sequence !== null) painted.add(sequence)
    await pause(Math.max(0, startMs + LIVE_EVERY_MS - performance.now()))
  }
  return { painted: painted.size, asked }
}

/**
 * Runs the real daemon on its replay, idle, while a job paints, and while the display shows a painted
 * live picture, in turn, and compares how long decisions take.
 */
export async function measureStyleDoor(seconds: number, rounds: number): Promise<StyleDoorReport> {
  const daemon = await startBenchDaemon(BUSY)
  const latencies: Record<StyleLoad, number[]> = { idle: [], painting: [], live: [] }
  const frames: Record<StyleLoad, { p50Ms: number; p95Ms: number }[]> = {
    idle: [],
    painting: [],
    live: [],
  }
  let painted = 0
  const live = { painted: 0, asked: 0 }
  const json = (method: string, body: unknown): AskInit => ({
    method,
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json' },
  })
  try {
    for (let round = 0; round < rounds; round++) {
      for (const load of LOADS) {
        const jobs: string[] = []
        for (let i = 0; load === 'painting' && i < ORDERS; i++) {
          const created = await daemon.ask('/api/style/jobs', json('POST', ORDER))
          jobs.push(jobSchema.parse(await created.json()).id)
        }
        if (load === 'live')
          await daemon.ask('/api/kiosk/live-style', json('PUT', { style: LIVE_STYLE }))
        await (load === 'live' ? watchDisplay(daemon, SETTLE_MS) : pause(SETTLE_MS))
        const last = (await latenciesSince(daemon, undefined)).at(0)
        const paintedBefore = await paintedOf(daemon, jobs)
        if (load === 'live') {
          const seen = await watchDisplay(daemon, seconds * 1000)
          live.painted += seen.painted
          live.asked += seen.asked
        } else {
          await pause(seconds * 1000)
        }
        const fresh = await latenciesSince(daemon, last?.id)
        latencies[load].push(...fresh.map(({ latencyMs }) => latencyMs))
        const health = healthSchema.parse(await (await daemon.ask('/api/health')).json())
        frames[load].push(health.stages?.['whole'] ?? { p50Ms: NaN, p95Ms: NaN })
        painted += (await paintedOf(daemon, jobs)) - paintedBefore
        for (const id of jobs) await daemon.ask(`/api/style/jobs/${id}`, { method: 'DELETE' })
        if (load === 'live') await daemon.ask('/api/kiosk/live-style', json('PUT', { style: null }))
      }
    }
  } finally {
    daemon.stop()
  }
  const medianOf = (values: readonly number[]) =>
    quantileOfSorted(
      values.toSorted((a, b) => a - b),
      0.5,
    )
  const idle = latencies.idle
  return {
    secondsEach: seconds,
    rounds,
    loads: LOADS.map((load) => ({
      load,
      decisions: latencies[load].length,
      decisionMs: { p50Ms: medianOf(latencies[load]), p95Ms: p95Of(latencies[load]) },
      frameMs: {
        p50Ms: medianOf(frames[load].map(({ p50Ms }) => p50Ms)),
        p95Ms: medianOf(frames[load].map(({ p95Ms }) => p95Ms)),
      },
      ratio: p95Of(latencies[load]) / p95Of(idle),
      ratioInterval: ratioInterval(latencies[load], idle),
    })),
    jobsAMinute: (60 * painted) / (seconds * rounds),
    livePerSecond: live.painted / (seconds * rounds),
    liveAskedPerSecond: live.asked / (seconds * rounds),
  }
}

function describe(report: StyleDoorReport): string {
  const rows = report.loads.map(
    ({ load, decisions, decisionMs, frameMs, ratio, ratioInterval }) => {
      const [low, high] = ratioInterval
      return (
        `${load.padEnd(9)} ${decisions} decisions, p50 ${decisionMs.p50Ms.toFixed(1)} ms, ` +
        `p95 ${decisionMs.p95Ms.toFixed(1)} ms, ${ratio.toFixed(2)}x idle ` +
        `[${low.toFixed(2)}, ${high.toFixed(2)}]; frame p95 ${frameMs.p95Ms.toFixed(1)} ms`
      )
    },
  )
  return [
    `${report.rounds} rounds, ${report.secondsEach} s each`,
    ...rows,
    `${report.jobsAMinute.toFixed(2)} jobs of 512 pixels a minute were painted; ` +
      `${report.livePerSecond.toFixed(1)} live pictures a second were painted, ` +
      `of ${report.liveAskedPerSecond.toFixed(1)} asked for`,
    '',
  ].join('\n')
}

export interface BenchStyleDoorOptions {
  readonly seconds: string
  readonly rounds: string
  readonly json?: boolean
}

/** `genkan bench-style --door`: decisions while a job paints, beside the door left alone. */
export async function benchStyleDoor(options: BenchStyleDoorOptions): Promise<void> {
  const seconds = Number(options.seconds)
  const rounds = Number(options.rounds)
  if (!(seconds >= 5 && seconds <= 3600) || !(rounds >= 1 && rounds <= 100)) {
    throw new CommandError('bad-input', '--seconds must be 5 to 3600, --rounds 1 to 100')
  }
  const report = await measureStyleDoor(seconds, rounds)
  process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : describe(report))
}
