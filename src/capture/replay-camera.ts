import { decodeImage, DECODE_LIMITS } from '../frame/decode.js'
import { createImage, type Image } from '../frame/image.js'
import type { Camera } from './camera.js'
import {
  captureFault,
  type CaptureEnd,
  type CaptureSession,
  type FrameSink,
} from './capture-session.js'
import { ClipError, readClip } from './clip-reader.js'
import { systemClock } from './clock.js'
import type { FrameGeometry } from './ffmpeg-arguments.js'
import { createFfmpegSession, type FfmpegSource } from './ffmpeg-session.js'
import { createFfmpegFinder, type FfmpegFinder } from './find-ffmpeg.js'
import { readBounded } from './read-bounded.js'
import type { ReplayItem } from './replay-playlist.js'
import { createRetryingCamera, type CameraDependencies } from './retrying-camera.js'
import { BACKGROUND } from './still-arguments.js'

export interface ReplayCameraOptions extends CameraDependencies {
  readonly playlist: readonly ReplayItem[]
  readonly geometry: FrameGeometry
  readonly stallTimeoutMs: number
  readonly openTimeoutMs?: number
  /** An empty scene between two items, so that a face's track ends; in seconds. */
  readonly gapS?: number
  /** Told of each item as it begins. */
  readonly onItem?: (item: ReplayItem, index: number) => void
  readonly findBinary?: FfmpegFinder
}

const DEFAULT_GAP_S = 1.2
const OPEN_TIMEOUT_MS = 10_000
const REINSTALL = 'run `npm run prepare` to fetch the clips again'

type Still = ReplayItem & { kind: 'still' }

/** The empty scene: a plain wall. */
function emptyScene({ width, height }: FrameGeometry): Image {
  const data = new Uint8Array(width * height * 3)
  for (let i = 0; i < data.length; i += 3) {
    data.set(BACKGROUND, i)
  }
  return createImage(width, height, data)
}

/** Shows a playlist of clips and stills for ever, as if each came before the camera in turn. */
export function createReplayCamera(options: ReplayCameraOptions): Camera {
  const { playlist, geometry, clock = systemClock, gapS = DEFAULT_GAP_S } = options
  const findBinary = options.findBinary ?? createFfmpegFinder()
  const empty = emptyScene(geometry)
  const stills = new Map<string, Image>()
  let next = 0

  const loadStill = async ({ from }: Still): Promise<Image> => {
    if ('clip' in from) {
      const at = { framesPerSecond: 10, startS: from.atS, durationS: 1, findBinary }
      for await (const frame of readClip(from.clip, at)) {
        return frame.image
      }
      throw new ClipError(`${from.clip} has no picture at ${from.atS} s; choose an earlier time`)
    }
    const result = await decodeImage(await readBounded(from.picture, DECODE_LIMITS.maxBytes))
    if (!result.ok) {
      throw new ClipError(`${from.picture}: ${result.detail}`)
    }
    return result.image
  }

  const stillOf = async (item: Still): Promise<Image> => {
    const key = JSON.stringify(item.from)
    const kept = stills.get(key)
    if (kept) {
      return kept
    }
    const still = await loadStill(item)
    stills.set(key, still)
    return still
  }

  const sourceOf = async (item: ReplayItem): Promise<FfmpegSource> => {
    if (item.kind === 'clip') {
      const { file: path, startS, durationS } = item
      return { source: 'file', path, startS, durationS }
    }
    const { durationS, noise, seed = 0 } = item
    const motionSeed = item.shown === 'moved' ? seed : undefined
    return { source: 'still', image: await stillOf(item), durationS, noise, motionSeed }
  }

  const playItem = async (
    item: ReplayItem,
    sink: FrameSink,
    signal: AbortSignal,
  ): Promise<CaptureEnd> => {
    const play = createFfmpegSession({
      input: await sourceOf(item),
      geometry: { ...geometry, fit: 'cropped' },
      stallTimeoutMs: options.stallTimeoutMs,
      openTimeoutMs: options.openTimeoutMs ?? OPEN_TIMEOUT_MS,
      findBinary,
    })
    return play(sink, signal)
  }

  const playGap = async (sink: FrameSink, signal: AbortSignal): Promise<void> => {
    const intervalMs = 1000 / geometry.framesPerSecond
    for (let shownMs = 0; shownMs < gapS * 1000 && !signal.aborted; shownMs += intervalMs) {
      const memory = sink.memory(empty.data.length)
      memory.set(empty.data)
      sink.put({ ...empty, data: memory })
      await clock.sleep(intervalMs, signal)
    }
  }

  const session: CaptureSession = async (sink, signal) => {
    while (!signal.aborted) {
      const index = next
      const item = playlist[index]
      next = (index + 1) % playlist.length
      options.onItem?.(item, index)
      try {
        const end = await playItem(item, sink, signal)
        if (end.kind !== 'ended') {
          return end
        }
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        return captureFault(`replay of ${item.label}: ${message}`, REINSTALL)
      }
      await playGap(sink, signal)
    }
    return { kind: 'stopped' }
  }

  if (playlist.length === 0) {
    throw new RangeError('a replay needs at least one item')
  }
  return createRetryingCamera({
    ...options,
    description: `replay of ${playlist.length} items`,
    session,
    atEnd: 'again',
  })
}
