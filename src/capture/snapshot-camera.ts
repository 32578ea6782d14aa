import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeImage, DECODE_LIMITS } from '../frame/decode.js'
import type { Camera } from './camera.js'
import { captureFault, type CaptureFault, type CaptureSession } from './capture-session.js'
import { systemClock } from './clock.js'
import { faultFromLines } from './ffmpeg-faults.js'
import type { FrameGeometry } from './ffmpeg-arguments.js'
import { readBounded } from './read-bounded.js'
import { resizeToFit } from './resize-to-fit.js'
import { createRetryingCamera, type CameraDependencies } from './retrying-camera.js'

export interface SnapshotCameraOptions extends CameraDependencies {
  /** `/dev/video0`, `FILE:/path/to/picture.jpg` or `TEST:bars`; letters that mean something to a shell are refused. */
  readonly device: string
  /** `framesPerSecond` bounds how often a snapshot is taken. */
  readonly geometry: FrameGeometry
  /** A snapshot that takes longer than this is given up. */
  readonly stallTimeoutMs: number
  /** Program that takes the snapshot, looked up in PATH. */
  readonly program?: string
}

/** node-webcam builds a shell command of its options, so nothing else may get through. */
const DEVICE =
  /^((V4L2:)?\/dev(\/[A-Za-z0-9_][A-Za-z0-9_.:+@-]*)+|FILE:\/[A-Za-z0-9_./-]+|TEST:[A-Za-z0-9_-]*)$/
const PROGRAM = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$|^\/[A-Za-z0-9_./-]+$/
/** Snapshots show the exposure of the first picture, so some are passed over at a real device. */
const SKIPPED_PICTURES = 2

/** Exit codes by convention of the shell and `timeout`. */
const NOT_FOUND = 127
const KILLED = 128 + 9
const COLOUR_CODES = /\u001b\[[0-9;]*m/g

/** Takes one snapshot into `location` and says what went wrong, if anything did. */
async function takeSnapshot(
  options: SnapshotCameraOptions,
  location: string,
): Promise<CaptureFault | undefined> {
  const { device, geometry, stallTimeoutMs, program = 'fswebcam' } = options
  const isDevice = !/^(FILE|TEST):/.test(device)
  const { default: NodeWebcam } = await import('node-webcam')
  const webcam = new NodeWebcam.FSWebcam({
    width: geometry.width,
    height: geometry.height,
    quality: 92,
    output: 'jpeg',
    device,
    callbackReturn: 'location',
    saveShots: false,
    ...(isDevice ? { skip: SKIPPED_PICTURES } : {}),
  })
  // node-webcam keeps no handle on its child, so `timeout` bounds the child's life.
  const seconds = Math.max(0.1, stallTimeoutMs / 1000).toFixed(1)
  webcam.bin = `exec timeout --signal=KILL ${seconds} ${program}`
  return new Promise((resolve) => {
    webcam.capture(location, (error) => {
      if (!error) {
        resolve(undefined)
        return
      }
      const { code, signal } = error as { code?: number | null; signal?: string | null }
      const lines = error.message
        .split('\n')
        .slice(1)
        .map((line) => line.replace(COLOUR_CODES, '').trim())
        .filter((line) => line !== '')
      if (error.message === 'No webcam found') {
        resolve(faultFromLines(['No such device'], `${program} can't open ${device}`))
      } else if (code === NOT_FOUND) {
        const cure = 'install it: `apt install fswebcam`'
        resolve(captureFault(`the program ${program} is not there`, cure))
      } else if (signal === 'SIGKILL' || code === KILLED) {
        const cure = 'unplug the camera and plug it in again'
        resolve(captureFault(`no snapshot within ${stallTimeoutMs} ms`, cure))
      } else {
        const ended = `${program} took no snapshot from ${device} (${signal ?? `code ${code ?? 'unknown'}`})`
        resolve(faultFromLines(lines, ended))
      }
    })
  })
}

function createSnapshotSession(options: SnapshotCameraOptions): CaptureSession {
  const { device, geometry, program = 'fswebcam', clock = systemClock } = options
  const { width, height, framesPerSecond } = geometry
  return async (sink, signal) => {
    if (!DEVICE.test(device) || device.includes('..') || !PROGRAM.test(program)) {
      return captureFault(
        `${JSON.stringify(device)} is not a snapshot device`,
        'set camera.device to /dev/video0, FILE:/path/to/picture.jpg or TEST:bars',
      )
    }
    const folder = await mkdtemp(join(tmpdir(), 'genkan-snapshot-'))
    const location = join(folder, 'snapshot.jpg')
    try {
      for (let dueMs = clock.monotonicMs(); !signal.aborted;) {
        await clock.sleep(dueMs - clock.monotonicMs(), signal)
        dueMs = Math.max(dueMs, clock.monotonicMs()) + 1000 / framesPerSecond
        await rm(location, { force: true })
        const fault = await takeSnapshot(options, location)
        if (fault) {
          return fault
        }
        const bytes = await readBounded(location, DECODE_LIMITS.maxBytes).catch(() => undefined)
        if (!bytes) {
          return captureFault(
            `${program} wrote no picture from ${device}`,
            'check that the camera is plugged in and that its user is in the group video',
          )
        }
        const picture = await decodeImage(bytes)
        if (!picture.ok) {
          return captureFault(
            `${device} gave a broken picture (${picture.reason}): ${picture.detail}`,
            'check the cable and the power of the camera',
          )
        }
        sink.put(await resizeToFit(picture.image, width, height))
      }
      return { kind: 'stopped' }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** A camera that takes single pictures through node-webcam (`fswebcam`), a few a second at most. */
export function createSnapshotCamera(options: SnapshotCameraOptions): Camera {
  return createRetryingCamera({
    ...options,
    description: `snapshots of ${options.device}`,
    session: createSnapshotSession(options),
    atEnd: 'again',
  })
}
