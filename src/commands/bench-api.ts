import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { setPriority, tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { connectAsync } from 'mqtt'
import { z } from 'zod'

import { CommandError } from './command-error.js'

export interface BenchApiOptions {
  readonly seconds: string
  readonly rate: string
  readonly json?: boolean
}

/** What was seen of the daemon while nobody, or many, asked its API. */
interface Phase {
  readonly loaded: boolean
  readonly decisions: number
  readonly granted: number
  /** From the capture of a frame to its judgement, over the phase's newest 1,000 frames. */
  readonly frameMs: { readonly p50Ms: number; readonly p95Ms: number }
  /** From the capture of the deciding frame to the decision; too few for a quantile to be steady. */
  readonly decisionMs: { readonly p50Ms: number; readonly p95Ms: number }
}

/** How {@link benchApi} went. */
export interface BenchApiReport {
  readonly secondsLoaded: number
  readonly requests: number
  readonly requestsPerSecond: number
  /** Requests that got anything but 200. */
  readonly errors: number
  readonly answerMs: { readonly p50Ms: number; readonly p95Ms: number }
  readonly decisions: number
  /** Decisions that are in the store and were not heard over MQTT, or were heard and are not in it. */
  readonly missed: number
  readonly phases: readonly Phase[]
  /** Frame p95 under load by that of idle, medians over the phases; below 1.2 is what is wanted. */
  readonly p95Ratio: number
}

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url))
const START_MS = 120_000
const LISTEN_MS = 10_000
/** Who asks sits at another machine; here they must not take the door's time. */
const ASKING_PRIORITY = 10
/** Idle and loaded in turn, so that what else the machine does falls on both. */
const PHASES = [false, true, false, true] as const

const healthSchema = z.object({
  stages: z.record(z.string(), z.object({ p50Ms: z.number(), p95Ms: z.number() })).optional(),
})
const decisionPage = z.object({
  items: z.array(z.object({ id: z.string(), outcome: z.string(), latencyMs: z.number() })),
  nextCursor: z.string().nullable(),
})

interface Started {
  readonly url: string
  readonly token: string
  readonly brokerUrl: string
  readonly picture: string
}

/** Reads what the daemon says at its first start. */
export async function whatItSays(daemon: ChildProcess): Promise<Started> {
  let said = ''
  daemon.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text))
  const untilMs = performance.now() + START_MS
  while (performance.now() < untilMs && daemon.exitCode === null) {
    const url = /console {2}(\S+?)#token=/.exec(said)?.[1]
    const token = /token {4}(\S+)/.exec(said)?.[1]
    const brokerUrl = /events --url (\S+)/.exec(said)?.[1]
    const picture = /picture=@(\S+)/.exec(said)?.[1]
    if (url && token && brokerUrl && picture) return { url, token, brokerUrl, picture }
    await pause(100)
  }
  throw new CommandError('fault', 'the daemon did not start; try `npm start` by itself')
}

function quantiles(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN
  return { p50Ms: at(0.5), p95Ms: at(0.95) }
}

/** Sends reads of every kind at a steady rate, whether or not the answers keep up. */
async function load(
  paths: readonly string[],
  ask: (path: string) => Promise<Response>,
  { seconds, rate }: { readonly seconds: number; readonly rate: number },
) {
  const times: number[] = []
  const under: Promise<void>[] = []
  let errors = 0
  async function one(path: string): Promise<void> {
    const startMs = performance.now()
    try {
      const response = await ask(path)
      await response.arrayBuffer()
      if (response.status !== 200) errors++
    } catch {
      errors++
    }
    times.push(performance.now() - startMs)
  }
  const startMs = performance.now()
  for (let sent = 0; sent < seconds * rate; sent++) {
    under.push(one(paths[sent % paths.length] ?? '/health'))
    const waitMs = startMs + ((sent + 1) * 1000) / rate - performance.now()
    if (waitMs > 0) await pause(waitMs)
  }
  await Promise.all(under)
  return { times, errors, tookMs: performance.now() - startMs }
}

/**
 * Runs the real daemon on its replay, idle and asked in turn, and compares.
 * @param seconds of each of four phases
 * @param rate requests a second while it is asked
 */
