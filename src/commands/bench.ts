import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { compareWithPeers, describeComparison, summarisePeers } from '../bench/compare.js'
import { randomEmbedding, randomGallery } from '../bench/random-gallery.js'
import { SCENES } from '../bench/scenes.js'
import { readClip } from '../capture/clip-reader.js'
import type { Config } from '../config/schema.js'
import { DAEMON_NODE_ARGUMENTS } from '../daemon-process.js'
import { summariseTimings } from '../evaluation/quantiles.js'
import type { Timing } from '../evaluation/quantiles.js'
import type { Frame } from '../frame/image.js'
import type { Judgement } from '../line.js'
import type { LivenessReading } from '../liveness/judge.js'
import { assetPath } from '../models/registry.js'
import { sideThreadOf } from '../models/side-thread.js'
import { openLine } from '../open-line.js'
import { createRecognition } from '../recognition.js'
import { loadStages } from '../stages.js'
import { createThresholdSource } from '../threshold-source.js'
import { measureArrivalDelay, measureIdle, measureStarts } from './bench-door.js'
import type { ArrivalReport, IdleReport, StartReport } from './bench-door.js'
import { CommandError } from './command-error.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface BenchOptions extends SetupOptions {
  readonly frames: string
  readonly persons: string
  readonly idleSeconds: string
  readonly starts: string
  /** Turns of each contender; 0 leaves the peers out. */
  readonly rounds: string
  readonly peerFrames: string
  /** How many of them, beginning with one face at 640×480. */
  readonly scenes: string
  readonly wattsPerCore: string
  readonly json?: boolean
}

/** What the bench prints with `--json`. */
export interface BenchReport {
  readonly frames: number
  readonly size: string
  readonly persons: number
  readonly threads: number
  /** Decoded frame to finished decision step, of frames in which a face was judged to the end. */
  readonly frameToDecisionMs: Timing
  readonly stagesMs: Readonly<Record<string, Timing>>
  /** Liveness by cue; `view` is the face's redrawing, which several cues share. */
  readonly cuesMs: Readonly<Record<string, Timing>>
  /** All but the view and the life cue: those that judge without asking for anything. */
  readonly passiveCuesMs: Timing
  /** Frames in which a face was judged to the end, one after another without a pause. */
  readonly framesPerSecond: number
  /** How late timers came meanwhile. */
  readonly eventLoopLagMs: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Processor time of all threads. */
  readonly cpuSecondsPer1000Frames: number
  /** The decoded frames included. */
  readonly rssMb: number
}

const SIZE = { width: 640, height: 480, fit: 'cropped' } as const
/** Not passive: what only they need, or what waits for the person to do something. */
const ASKING_CUES = new Set(['view', 'life', 'challenge'])
const WARM_UP_FRAMES = 20
const FRAMES_PER_SECOND = 15
const CLIP_SECONDS = 2
const NS_PER_MS = 1e6
/** K at which a search is timed. */
const GALLERY_SIZES = [100, 1000, 10_000]
const SEARCHES = 300
const GENKAN = fileURLToPath(new URL('../bench/contenders/genkan.js', import.meta.url))

/** What else a door costs, as the bench prints it. */
interface DoorReport {
  readonly idle?: IdleReport
  readonly arrivals?: ArrivalReport
  readonly start?: StartReport
}

/**
 * `npm run bench`: the line on real frames, decoded beforehand, with K persons enrolled; the whole
 * daemon with nobody before its camera, people arriving, and cold starts; then genkan and its peers in
 * turns.
 */
export async function bench(options: BenchOptions): Promise<void> {
  const frameCount = wholeNumber(options.frames, '--frames', 50, 100_000)
  const persons = wholeNumber(options.persons, '--persons', 1, 1_000_000)
  const starts = wholeNumber(options.starts, '--starts', 0, 100)
  const rounds = wholeNumber(options.rounds, '--rounds', 0, 1000)
  const frames = wholeNumber(options.peerFrames, '--peer-frames', 1, 1000)
  const scenes = wholeNumber(options.scenes, '--scenes', 1, SCENES.length)
  const idleSeconds = Number(options.idleSeconds)
  if (!(idleSeconds >= 0 && idleSeconds <= 3600)) {
    throw new CommandError('bad-input', '--idle-seconds must be 0 to 3600')
  }
  const wattsPerCore = Number(options.wattsPerCore)
  if (!(wattsPerCore > 0 && wattsPerCore < 1000)) {
    throw new CommandError('bad-input', '--watts-per-core must be more than 0')
  }
  const config = loadSetup(options)
  const tell = (text: string) => {
    if (options.json !== true) process.stdout.write(text)
  }
  const report = await measureLine(config, frameCount, persons)
  const searchMs = timeSearches(config)
  tell(describe(report))
  const searches = Object.entries(searchMs).map(([k, ms]) => `${ms.toFixed(3)} at ${k}`)
  tell(`1:K search, ms p50 by K: ${searches.join(', ')}\n`)
  const door: DoorReport = {
    ...(idleSeconds === 0
      ? {}
      : { idle: await measureIdle(idleSeconds), arrivals: await measureArrivalDelay(config) }),
    ...(starts === 0 ? {} : { start: await measureStarts(starts) }),
  }
  tell(describeDoor(door))
  const comparison = rounds === 0 ? undefined : await compare(options, scenes, rounds, frames)
  if (comparison !== undefined) tell(`\n${describeComparison(comparison, wattsPerCore)}`)
  if (options.json !== true) return
  const peers = comparison === undefined ? {} : summarisePeers(comparison)
  process.stdout.write(
    `${JSON.stringify({ ...report, searchMs, ...door, peers, ...(comparison && { comparison }) })}\n`,
  )
}

