import { existsSync, mkdirSync, statfsSync } from 'node:fs'
import { resolve } from 'node:path'
import { openBroker } from '../broker.js'
import { openCamera } from '../capture/open-camera.js'
import { defaultReplayPlaylist } from '../capture/replay-playlist.js'
import type { Config } from '../config/schema.js'
import { probeBroker } from '../events/probe-broker.js'
import { adviceOn } from '../liveness/pad-calibration.js'
import { assetPath } from '../models/registry.js'
import { loadStages } from '../stages.js'
import { storeOptionsOf } from '../store-options.js'
import { openStore } from '../store/store.js'
import { encoderInForce } from '../learnt-encoder.js'
import type { Store } from '../store/store.js'
import { createThresholdSource } from '../threshold-source.js'
import { version } from '../version.js'
import { explain } from './explain.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

/** What the doctor found of one part. */
export interface Finding {
  readonly part: string
  readonly verdict: 'ok' | 'warning' | 'fault'
  readonly detail: string
  /** What to do; absent when all is well. */
  readonly cure?: string
}

export interface DoctorOptions extends SetupOptions {
  readonly json?: boolean
}

/** Below this, decisions will soon find no room. */
const MIN_FREE_BYTES = 256 * 1024 * 1024
/** No clock is right that shows a time before this version was made. */
const EARLIEST_MS = Date.UTC(2026, 0, 1)
const MIN_RATE_SHARE = 0.6
const CAMERA_FRAMES = 15
const PROBE_TIMEOUT_MS = 15_000

type Check = (config: Config) => Promise<Finding> | Finding

const CHECKS: readonly (readonly [string, Check])[] = [
  ['models', checkModels],
  ['store', checkStore],
  ['camera', checkCamera],
  ['broker', checkBrokerLine],
  ['clock', checkClock],
  ['disk', checkDisk],
]

/**
 * `genkan doctor`: examines every part by really using it.
 * @returns the exit code: 1 when a part has a fault
 */
export async function doctor(options: DoctorOptions): Promise<number> {
  const findings: Finding[] = []
  const note = (finding: Finding) => {
    findings.push(finding)
    if (options.json !== true) process.stdout.write(describe(finding))
  }
  let config: Config | undefined
  try {
    config = loadSetup(options)
    note({
      part: 'configuration',
      verdict: 'ok',
      detail: `genkan ${version}, door ${config.door.id}`,
    })
  } catch (error) {
    const cure = 'correct the configuration; `genkan config` prints the documented example'
    note({ part: 'configuration', verdict: 'fault', detail: explain(error), cure })
  }
  if (config !== undefined) {
    for (const [part, check] of CHECKS) note(await examine(part, check, config))
  }
  if (options.json === true) process.stdout.write(`${JSON.stringify({ findings })}\n`)
  return findings.some(({ verdict }) => verdict === 'fault') ? 1 : 0
}

/** A check that throws found a fault, too. */
async function examine(part: string, check: Check, config: Config): Promise<Finding> {
  try {
    return await check(config)
  } catch (error) {
    const cure = cureOf(error) ?? 'see the message'
    return { part, verdict: 'fault', detail: explain(error), cure }
  }
}

function cureOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('cure' in error)) return undefined
  return typeof error.cure === 'string' ? error.cure : undefined
}

/** With the head learnt on site; a store that cannot be read has a finding of its own. */
function withLearntHead(config: Config): Config {
  let store: Store
  try {
    store = openStore(storeOptionsOf(config.store, 'command'))
  } catch {
    return config
  }
  try {
    return encoderInForce(config, store).config
  } finally {
    store.close()
  }
}

async function checkModels(configured: Config): Promise<Finding> {
  const part = 'models'
  const config = withLearntHead(configured)
  const { nets, modelIds, pad } = await loadStages(config.models, config.liveness)
  const detail = Object.values(modelIds).join(', ')
  const source = createThresholdSource(config.matching, nets.encoder)
  if (source.kind === 'unusable') {
    const cure = 'run `genkan calibrate` for this encoder; until then nobody is recognised'
    return { part, verdict: 'fault', detail: `${detail}; ${source.cause}`, cure }
  }
  const notes = Object.values(nets).flatMap(({ providers }) => providers.notes)
  if (notes.length > 0) {
    const cure = 'install the execution provider, or take it out of models.executionProviders'
    return { part, verdict: 'warning', detail: `${detail}; ${notes[0]}`, cure }
  }
  const advice = adviceOn(pad)
  if (advice !== undefined) {
    const cure = 'run `genkan calibrate pad`, and restart genkan'
    return { part, verdict: 'warning', detail: `${detail}; ${advice}`, cure }
  }
  return { part, verdict: 'ok', detail }
}

