import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { loadConfig } from '../config/load.js'
import type { Config } from '../config/schema.js'
import type { Timing } from '../evaluation/quantiles.js'
import { replaceConfiguration } from '../first-hour/configuration-file.js'
import { withSettings } from '../first-hour/configuration-text.js'
import { loadNet } from '../models/session.js'
import { measureLine } from './bench.js'
import { CommandError } from './command-error.js'
import type { SetupOptions } from './setup.js'

export interface TuneOptions extends SetupOptions {
  readonly frames: string
  readonly write?: boolean
  readonly json?: boolean
}

/** One setting as it was measured, alternating with the others. */
interface Tried {
  readonly threads: number
  readonly executionProviders: Config['models']['executionProviders']
  readonly frameToDecisionMs: Timing
  readonly rssMb: number
}

/** Each setting is measured this often, in turn, and its best round counts: other work only slows. */
const ROUNDS = 2
/** More threads must win by this much, since they take the cores from everything else. */
const MIN_GAIN = 0.95
const TUNED_PERSONS = 1000

type Setting = Pick<Tried, 'threads' | 'executionProviders'>

async function settings(): Promise<Setting[]> {
  const cores = availableParallelism()
  const threads = [...new Set([1, 2, 3, 4, cores].filter((count) => count <= cores))]
  const tried: Setting[] = threads.map((count) => ({ threads: count, executionProviders: ['cpu'] }))
  for (const provider of ['cuda', 'tensorrt'] as const) {
    if (await isThere(provider)) tried.push({ threads: 1, executionProviders: [provider, 'cpu'] })
  }
  return tried
}

/** The runtime names providers whose libraries are not on the board: only a loaded net tells. */
async function isThere(provider: 'cuda' | 'tensorrt'): Promise<boolean> {
  const net = await loadNet('eyes', { executionProviders: [provider] })
  await net.release()
  const there = net.providers.used.includes(provider)
  if (!there) {
    process.stderr.write(`${provider} is passed over: ${net.providers.notes.join('; ')}\n`)
  }
  return there
}

/** `genkan tune`: which threads and providers judge a frame soonest on this very board. */
export async function tune(options: TuneOptions): Promise<void> {
  const frames = Number(options.frames)
  if (!Number.isInteger(frames) || frames < 50 || frames > 10_000) {
    throw new CommandError('bad-input', '--frames must be 50 to 10000')
  }
  const { config, file } = loadConfig({ configPath: options.config, board: options.board })
  if (options.write === true && file === undefined) {
    throw new CommandError('bad-input', 'there is no configuration file to write to; give --config')
  }
  const wanted = await settings()
  const best = new Map<string, Tried>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const setting of wanted) {
      const models = { ...config.models, ...setting }
      const report = await measureLine({ ...config, models }, frames, TUNED_PERSONS)
      const { frameToDecisionMs, rssMb } = report
      const name = JSON.stringify(setting)
      const before = best.get(name)
      if (before === undefined || frameToDecisionMs.p50 < before.frameToDecisionMs.p50) {
        best.set(name, { ...setting, frameToDecisionMs, rssMb })
      }
    }
  }
  const tried = [...best.values()]
  const chosen = tried.reduce((kept, next) =>
    next.frameToDecisionMs.p50 < kept.frameToDecisionMs.p50 * MIN_GAIN ? next : kept,
  )
  if (options.json === true) process.stdout.write(`${JSON.stringify({ tried, chosen })}\n`)
  else process.stdout.write(describe(tried, chosen))
  if (options.write === true && file !== undefined) {
    const { threads, executionProviders } = chosen
    const text = withSettings(readFileSync(file, 'utf8'), [
      [['models', 'threads'], threads],
      [['models', 'executionProviders'], executionProviders],
    ])
    replaceConfiguration(file, text)
    process.stderr.write(`written to ${file}; it holds from the next start on\n`)
  }
}

function describe(tried: readonly Tried[], chosen: Tried): string {
  const row = (entry: Tried) => {
    const { threads, executionProviders, frameToDecisionMs } = entry
    const { p50, p95 } = frameToDecisionMs
    const mark = entry === chosen ? '  <- best' : ''
    return `${String(threads).padStart(7)}  ${executionProviders.join('+').padEnd(14)}${p50.toFixed(1).padStart(9)}${p95.toFixed(1).padStart(9)}${mark}\n`
  }
  return `threads  providers           p50      p95   ms, frame to decision\n${tried.map(row).join('')}`
}
