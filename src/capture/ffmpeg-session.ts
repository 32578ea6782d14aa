import { tmpdir } from 'node:os'
import { createImage } from '../frame/image.js'
import {
  captureFault,
  type CaptureEnd,
  type CaptureSession,
  type FrameSink,
} from './capture-session.js'
import { startChild, type ChildEnd } from './child-process.js'
import {
  streamArguments,
  type FfmpegArguments,
  type FfmpegInput,
  type FrameGeometry,
} from './ffmpeg-arguments.js'
import { faultFromLines } from './ffmpeg-faults.js'
import { openFillingPipe, type PipeReader } from './filling-pipe.js'
import { createFfmpegFinder, type FfmpegBinary, type FfmpegFinder } from './find-ffmpeg.js'
import { stillArguments, type ShownStill } from './still-arguments.js'

/** What an FFmpeg process can be made to show. */
export type FfmpegSource = FfmpegInput | (ShownStill & { readonly source: 'still' })

export interface FfmpegSessionOptions {
  readonly input: FfmpegSource
  readonly geometry: FrameGeometry
  /** A stream that shows no new frame for this long is killed and reopened. */
  readonly stallTimeoutMs: number
  /** The same for the first frame, which waits for the device or the network. */
  readonly openTimeoutMs: number
  /** Where FFmpeg is; by default the system's, else the bundled one. */
  readonly findBinary?: FfmpegFinder
  /** Told of the child's process id each time one is started. */
  readonly onChild?: (pid: number) => void
}

const INSTALL = 'install FFmpeg: `apt install ffmpeg`'
const ROOM = `make ${tmpdir()} writable and free some of it; a pipe needs a folder there for a moment`

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

/** Reads frames, each straight into its own memory, as fast as they come, so the pipe never fills. */
function createFrameReader(
  sink: FrameSink,
  { width, height }: FrameGeometry,
  onFrame: () => void,
): PipeReader {
  const byteCount = width * height * 3
  let memory: Uint8Array | undefined
  let filled = 0
  return {
    room() {
      memory ??= sink.memory(byteCount)
      return memory.subarray(filled)
    },
    filled(count) {
      filled += count
      if (memory === undefined || filled < byteCount) return
      const whole = createImage(width, height, memory)
      memory = undefined
      filled = 0
      sink.put(whole)
      onFrame()
    },
  }
}

function faultOfEnd(end: ChildEnd, messages: readonly string[], binary: FfmpegBinary): CaptureEnd {
  switch (end.kind) {
    case 'not-started':
      return captureFault(`${binary.path} can't be started: ${end.message}`, INSTALL)
    case 'killed':
      return faultFromLines(messages, `FFmpeg was killed by ${end.signal}`)
    case 'exited':
      return faultFromLines(messages, `FFmpeg ended with code ${end.code}`)
  }
}

function argumentsFor(
  binary: FfmpegBinary,
  input: FfmpegSource,
  geometry: FrameGeometry,
): FfmpegArguments {
  return input.source === 'still'
    ? { ok: true, args: stillArguments(binary, input, geometry) }
    : streamArguments(binary, input, geometry)
}

// A call, because the compiler takes a property read before an await to hold after it.
const isAborted = (signal: AbortSignal): boolean => signal.aborted

/**
 * A session that reads one FFmpeg process. A file that plays to its end is `ended`; a device or an
 * address never ends by itself, so its end is a fault.
 */
export function createFfmpegSession(options: FfmpegSessionOptions): CaptureSession {
  const {
    input,
    geometry,
    stallTimeoutMs,
    openTimeoutMs,
    findBinary = createFfmpegFinder(),
  } = options
  return async (sink, signal) => {
    const binary = await findBinary()
    if (!binary) {
      return captureFault('no FFmpeg program runs on this machine', INSTALL)
    }
    const isNetwork = input.source === 'rtsp' || input.source === 'mjpeg'
    if (isNetwork && binary.origin === 'bundled') {
      return captureFault(
        `the bundled FFmpeg ${binary.version} is too old to be let onto a network`,
        INSTALL,
      )
    }
    const made = argumentsFor(binary, input, geometry)
    if (!made.ok) {
      return captureFault(made.cause, made.cure)
    }
    let frames = 0
    let stalledMs: number | undefined
    let watchdog: NodeJS.Timeout | undefined
    const stall = (limitMs: number) =>
      setTimeout(() => {
        stalledMs = limitMs
        child.kill()
      }, limitMs)
    const onFrame = (): void => {
      frames += 1
      if (frames === 1) {
        clearTimeout(watchdog)
        watchdog = stall(stallTimeoutMs)
      } else {
        watchdog?.refresh()
      }
    }
    const pipe = await openFillingPipe(createFrameReader(sink, geometry, onFrame)).catch(
      (error: unknown) => captureFault(`no pipe for FFmpeg's pictures: ${messageOf(error)}`, ROOM),
    )
    if ('kind' in pipe) {
      return pipe
    }
    if (isAborted(signal)) {
      pipe.writingEnd.destroy()
      await pipe.closed
      return { kind: 'stopped' }
    }

    const still = input.source === 'still' ? input.image.data : undefined
    const child = startChild(binary.path, made.args, pipe.writingEnd, still)
    if (child.pid !== undefined) {
      options.onChild?.(child.pid)
    }
    watchdog = stall(openTimeoutMs)
    const stop = (): void => child.kill()
    signal.addEventListener('abort', stop, { once: true })
    const [end] = await Promise.all([child.ended, pipe.closed])
    clearTimeout(watchdog)
    signal.removeEventListener('abort', stop)

    if (isAborted(signal)) {
      return { kind: 'stopped' }
    }
    if (stalledMs !== undefined) {
      return faultFromLines(child.messages(), `no frame for ${stalledMs} ms`)
    }
    if (
      (input.source === 'file' || input.source === 'still') &&
      end.kind === 'exited' &&
      end.code === 0
    ) {
      return { kind: 'ended' }
    }
    return faultOfEnd(end, child.messages(), binary)
  }
}
