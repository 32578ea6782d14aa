import { setTimeout as pause } from 'node:timers/promises'

import { z } from 'zod'

import { BUSY_DOOR, startBenchDaemon, type AskInit, type BenchDaemon } from './bench-daemon.js'
import { CommandError } from './command-error.js'
import {
  describeDoorUnderLoad,
  IDLE,
  measureDoorUnderLoads,
  type DoorUnderLoad,
  type Load,
} from './door-under-load.js'

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

const jobSchema = z.object({
  id: z.string(),
  state: z.string(),
  progress: z.object({ part: z.number() }).nullable(),
})

function withJson(method: string, body: unknown): AskInit {
  return {
    method,
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json' },
  }
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

/** Jobs wait and are painted, one after another. */
function createPainting(daemon: BenchDaemon) {
  const total = { jobs: 0, seconds: 0 }
  const load: Load = {
    name: 'painting',
    async begin() {
      const startMs = performance.now()
      const jobs: string[] = []
      for (let i = 0; i < ORDERS; i++) {
        const created = await daemon.ask('/api/style/jobs', withJson('POST', ORDER))
        jobs.push(jobSchema.parse(await created.json()).id)
      }
      return async () => {
        total.jobs += await paintedOf(daemon, jobs)
        total.seconds += (performance.now() - startMs) / 1000
        for (const id of jobs) await daemon.ask(`/api/style/jobs/${id}`, { method: 'DELETE' })
      }
    },
  }
  return { load, total }
}

/** A display asks for painted live pictures. */
function createLive(daemon: BenchDaemon) {
  const total = { painted: 0, asked: 0, seconds: 0 }
  async function watch(state: { readonly isOver: boolean }): Promise<void> {
    const painted = new Set<string>()
    const fromMs = performance.now()
    while (!state.isOver) {
      const startMs = performance.now()
      const response = await daemon.ask('/api/kiosk/live.jpg')
      await response.arrayBuffer()
      total.asked++
      const sequence = response.headers.get('X-Frame-Sequence')
      if (response.headers.get('X-Style') !== null && sequence !== null) painted.add(sequence)
      await pause(Math.max(0, startMs + LIVE_EVERY_MS - performance.now()))
    }
    total.painted += painted.size
    total.seconds += (performance.now() - fromMs) / 1000
  }
  const load: Load = {
    name: 'live',
    async begin() {
      await daemon.ask('/api/kiosk/live-style', withJson('PUT', { style: LIVE_STYLE }))
      const state = { isOver: false }
      const watched = watch(state)
      return async () => {
        state.isOver = true
        await watched
        await daemon.ask('/api/kiosk/live-style', withJson('PUT', { style: null }))
      }
    },
  }
  return { load, total }
}

/**
 * Runs the real daemon, idle, while a job paints, and while the display shows a painted live picture,
 * in turn, and compares how long decisions take.
 */
export async function measureStyleDoor(seconds: number, rounds: number): Promise<StyleDoorReport> {
  const daemon = await startBenchDaemon(BUSY_DOOR)
  try {
    const painting = createPainting(daemon)
    const live = createLive(daemon)
    const loads = [IDLE, painting.load, live.load]
    const doors = await measureDoorUnderLoads(daemon, loads, {
      seconds,
      rounds,
      settleMs: SETTLE_MS,
    })
    return {
      secondsEach: seconds,
      rounds,
      loads: doors,
      jobsAMinute: (60 * painting.total.jobs) / painting.total.seconds,
      livePerSecond: live.total.painted / live.total.seconds,
      liveAskedPerSecond: live.total.asked / live.total.seconds,
    }
  } finally {
    daemon.stop()
  }
}

function describe(report: StyleDoorReport): string {
  return [
    `${report.rounds} rounds, ${report.secondsEach} s each`,
    ...report.loads.map(describeDoorUnderLoad),
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
