import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { toEmbedding, EMBEDDING_LENGTH } from '../encoding/embedding.js'
import { createSeededRandom } from '../evaluation/statistics/random.js'
import { encodePng } from '../frame/decode.js'
import { createImage } from '../frame/image.js'
import { readEncoderFiles } from '../learnt-encoder.js'
import { openStore } from '../store/store.js'
import { whatItSays } from './bench-api.js'
import { CommandError } from './command-error.js'

export interface BenchLearnOptions {
  readonly persons: string
  readonly pictures: string
  readonly seconds: string
  readonly epochs: string
  readonly alter: string
  readonly json?: boolean
}

/** Milliseconds of many events. */
interface Quantiles {
  readonly count: number
  readonly p50Ms: number
  readonly p95Ms: number
}

/** What was seen of the door while it was left alone, or learning ran beside it. */
interface Phase {
  readonly learning: boolean
  readonly seconds: number
  readonly granted: number
  /** From the capture of the last frame to the decision. */
  readonly decisionMs: Quantiles
  /** From the capture of a frame to its judgement: medians over samples of the newest 300 frames. */
  readonly frameMs: { readonly p50Ms: number; readonly p95Ms: number }
}

/** What {@link benchLearn} prints with `--json`. */
export interface BenchLearnReport {
  readonly persons: number
  readonly pictures: number
  readonly learning: {
    readonly seconds: number
    readonly mostMemoryMb: number
    readonly trainedPictures: number
    readonly reason: string
  }
  readonly phases: readonly Phase[]
}

const CLI = fileURLToPath(new URL('../cli.js', import.meta.url))
const MAIN = fileURLToPath(new URL('../main.js', import.meta.url))
/** The door decides as often as it can, so that there is something to compare. */
const BUSY = {
  GENKAN_LIVENESS_MODE: 'texture',
  GENKAN_DECISION_COOLDOWN_MS: '0',
  GENKAN_DECISION_GRANT_COOLDOWN_MS: '0',
}
const SAMPLE_MS = 10_000
/** The newest 300 frames must be of the phase. */
const SETTLE_MS = 5000

const healthSchema = z.object({
  stages: z.object({ whole: z.object({ p50Ms: z.number(), p95Ms: z.number() }) }).partial(),
})
const decisionPage = z.object({
  items: z.array(
    z.object({ id: z.string(), outcome: z.string(), latencyMs: z.number().nonnegative() }),
  ),
  nextCursor: z.string().nullable(),
})
const learntSchema = z.object({
  seconds: z.number(),
  mostMemoryMb: z.number(),
  trainedPictures: z.number(),
  reason: z.string(),
})

type Ask = (path: string, init?: RequestInit) => Promise<Response>

/** `genkan bench-learn`: the real daemon on its replay, alone and beside `genkan learn`, in one run. */
export async function benchLearn(options: BenchLearnOptions): Promise<void> {
  const [persons, pictures, seconds] = [options.persons, options.pictures, options.seconds].map(
    Number,
  )
  if (![persons, pictures, seconds].every((value) => Number.isInteger(value) && value >= 1)) {
    throw new CommandError(
      'bad-input',
      '--persons, --pictures and --seconds must be whole numbers from 1',
    )
  }
  const folder = mkdtempSync(join(tmpdir(), 'genkan-bench-learn-'))
  const env = {
    ...process.env,
    ...BUSY,
    GENKAN_ADMIN_PORT: '0',
    GENKAN_MQTT_EMBEDDED_PORT: '0',
    GENKAN_STORE_FOLDER: join(folder, 'data'),
    GENKAN_LEARNING_ENROLMENTS: 'true',
  }
  const daemon = spawn(process.execPath, [MAIN], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
    env,
  })
  try {
    const { url, token, picture } = await whatItSays(daemon)
    const ask: Ask = (path, init = {}) =>
      fetch(new URL(path, url), { ...init, headers: { Authorization: `Bearer ${token}` } })
    await enrolMan(ask, isAbsolute(picture) ? picture : join(folder, picture))
    await enrolCrowd(join(folder, 'data'), persons, pictures)
    const alone = () => watch(ask, false, pause(seconds * 1000))
    const before = await alone()
    const args = ['--dry-run', '--json', '--epochs', options.epochs, '--alter', options.alter]
    const learning = runLearning(['learn', ...args], { cwd: folder, env })
    const beside = await watch(ask, true, learning)
    const after = await alone()
    const report: BenchLearnReport = {
      persons,
      pictures,
      learning: await learning,
      phases: [before, beside, after],
    }
    process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : describe(report))
  } finally {
    daemon.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

async function enrolMan(ask: Ask, picture: string): Promise<void> {
  const form = new FormData()
  form.set('name', 'First man')
  form.set('picture', new Blob([readFileSync(picture)]))
  const enrolled = await ask('/api/persons', { method: 'POST', body: form })
  if (enrolled.status !== 201) {
    throw new CommandError('fault', `the first man was not enrolled: ${await enrolled.text()}`)
  }
}

/** Random directions, and pictures of one person as far apart as of real ones (about 0.7). */
async function enrolCrowd(folder: string, persons: number, pictures: number): Promise<void> {
  const { manifest } = readEncoderFiles(undefined)
  const [, , side] = manifest.input.shape
  const random = createSeededRandom(1)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const noise = Uint8Array.from({ length: side * side * 3 }, () => 255 * random())
  const cropPng = await encodePng(createImage(side, side, noise))
  const store = openStore({ folder, nowMs: Date.now, role: 'command' })
  try {
    for (let person = 0; person < persons; person++) {
      const { id: personId } = store.persons.create(`Person ${person}`, 'bench')
      const centre = Float32Array.from({ length: EMBEDDING_LENGTH }, normal)
      for (let i = 0; i < pictures; i++) {
        const raw = centre.map((value) => value + 0.75 * normal())
        const embedding = toEmbedding(manifest.id, raw)
        store.templates.add({ personId, embedding, quality: 1, source: 'upload', cropPng }, 'bench')
      }
      // The store writes synchronously; connections that the daemon closes meanwhile must be seen to close.
      await pause(0)
    }
  } finally {
    store.close()
  }
}

/** Learns from the enrolments in a process of its own, as the timer does. */
function runLearning(
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<z.infer<typeof learntSchema>> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...args], {
      ...options,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.once('close', (code) => {
      if (code === 0) resolve(learntSchema.parse(JSON.parse(out)))
      else reject(new CommandError('fault', `genkan learn ended with ${code}`))
    })
  })
}

