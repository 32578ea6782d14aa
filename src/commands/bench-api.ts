import { setPriority } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'

import { connectAsync } from 'mqtt'
import { z } from 'zod'

import { summariseTimings } from '../evaluation/quantiles.js'
import { BUSY_DOOR, startBenchDaemon, type BenchDaemon } from './bench-daemon.js'
import { CommandError } from './command-error.js'
import {
  decisionsSince,
  describeDoorUnderLoad,
  IDLE,
  measureDoorUnderLoads,
  type DoorUnderLoad,
  type Load,
} from './door-under-load.js'

export interface BenchApiOptions {
  readonly seconds: string
  readonly rounds: string
  readonly rate: string
  readonly json?: boolean
}

/** How {@link benchApi} went. */
export interface BenchApiReport {
  readonly requests: number
  readonly requestsPerSecond: number
  /** Requests that got anything but 200. */
  readonly errors: number
  readonly answerMs: { readonly p50: number; readonly p95: number }
  readonly decisions: number
  /** Decisions that are in the store and were not heard over MQTT, or were heard and are not in it. */
  readonly missed: number
  /** Left alone, and asked; the ratio of their decisions' p95 is wanted below 1.2. */
  readonly doors: readonly DoorUnderLoad[]
}

const LISTEN_MS = 10_000
const SETTLE_MS = 1000
/** Who asks sits at another machine; here they must not take the door's time. */
const ASKING_PRIORITY = 10

/** Sends reads of every kind at a steady rate, whether or not the answers keep up. */
function createReads(daemon: BenchDaemon, rate: number) {
  const paths = [
    '/api/persons',
    '/api/decisions?limit=50',
    '/api/health',
    '/api/threshold',
    '/api/doors',
    '/api/audit?limit=50',
    '/api/live/snapshot.jpg',
    '/api/groups',
    '/api/settings',
    '/api/liveness/scores',
    '/metrics',
    daemon.manPath,
  ]
  const total = { times: [] as number[], errors: 0, seconds: 0 }
  async function one(path: string): Promise<void> {
    const startMs = performance.now()
    try {
      const response = await daemon.ask(path)
      await response.arrayBuffer()
      if (response.status !== 200) total.errors++
    } catch {
      total.errors++
    }
    total.times.push(performance.now() - startMs)
  }
  async function send(state: { readonly isOver: boolean }): Promise<void> {
    const under: Promise<void>[] = []
    const startMs = performance.now()
    for (let sent = 0; !state.isOver; sent++) {
      under.push(one(paths[sent % paths.length] ?? daemon.manPath))
      const waitMs = startMs + ((sent + 1) * 1000) / rate - performance.now()
      if (waitMs > 0) await pause(waitMs)
    }
    await Promise.all(under)
    total.seconds += (performance.now() - startMs) / 1000
  }
  const load: Load = {
    name: 'asked',
    begin() {
      const state = { isOver: false }
      const sent = send(state)
      return Promise.resolve(async () => {
        state.isOver = true
        await sent
      })
    },
  }
  return { load, total }
}

/** Every decision is published once and kept: listens until all that the store holds were heard. */
async function listenToDecisions(daemon: BenchDaemon) {
  const heard = new Set<string>()
  const client = await connectAsync(daemon.brokerUrl)
  client.on('message', (_topic, payload) => {
    const parsed = z.object({ id: z.string() }).safeParse(JSON.parse(payload.toString('utf8')))
    if (parsed.success) heard.add(parsed.data.id)
  })
  await client.subscribeAsync('genkan/+/decision', { qos: 1 })
  // What was published before anybody listened can't be heard.
  const older = (await decisionsSince(daemon, undefined)).map(({ id }) => id)
  return {
    async end() {
      // What is decided while this is looked at is in neither list: a decision is stored, then heard.
      const heardBefore = [...heard]
      const ids = new Set((await decisionsSince(daemon, undefined)).map(({ id }) => id))
      const due = new Set(ids)
      for (const id of older) due.delete(id)
      const unheard = () => [...due].filter((id) => !heard.has(id)).length
      const untilMs = performance.now() + LISTEN_MS
      while (performance.now() < untilMs && unheard() > 0) await pause(100)
      await client.endAsync(true)
      const unstored = heardBefore.filter((id) => !ids.has(id)).length
      return { decisions: due.size, missed: unheard() + unstored }
    },
  }
}

/**
 * Runs the real daemon, idle and asked in turn, and compares.
 * @param seconds of each phase
 * @param rate requests a second while it is asked
 */
export async function measureApi(
  seconds: number,
  rate: number,
  rounds: number,
): Promise<BenchApiReport> {
  const daemon = await startBenchDaemon(BUSY_DOOR)
  setPriority(ASKING_PRIORITY)
  try {
    const decisions = await listenToDecisions(daemon)
    const reads = createReads(daemon, rate)
    const doors = await measureDoorUnderLoads(daemon, [IDLE, reads.load], {
      seconds,
      rounds,
      settleMs: SETTLE_MS,
    })
    const { times, errors, seconds: askedSeconds } = reads.total
    const { p50, p95 } = summariseTimings(times)
    return {
      requests: times.length,
      requestsPerSecond: times.length / askedSeconds,
      errors,
      answerMs: { p50, p95 },
      ...(await decisions.end()),
      doors,
    }
  } finally {
    daemon.stop()
  }
}

function describe(report: BenchApiReport): string {
  const { requests, requestsPerSecond, errors, answerMs, decisions, missed, doors } = report
  return [
    `${requests} reads, ${requestsPerSecond.toFixed(1)} a second, ${errors} errors; ` +
      `answered in p50 ${answerMs.p50.toFixed(1)} ms, p95 ${answerMs.p95.toFixed(1)} ms`,
    ...doors.map(describeDoorUnderLoad),
    `${decisions} decisions, ${missed} missed`,
    '',
  ].join('\n')
}

/** `npm run bench:api`: reads of every kind while frames are judged, beside the daemon left alone. */
export async function benchApi(options: BenchApiOptions): Promise<void> {
  const seconds = Number(options.seconds)
  const rate = Number(options.rate)
  const rounds = Number(options.rounds)
  if (
    !(seconds >= 1 && seconds <= 3600 && rate >= 1 && rate <= 1000) ||
    !(Number.isInteger(rounds) && rounds >= 1 && rounds <= 100)
  ) {
    throw new CommandError(
      'bad-input',
      '--seconds must be 1 to 3600, --rate 1 to 1000, --rounds 1 to 100',
    )
  }
  const report = await measureApi(seconds, rate, rounds)
  process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : describe(report))
}
