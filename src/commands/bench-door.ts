import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Config } from '../config/schema.js'
import { createMotionGate } from '../detection/motion-gate.js'
import { measureArrivals } from '../evaluation/arrivals/arrivals.js'
import { createNoise, FRAMES_PER_SECOND, readSceneParts } from '../evaluation/arrivals/scene.js'
import { startStandInCamera } from '../evaluation/arrivals/stand-in-camera.js'
import { createSeededRandom } from '../evaluation/statistics/random.js'
import { encodeJpeg } from '../frame/decode.js'
import { assetPath } from '../models/registry.js'
import { MOTION_GATE_OPTIONS } from '../open-line.js'
import { loadStages } from '../stages.js'
import { startChildDaemon } from './child-daemon.js'
import type { LogEntry } from './child-daemon.js'

/** What a door costs while nobody is there. */
export interface IdleReport {
  readonly seconds: number
  readonly framesPerSecond: number
  readonly kilobytesAFrame: number
  /** Of one core: the daemon with its FFmpeg, decoding included. */
  readonly cpuPercent: number
}

/** How soon people are seen although the detector rests while nothing moves. */
export interface ArrivalReport {
  readonly arrivals: number
  /** Seen in the very frame in which a detector that never rests sees the face. */
  readonly atOnce: number
  readonly worstLateFrames: number
  /** Share of an empty room's frames that the detector looked at. */
  readonly looksShare: number
}

/** From the start of the process to its first decision, about a man who waits and is not enrolled. */
export interface StartReport {
  readonly starts: number
  readonly cameraReadyMs: { readonly median: number; readonly worst: number }
  readonly firstDecisionMs: { readonly median: number; readonly worst: number }
}

const ROOM_SIGMA = 3
const ROOM_FRAMES = 50
const SETTLE_MS = 5000
const START_TIMEOUT_MS = 60_000
const JPEG_QUALITY = 85
const MAN_SECONDS = 20
const SEED = 7
const START_FPS = 15

const isDecision = ({ msg }: LogEntry) => msg === 'decision'

function isCameraReady({ msg, camera }: LogEntry): boolean {
  return (
    msg === 'camera' &&
    typeof camera === 'object' &&
    camera !== null &&
    'name' in camera &&
    camera.name === 'ready'
  )
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-bench-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The real daemon before a network camera that shows an empty room with a sensor's noise. */
export async function measureIdle(seconds: number): Promise<IdleReport> {
  const withNoise = createNoise(ROOM_SIGMA, createSeededRandom(SEED))
  const { room } = await readSceneParts(1)
  const pictures: Uint8Array[] = []
  for (let i = 0; i < ROOM_FRAMES; i++) {
    pictures.push(await encodeJpeg(withNoise(room), JPEG_QUALITY))
  }
  const camera = await startStandInCamera(pictures, FRAMES_PER_SECOND)
  try {
    return await inFolder(async (folder) => {
      const daemon = startChildDaemon(folder, {
        GENKAN_CAMERA_SOURCE: 'mjpeg',
        GENKAN_CAMERA_URL: camera.url,
        GENKAN_CAMERA_FPS: String(FRAMES_PER_SECOND),
      })
      try {
        await daemon.logged('ready camera', isCameraReady, START_TIMEOUT_MS)
        await pause(SETTLE_MS)
        const fromMs = performance.now()
        const before = daemon.cpuMs()
        await pause(seconds * 1000)
        const cpuMs = daemon.cpuMs() - before
        const tookMs = performance.now() - fromMs
        await daemon.stop()
        return {
          seconds,
          framesPerSecond: FRAMES_PER_SECOND,
          kilobytesAFrame:
            pictures.reduce((sum, { length }) => sum + length, 0) / ROOM_FRAMES / 1e3,
          cpuPercent: (100 * cpuMs) / tookMs,
        }
      } finally {
        daemon.kill()
      }
    })
  } finally {
    await camera.close()
  }
}

/** A man of the recordings comes into the empty room in many ways. */
export async function measureArrivalDelay(config: Config): Promise<ArrivalReport> {
  const { finder } = await loadStages(config.models)
  const report = await measureArrivals(
    await readSceneParts(MAN_SECONDS),
    finder,
    () => createMotionGate(MOTION_GATE_OPTIONS),
    createSeededRandom(SEED),
  )
  const late = report.arrivals.map(({ lateFrames }) => lateFrames)
  return {
    arrivals: late.length,
    atOnce: late.filter((frames) => frames === 0).length,
    worstLateFrames: Math.max(...late),
    looksShare: report.looks / report.emptyFrames,
  }
}

/** Starts the daemon again and again on one store, which the first start makes. */
export async function measureStarts(starts: number): Promise<StartReport> {
  return inFolder(async (folder) => {
    const cameraReady: number[] = []
    const firstDecision: number[] = []
    for (let i = 0; i < starts; i++) {
      const daemon = startChildDaemon(folder, {
        GENKAN_CAMERA_SOURCE: 'file',
        GENKAN_CAMERA_PATH: assetPath('franck.mp4'),
        GENKAN_CAMERA_FPS: String(START_FPS),
      })
      try {
        cameraReady.push(await daemon.logged('ready camera', isCameraReady, START_TIMEOUT_MS))
        firstDecision.push(await daemon.logged('decision', isDecision, START_TIMEOUT_MS))
        await daemon.stop()
      } finally {
        daemon.kill()
      }
    }
    return {
      starts,
      cameraReadyMs: spread(cameraReady),
      firstDecisionMs: spread(firstDecision),
    }
  })
}

function spread(values: readonly number[]): { readonly median: number; readonly worst: number } {
  const sorted = [...values].sort((a, b) => a - b)
  return { median: sorted[sorted.length >> 1], worst: sorted[sorted.length - 1] }
}