function compare({ config, board }: BenchOptions, scenes: number, rounds: number, frames: number) {
  const [first, ...others] = SCENES
  return compareWithPeers({
    scenes: [first, ...others.slice(0, scenes - 1)],
    genkan: {
      name: 'genkan',
      command: process.execPath,
      args: [...DAEMON_NODE_ARGUMENTS, GENKAN, config ?? '', board ?? ''],
    },
    rounds,
    frames,
    onProgress: (what) => process.stderr.write(`${what}\n`),
  })
}

function wholeNumber(text: string, option: string, least: number, most: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new CommandError('bad-input', `${option} must be ${least} to ${most}`)
}

/** Middle time of a 1:K search, by K. */
function timeSearches(config: Config): Record<string, number> {
  const modelId = 'random'
  const probes = Array.from({ length: SEARCHES }, () => randomEmbedding(modelId))
  const times = GALLERY_SIZES.map((persons): [string, number] => {
    const gallery = randomGallery(modelId, persons)
    const limits = { threshold: 1, margin: config.matching.margin ?? 0 }
    const took = probes.map((probe) => {
      const startedMs = performance.now()
      gallery.identify(probe, limits)
      return performance.now() - startedMs
    })
    return [String(persons), summariseTimings(took).p50]
  })
  return Object.fromEntries(times)
}

/**
 * Times the whole line, as configured, over decoded frames of a living man.
 * @param frameCount frames to judge
 * @param persons K, random persons enrolled
 */
export async function measureLine(
  loaded: Config,
  frameCount: number,
  persons: number,
): Promise<BenchReport> {
  const decision = { ...loaded.decision, cooldownMs: 0, grantCooldownMs: 0 }
  const config = { ...loaded, decision }
  const stages = await loadStages(config.models, undefined, sideThreadOf(config.models))
  const gallery = randomGallery(stages.encoder.modelId, persons)
  const recognition = createRecognition(
    () => gallery,
    createThresholdSource(config.matching, stages.nets.encoder),
  )
  const line = openLine(stages, config, (probe) => recognition.identify(probe))
  const totals: number[] = []
  const judged: JudgedTimes[] = []
  let seen = 0
  const decoded = await decodeFrames()
  let startedMs = performance.now()
  let cpuBefore = process.cpuUsage()
  const lag = monitorEventLoopDelay({ resolution: 1 })
  for (const frame of repeat(decoded, frameCount + WARM_UP_FRAMES)) {
    if (seen === WARM_UP_FRAMES) {
      lag.enable()
      cpuBefore = process.cpuUsage()
      startedMs = performance.now()
    }
    const fromMs = performance.now()
    const judgement = await line.judge(frame)
    const tookMs = performance.now() - fromMs
    if (seen++ < WARM_UP_FRAMES || judgement.match === undefined) continue
    totals.push(tookMs)
    judged.push({ stages: judgement.stages, cueMs: judgement.liveness?.cueMs ?? {} })
  }
  const judgingMs = performance.now() - startedMs
  lag.disable()
  const cpu = process.cpuUsage(cpuBefore)
  const stage = (read: (judgement: JudgedTimes) => number) => summariseTimings(judged.map(read))
  const cueTimes = judged.map(({ cueMs }) => cueMs)
  const cueNames = Object.keys(cueTimes.at(0) ?? {})
  const passive = cueNames.filter((name) => !ASKING_CUES.has(name))
  return {
    frames: totals.length,
    size: `${SIZE.width}x${SIZE.height}`,
    persons,
    threads: config.models.threads,
    frameToDecisionMs: summariseTimings(totals),
    stagesMs: {
      'detection and landmarks': stage(({ stages: { detectionMs } }) => detectionMs),
      'alignment and quality': stage(({ stages: { qualityMs } }) => qualityMs),
      liveness: stage(({ stages: { livenessMs } }) => livenessMs),
      encoding: stage(({ stages: { encodingMs } }) => encodingMs),
      matching: stage(({ stages: { matchingMs } }) => matchingMs),
    },
    cuesMs: Object.fromEntries(
      cueNames.map((name) => [name, summariseTimings(cueTimes.map((times) => times[name]))]),
    ),
    passiveCuesMs: summariseTimings(
      cueTimes.map((times) => passive.reduce((sum, name) => sum + times[name], 0)),
    ),
    framesPerSecond: (1000 * totals.length) / judgingMs,
    eventLoopLagMs: {
      p50: lag.percentile(50) / NS_PER_MS,
      p99: lag.percentile(99) / NS_PER_MS,
      max: lag.max / NS_PER_MS,
    },
    cpuSecondsPer1000Frames: (cpu.user + cpu.system) / 1000 / frameCount,
    rssMb: process.memoryUsage.rss() / 1024 / 1024,
  }
}