function checkStore(config: Config): Finding {
  const part = 'store'
  const store = openStore(storeOptionsOf(config.store, 'command'))
  try {
    store.examine()
    const persons = store.persons.list().length
    const templates = [...store.templates.counts().values()].reduce((sum, count) => sum + count, 0)
    const detail = `${store.info.path}, key from ${store.info.keyPath}, ${persons} persons, ${templates} templates, ${store.decisions.count()} decisions`
    if (store.backups.restoreIsStaged()) {
      const cure = 'start genkan, or restart it'
      return { part, verdict: 'warning', detail: `${detail}; a restore waits for a start`, cure }
    }
    return { part, verdict: 'ok', detail }
  } finally {
    store.close()
  }
}

async function checkCamera({ camera: config }: Config): Promise<Finding> {
  const part = 'camera'
  const camera = openCamera(config, { playlist: defaultReplayPlaylist(assetPath) })
  const timeout = AbortSignal.timeout(config.openTimeoutMs + (CAMERA_FRAMES * 2000) / config.fps)
  camera.start()
  try {
    let first: number | undefined
    let last = 0
    let size = ''
    for (let i = 0; i < CAMERA_FRAMES; i++) {
      const frame = await camera.nextFrame(timeout)
      if (frame === undefined) {
        const { state } = camera
        const detail = state.name === 'degraded' ? state.cause : 'no picture in time'
        const cure = state.name === 'degraded' ? state.cure : 'check cable, power and address'
        return { part, verdict: 'fault', detail: `${camera.description}: ${detail}`, cure }
      }
      first ??= frame.monotonicMs
      last = frame.monotonicMs
      size = `${frame.image.width}x${frame.image.height}`
    }
    const rate = ((CAMERA_FRAMES - 1) * 1000) / (last - (first ?? 0))
    const detail = `${camera.description}, ${size}, ${rate.toFixed(1)} frames/s`
    if (rate < config.fps * MIN_RATE_SHARE) {
      const cure = `the camera gives less than the ${config.fps} frames/s asked for; more light, or a smaller camera.fps`
      return { part, verdict: 'warning', detail, cure }
    }
    return { part, verdict: 'ok', detail }
  } finally {
    await camera.stop()
  }
}

async function checkBrokerLine({ mqtt }: Config): Promise<Finding> {
  const part = 'broker'
  const broker = await openBroker(mqtt)
  try {
    const answerMs = await probeBroker(broker.options, AbortSignal.timeout(PROBE_TIMEOUT_MS))
    const detail = `${broker.url} answers in ${Math.round(answerMs)} ms`
    if (broker.warning !== undefined) {
      const cure = 'set mqtt.url to that broker, or leave it if that is genkan itself, running'
      return { part, verdict: 'warning', detail: `${detail}; ${broker.warning}`, cure }
    }
    return { part, verdict: 'ok', detail }
  } finally {
    await broker.close()
  }
}

function checkClock(): Finding {
  const part = 'clock'
  const now = Date.now()
  const detail = new Date(now).toISOString()
  if (now < EARLIEST_MS) {
    const cure = 'set the clock (timedatectl set-ntp true); decisions carry its time'
    return { part, verdict: 'fault', detail: `${detail} is in the past`, cure }
  }
  if (existsSync('/run/systemd/timesync') && !existsSync('/run/systemd/timesync/synchronized')) {
    const cure = 'let it reach a time server (timedatectl timesync-status)'
    return { part, verdict: 'warning', detail: `${detail}, not synchronised`, cure }
  }
  return { part, verdict: 'ok', detail }
}

function checkDisk({ store }: Config): Finding {
  const part = 'disk'
  const folder = resolve(store.folder)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  const detail = `${Math.round(free / 1024 / 1024)} MB free at ${folder}`
  if (free < MIN_FREE_BYTES) {
    const cure = 'make room; without it decisions cannot be written and the door stays shut'
    return { part, verdict: 'fault', detail, cure }
  }
  return { part, verdict: 'ok', detail }
}

const MARKS = { ok: 'ok     ', warning: 'warning', fault: 'FAULT  ' } as const

function describe({ part, verdict, detail, cure }: Finding): string {
  const line = `${MARKS[verdict]}  ${part.padEnd(13)}  ${detail}\n`
  return cure === undefined ? line : `${line}                          cure: ${cure}\n`
}