/** Looks at the door until something has happened. */
async function watch(ask: Ask, learning: boolean, until: Promise<unknown>): Promise<Phase> {
  const startedMs = performance.now()
  const known = new Set((await decisionsOf(ask)).map(({ id }) => id))
  const samples: { readonly p50Ms: number; readonly p95Ms: number }[] = []
  const state = { isOver: false }
  const over = until.finally(() => (state.isOver = true))
  await Promise.race([over, pause(SETTLE_MS)])
  do {
    await Promise.race([over, pause(SAMPLE_MS)])
    const health = healthSchema.parse(await (await ask('/api/health')).json())
    if (health.stages.whole !== undefined) samples.push(health.stages.whole)
  } while (!state.isOver)
  await over
  const seconds = (performance.now() - startedMs) / 1000
  const fresh = (await decisionsOf(ask)).filter(({ id }) => !known.has(id))
  const median = (values: readonly number[]) => quantileOf(values, 0.5)
  const latencies = fresh.map(({ latencyMs }) => latencyMs)
  return {
    learning,
    seconds: Math.round(seconds),
    granted: fresh.filter(({ outcome }) => outcome === 'granted').length,
    decisionMs: {
      count: fresh.length,
      p50Ms: median(latencies),
      p95Ms: quantileOf(latencies, 0.95),
    },
    frameMs: {
      p50Ms: median(samples.map(({ p50Ms }) => p50Ms)),
      p95Ms: median(samples.map(({ p95Ms }) => p95Ms)),
    },
  }
}

async function decisionsOf(ask: Ask) {
  const all: z.infer<typeof decisionPage>['items'] = []
  let cursor: string | null = null
  do {
    const query: string = cursor === null ? '' : `&cursor=${cursor}`
    const page = decisionPage.parse(await (await ask(`/api/decisions?limit=200${query}`)).json())
    all.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== null)
  return all
}

function quantileOf(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(share * (sorted.length - 1))] ?? NaN
}

function describe({ persons, pictures, learning, phases }: BenchLearnReport): string {
  const rows = phases.map((phase) => {
    const { decisionMs, frameMs } = phase
    const ms = (quantiles: { readonly p50Ms: number; readonly p95Ms: number }) =>
      `p50 ${quantiles.p50Ms.toFixed(1)}, p95 ${quantiles.p95Ms.toFixed(1)} ms`
    return (
      `  ${phase.learning ? 'beside learning' : 'alone          '} ${phase.seconds} s: ` +
      `${decisionMs.count} decisions, ${phase.granted} granted, ${ms(decisionMs)}; frames ${ms(frameMs)}`
    )
  })
  return [
    `${persons} persons with ${pictures} pictures: learnt from ${learning.trainedPictures} pictures in ` +
      `${learning.seconds} s, at most ${learning.mostMemoryMb} MB (${learning.reason})`,
    ...rows,
    '',
  ].join('\n')
}