export async function measureApi(seconds: number, rate: number): Promise<BenchApiReport> {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-bench-api-'))
  const daemon = spawn(process.execPath, [MAIN], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      ...process.env,
      GENKAN_ADMIN_PORT: '0',
      GENKAN_MQTT_EMBEDDED_PORT: '0',
      GENKAN_STORE_FOLDER: join(folder, 'data'),
    },
  })
  setPriority(ASKING_PRIORITY)
  try {
    const { url, token, brokerUrl, picture } = await whatItSays(daemon)
    const ask = (path: string, init: RequestInit = {}) =>
      fetch(new URL(path, url), { ...init, headers: { Authorization: `Bearer ${token}` } })
    const heard = new Set<string>()
    const client = await connectAsync(brokerUrl)
    client.on('message', (_topic, payload) => {
      const parsed = z.object({ id: z.string() }).safeParse(JSON.parse(payload.toString('utf8')))
      if (parsed.success) heard.add(parsed.data.id)
    })
    await client.subscribeAsync('genkan/+/decision', { qos: 1 })

    const form = new FormData()
    form.set('name', 'First man')
    const file = isAbsolute(picture) ? picture : join(folder, picture)
    form.set('picture', new Blob([readFileSync(file)]))
    const enrolled = await ask('/api/persons', { method: 'POST', body: form })
    if (enrolled.status !== 201) {
      throw new CommandError('fault', `the first man was not enrolled: ${await enrolled.text()}`)
    }
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
      enrolled.headers.get('Location') ?? '/api/me',
    ]

    /** Newest first, as the store has them. */
    async function stored() {
      const all: z.infer<typeof decisionPage>['items'] = []
      let cursor: string | null = null
      do {
        const query: string = cursor === null ? '' : `&cursor=${cursor}`
        const page = decisionPage.parse(
          await (await ask(`/api/decisions?limit=200${query}`)).json(),
        )
        all.push(...page.items)
        cursor = page.nextCursor
      } while (cursor !== null)
      return all
    }

    const phases: Phase[] = []
    const times: number[] = []
    let errors = 0
    let loadedMs = 0
    // What was published before anybody listened can't be heard.
    const older = await stored()
    let before = older.length
    for (const loaded of PHASES) {
      if (loaded) {
        const result = await load(paths, ask, { seconds, rate })
        times.push(...result.times)
        errors += result.errors
        loadedMs += result.tookMs
      } else {
        await pause(seconds * 1000)
      }
      const health = healthSchema.parse(await (await ask('/api/health')).json())
      const all = await stored()
      const fresh = all.slice(0, all.length - before)
      before = all.length
      const granted = fresh.filter(({ outcome }) => outcome === 'granted').length
      const frameMs = health.stages?.['whole'] ?? { p50Ms: NaN, p95Ms: NaN }
      const decisionMs = quantiles(fresh.map(({ latencyMs }) => latencyMs))
      phases.push({ loaded, decisions: fresh.length, granted, frameMs, decisionMs })
    }

    // What is decided while this is looked at is in neither list: a decision is stored, then heard.
    const heardBefore = [...heard]
    const all = await stored()
    const ids = new Set(all.map(({ id }) => id))
    const due = new Set(ids)
    for (const { id } of older) due.delete(id)
    const unheardIds = () => [...due].filter((id) => !heard.has(id))
    const untilMs = performance.now() + LISTEN_MS
    while (performance.now() < untilMs && unheardIds().length > 0) await pause(100)
    const unheard = unheardIds().length
    const unstored = heardBefore.filter((id) => !ids.has(id)).length
    await client.endAsync(true)
    const p95 = (loaded: boolean) =>
      quantiles(phases.filter((one) => one.loaded === loaded).map((one) => one.frameMs.p95Ms)).p50Ms
    return {
      secondsLoaded: Math.round(loadedMs / 1000),
      requests: times.length,
      requestsPerSecond: times.length / (loadedMs / 1000),
      errors,
      answerMs: quantiles(times),
      decisions: all.length,
      missed: unheard + unstored,
      phases,
      p95Ratio: p95(true) / p95(false),
    }
  } finally {
    daemon.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

function describe(report: BenchApiReport): string {
  const { requests, requestsPerSecond, errors, answerMs, decisions, missed, phases } = report
  const rows = phases.map(({ loaded, frameMs, decisionMs, ...rest }) => {
    const name = loaded ? 'asked' : 'idle '
    const { p50Ms, p95Ms } = frameMs
    return `  ${name}  frame p50 ${p50Ms.toFixed(1)} ms, p95 ${p95Ms.toFixed(1)} ms; ${rest.decisions} decisions (p95 ${decisionMs.p95Ms.toFixed(1)} ms), ${rest.granted} granted`
  })
  return [
    `${requests} reads, ${requestsPerSecond.toFixed(1)} a second, ${errors} errors; answered in p50 ${answerMs.p50Ms.toFixed(1)} ms, p95 ${answerMs.p95Ms.toFixed(1)} ms`,
    ...rows,
    `${decisions} decisions, ${missed} missed; frame p95 asked / idle ${report.p95Ratio.toFixed(2)}`,
    '',
  ].join('\n')
}

/** `npm run bench:api`: reads of every kind while frames are judged, beside the daemon left alone. */
export async function benchApi(options: BenchApiOptions): Promise<void> {
  const seconds = Number(options.seconds)
  const rate = Number(options.rate)
  if (!(seconds >= 1 && seconds <= 3600 && rate >= 1 && rate <= 1000)) {
    throw new CommandError('bad-input', '--seconds must be 1 to 3600, --rate 1 to 1000')
  }
  const report = await measureApi(seconds, rate)
  process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : describe(report))
}
