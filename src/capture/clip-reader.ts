import { createImage, type Frame } from '../frame/image.js'
import { startStreamingChild } from './child-process.js'
import { clipArguments } from './ffmpeg-arguments.js'
import { faultFromLines } from './ffmpeg-faults.js'
import { createFfmpegFinder, type FfmpegFinder } from './find-ffmpeg.js'

export interface ReadClipOptions {
  /** Frames per second of media time; repeated or dropped evenly from the clip's own rate. */
  readonly framesPerSecond: number
  /** Size of the frames; the clip's own where absent. Another aspect is padded or cropped. */
  readonly size?: {
    readonly width: number
    readonly height: number
    readonly fit?: 'padded' | 'cropped'
  }
  readonly startS?: number
  readonly durationS?: number
  readonly findBinary?: FfmpegFinder
}

/** A clip that can't be read: the message says why and what to do. */
export class ClipError extends Error {
  override readonly name = 'ClipError'
}

const findClipFfmpeg = createFfmpegFinder()
const MAX_HEADER_BYTES = 64
const MAX_PIXELS = 50_000_000

/** Reads concatenated PPM (P6, 8 bit) pictures out of a byte stream. */
async function* readPpm(stream: AsyncIterable<Uint8Array>) {
  let head = Buffer.alloc(0)
  let picture: { width: number; height: number; data: Uint8Array; filled: number } | undefined
  for await (const chunk of stream) {
    let rest: Uint8Array = chunk
    while (rest.length > 0) {
      if (!picture) {
        head = Buffer.concat([head, rest])
        const match = /^P6\n(\d+) (\d+)\n255\n/.exec(head.toString('latin1', 0, MAX_HEADER_BYTES))
        if (!match) {
          if (head.length >= MAX_HEADER_BYTES) {
            throw new ClipError('FFmpeg wrote no PPM picture; install another FFmpeg')
          }
          break
        }
        const [header, width, height] = [match[0], Number(match[1]), Number(match[2])]
        if (width * height > MAX_PIXELS) {
          throw new ClipError(`the clip is ${width}x${height}, too large; scale it down`)
        }
        picture = { width, height, data: new Uint8Array(width * height * 3), filled: 0 }
        rest = head.subarray(header.length)
        head = Buffer.alloc(0)
      }
      const taken = Math.min(picture.data.length - picture.filled, rest.length)
      picture.data.set(rest.subarray(0, taken), picture.filled)
      picture.filled += taken
      rest = rest.subarray(taken)
      if (picture.filled === picture.data.length) {
        yield createImage(picture.width, picture.height, picture.data)
        picture = undefined
      }
    }
  }
}

/**
 * Decodes a clip, or a segment of it, as fast as the reader takes the frames; no frame is skipped.
 * A frame's `monotonicMs` is its media time from the clip's beginning; `capturedAtMs` is 0.
 * Ending the loop early ends the decoder.
 * @throws ClipError when the clip can't be read
 */
export async function* readClip(file: string, options: ReadClipOptions): AsyncGenerator<Frame> {
  const { framesPerSecond, size, startS = 0, durationS, findBinary = findClipFfmpeg } = options
  const binary = await findBinary()
  if (!binary) {
    throw new ClipError('no FFmpeg program runs on this machine; `apt install ffmpeg`')
  }
  const made = clipArguments(
    { source: 'file', path: file, startS, durationS },
    framesPerSecond,
    size,
  )
  if (!made.ok) {
    throw new ClipError(`${made.cause}; ${made.cure}`)
  }
  const child = startStreamingChild(binary.path, made.args)
  let sequence = 0
  try {
    for await (const image of readPpm(child.stdout)) {
      const monotonicMs = (startS + sequence / framesPerSecond) * 1000
      yield { image, sequence, monotonicMs, capturedAtMs: 0 }
      sequence += 1
    }
    const end = await child.ended
    if (end.kind !== 'exited' || end.code !== 0 || sequence === 0) {
      const { cause, cure } = faultFromLines(child.messages(), `${file} can't be read`)
      throw new ClipError(`${cause}; ${cure}`)
    }
  } finally {
    child.kill()
    child.stdout.destroy()
    await child.ended
  }
}
