import { randomBytes } from 'node:crypto'
import { readClip } from '../capture/clip-reader.js'
import type { Config } from '../config/schema.js'
import { toEmbedding, EMBEDDING_LENGTH } from '../encoding/embedding.js'
import { summariseTimings } from '../evaluation/quantiles.js'
import type { Timing } from '../evaluation/quantiles.js'
import type { Frame } from '../frame/image.js'
import type { Judgement } from '../line.js'
import { createGallery } from '../matching/gallery.js'
import type { Gallery } from '../matching/gallery.js'
import { assetPath } from '../models/registry.js'
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
  readonly framesPerSecond: number
  /** The decoded frames included. */
  readonly rssMb: number
}

const SIZE = { width: 640, height: 480, fit: 'cropped' } as const
/** Not passive: what only they need, or what waits for the person to do something. */
const ASKING_CUES = new Set(['view', 'life', 'challenge'])
const WARM_UP_FRAMES = 20
const FRAMES_PER_SECOND = 15
const CLIP_SECONDS = 10

/** What else a door costs, as the bench prints it. */
interface DoorReport {
  readonly idle?: IdleReport
  readonly arrivals?: ArrivalReport
  readonly start?: StartReport
}

/**
 * `npm run bench`: the line on real frames, decoded beforehand, with K persons enrolled; then the whole
 * daemon with nobody before its camera, people arriving, and cold starts.
 */
export async function bench(options: BenchOptions): Promise<void> {
  const frameCount = Number(options.frames)
  const persons = Number(options.persons)
  if (!Number.isInteger(frameCount) || frameCount < 50 || frameCount > 10_000) {
    throw new CommandError('bad-input', '--frames must be 50 to 10000')
  }
  if (!Number.isInteger(persons) || persons < 1 || persons > 1_000_000) {
    throw new CommandError('bad-input', '--persons must be 1 to 1000000')
  }
  const idleSeconds = Number(options.idleSeconds)
  if (!(idleSeconds >= 0 && idleSeconds <= 3600)) {
    throw new CommandError('bad-input', '--idle-seconds must be 0 to 3600')
  }
  const starts = Number(options.starts)
  if (!Number.isInteger(starts) || starts < 0 || starts > 100) {
    throw new CommandError('bad-input', '--starts must be 0 to 100')
  }
  const config = loadSetup(options)
  const isForPeople = options.json !== true
  const report = await measureLine(config, frameCount, persons)
  if (isForPeople) process.stdout.write(describe(report))
  const door: DoorReport = {
    ...(idleSeconds === 0
      ? {}
      : { idle: await measureIdle(idleSeconds), arrivals: await measureArrivalDelay(config) }),
    ...(starts === 0 ? {} : { start: await measureStarts(starts) }),
  }
  process.stdout.write(
    isForPeople ? describeDoor(door) : `${JSON.stringify({ ...report, ...door })}\n`,
  )
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
  const stages = await loadStages(config.models)
  const gallery = createGallery(stages.encoder.modelId)
  for (let i = 0; i < persons; i++) addRandomPerson(gallery, i)
  const recognition = createRecognition(
    () => gallery,
    createThresholdSource(config.matching, stages.nets.encoder),
  )
  const line = openLine(stages, config, (probe) => recognition.identify(probe))
  const totals: number[] = []
  const judged: Judgement[] = []
  let seen = 0
  const decoded = await decodeFrames()
  const startedMs = performance.now()
  for (const frame of repeat(decoded, frameCount + WARM_UP_FRAMES)) {
    const fromMs = performance.now()
    const judgement = await line.judge(frame)
    const tookMs = performance.now() - fromMs
    if (seen++ < WARM_UP_FRAMES || judgement.match === undefined) continue
    totals.push(tookMs)
    judged.push({ ...judgement, frame: decoded[0] })
  }
  const judgingMs = performance.now() - startedMs
  const stage = (read: (judgement: Judgement) => number) => summariseTimings(judged.map(read))
  const cueTimes = judged.flatMap(({ liveness }) => (liveness ? [liveness.cueMs] : []))
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
    framesPerSecond: (1000 * seen) / judgingMs,
    rssMb: process.memoryUsage.rss() / 1024 / 1024,
  }
}

/** Ten seconds of the first man's clip, decoded beforehand so that only judging is timed. */
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

/** Somebody who looks like nobody: a random direction. */
function addRandomPerson(gallery: Gallery, index: number): void {
  const bytes = randomBytes(EMBEDDING_LENGTH * 2)
  const raw = new Float32Array(EMBEDDING_LENGTH)
  for (let i = 0; i < EMBEDDING_LENGTH; i++) raw[i] = bytes.readInt16LE(2 * i)
  const embedding = toEmbedding(gallery.modelId, raw)
  gallery.add({ templateId: `t${index}`, personId: `p${index}`, embedding })
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
    `\n${report.framesPerSecond.toFixed(1)} frames/s judged, RSS ${report.rssMb.toFixed(0)} MB\n`,
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