/** What is kept of a judgement while thousands are timed. */
interface JudgedTimes {
  readonly stages: Judgement['stages']
  readonly cueMs: LivenessReading['cueMs']
}

/** A few seconds of the first man's clip, decoded beforehand so that only judging is timed. */
async function decodeFrames(): Promise<Frame[]> {
  const clip = readClip(assetPath('franck.mp4'), {
    framesPerSecond: FRAMES_PER_SECOND,
    size: SIZE,
    durationS: CLIP_SECONDS,
  })
  const decoded: Frame[] = []
  for await (const frame of clip) decoded.push(frame)
  return decoded
}

/** The frames again and again, time going on. */
function* repeat(decoded: readonly Frame[], count: number): Generator<Frame> {
  for (let sequence = 0; sequence < count; sequence++) {
    const { image } = decoded[sequence % decoded.length]
    const monotonicMs = (sequence * 1000) / FRAMES_PER_SECOND
    yield { image, sequence, monotonicMs, capturedAtMs: 0 }
  }
}

function describe(report: BenchReport): string {
  const row = (name: string, { p50, p95, p99 }: Timing) =>
    `${name.padEnd(26)}${[p50, p95, p99].map((ms) => ms.toFixed(2).padStart(9)).join('')}\n`
  return [
    `${report.frames} frames of ${report.size}, K = ${report.persons}, ${report.threads} thread(s) a net\n\n`,
    `ms                              p50      p95      p99\n`,
    ...Object.entries(report.stagesMs).map(([name, timing]) => row(name, timing)),
    row('frame to decision', report.frameToDecisionMs),
    '\nwithin liveness\n',
    ...Object.entries(report.cuesMs).map(([name, timing]) => row(name, timing)),
    row('passive cues together', report.passiveCuesMs),
    `\n${report.framesPerSecond.toFixed(1)} frames/s judged, ${report.cpuSecondsPer1000Frames.toFixed(1)} CPU s per 1,000, RSS ${report.rssMb.toFixed(0)} MB\n`,
    `event loop late by ${report.eventLoopLagMs.p50.toFixed(1)} ms p50, ${report.eventLoopLagMs.p99.toFixed(1)} p99, ${report.eventLoopLagMs.max.toFixed(1)} at most\n`,
  ].join('')
}

function describeDoor({ idle, arrivals, start }: DoorReport): string {
  const seconds = (ms: number) => (ms / 1000).toFixed(2)
  const lines: string[] = []
  if (idle !== undefined) {
    lines.push(
      `\nnobody there: ${idle.cpuPercent.toFixed(1)} % of one core, FFmpeg included ` +
        `(${idle.framesPerSecond} frames/s of ${idle.kilobytesAFrame.toFixed(0)} kB, ${idle.seconds} s)\n`,
    )
  }
  if (arrivals !== undefined) {
    const { arrivals: count, atOnce, worstLateFrames, looksShare } = arrivals
    lines.push(
      `arrivals: ${atOnce} of ${count} seen in the first frame that shows a face, ` +
        `the last ${worstLateFrames} frame(s) later; ` +
        `${(100 * looksShare).toFixed(0)} % of an empty room's frames looked at\n`,
    )
  }
  if (start !== undefined) {
    const { starts, cameraReadyMs, firstDecisionMs } = start
    lines.push(
      `start to first frame ${seconds(cameraReadyMs.median)} s, to first decision ` +
        `${seconds(firstDecisionMs.median)} s (median of ${starts}; ` +
        `worst ${seconds(cameraReadyMs.worst)} and ${seconds(firstDecisionMs.worst)} s)\n`,
    )
  }
  return lines.join('')
}
