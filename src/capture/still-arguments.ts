import type { Image } from '../frame/image.js'
import type { FfmpegBinary } from './find-ffmpeg.js'
import { RAW_OUTPUT, type FrameGeometry } from './ffmpeg-arguments.js'

/** A picture to be shown to the camera for a time, as somebody would hold it there. */
export interface ShownStill {
  readonly image: Image
  readonly durationS: number
  /** Moves it like a hand does when given; the same seed gives the same motion. */
  readonly motionSeed?: number | undefined
  /** Strength of added sensor noise in grey levels; none when absent. */
  readonly noise?: number | undefined
}

/** The wall behind everything that a replay shows, as 8-bit RGB. */
export const BACKGROUND: readonly [number, number, number] = [143, 145, 141]
const BACKGROUND_COLOUR = `0x${Buffer.from(BACKGROUND).toString('hex')}`

/** Scene kept around the frame, so that motion never shows its border; must be even. */
const MARGIN = 64
/** Amplitudes of the hand's motion; together they stay within the margin. */
const HAND = { shiftPixels: 20, rotation: 0.05, scale: 0.04 } as const

/** Share of the frame that a picture fills; a portrait may overhang it, so its face is not tiny. */
const FILL = 0.94
const MAX_OVERHANG = 1.7

/** Uniform numbers in [0, 1), the same for the same seed (mulberry32). */
export function createSeededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Places the picture on the scene: scale, crop of what overhangs, position. */
function placement(picture: Image, { width, height }: FrameGeometry): string {
  const across = (FILL * width) / picture.width
  const down = (FILL * height) / picture.height
  const scale = Math.min(across, down * MAX_OVERHANG)
  const shownWidth = Math.max(1, Math.round(picture.width * scale))
  const shownHeight = Math.max(1, Math.round(picture.height * scale))
  const sceneWidth = width + 2 * MARGIN
  const sceneHeight = height + 2 * MARGIN
  const left = Math.round((sceneWidth - shownWidth) / 2)
  // Faces are in the upper part, so what overhangs does so at the bottom.
  const top = Math.round(MARGIN + Math.max((height - shownHeight) / 2, height * (1 - FILL) * 0.5))
  const keptHeight = Math.min(shownHeight, sceneHeight - top)
  return (
    `scale=${shownWidth}:${shownHeight},crop=${shownWidth}:${keptHeight}:0:0,` +
    `pad=${sceneWidth}:${sceneHeight}:${left}:${top}:color=${BACKGROUND_COLOUR}`
  )
}

/** Slow waves of 0.1 to 0.6 Hz as an expression of FFmpeg over the output frame's number `on`. */
function wave(random: () => number, amplitude: number, framesPerSecond: number): string {
  const parts = Array.from({ length: 3 }, () => {
    const hz = 0.1 + 0.5 * random()
    const phase = 2 * Math.PI * random()
    return `sin(${((2 * Math.PI * hz) / framesPerSecond).toFixed(6)}*on+${phase.toFixed(4)})`
  })
  return `${(amplitude / 3).toFixed(5)}*(${parts.join('+')})`
}

/**
 * A hand's motion as the four corners of a moving window on the scene: shift, rotation and scale
 * (small angle: cos θ ≈ 1, sin θ ≈ θ).
 */
function handMotion(seed: number, framesPerSecond: number): string {
  const random = createSeededRandom(seed)
  const shiftX = wave(random, HAND.shiftPixels, framesPerSecond)
  const shiftY = wave(random, HAND.shiftPixels, framesPerSecond)
  const rotation = wave(random, HAND.rotation, framesPerSecond)
  const scale = `(1+${wave(random, HAND.scale, framesPerSecond)})`
  const corners = [
    [-1, -1],
    [1, -1],
    [-1, 1],
    [1, 1],
  ].map(([right, below], i) => {
    const x = `W/2+${shiftX}+${scale}*(${right}*W/2-(${rotation})*${below}*H/2)`
    const y = `H/2+${shiftY}+${scale}*(${below}*H/2+(${rotation})*${right}*W/2)`
    return `x${i}='${x}':y${i}='${y}'`
  })
  return `perspective=${corners.join(':')}:interpolation=linear:sense=source:eval=frame`
}

/**
 * Arguments that read one raw RGB picture on standard input and write it as a stream of frames in
 * real time, moved and made noisy as asked.
 */
export function stillArguments(
  binary: FfmpegBinary,
  still: ShownStill,
  geometry: FrameGeometry,
): readonly string[] {
  const { image, durationS, motionSeed, noise } = still
  const { width, height, framesPerSecond } = geometry
  const filters = [
    placement(image, geometry),
    'format=yuv444p',
    'loop=loop=-1:size=1:start=0',
    `setpts=N/(${framesPerSecond}*TB)`,
    ...(motionSeed === undefined ? [] : [handMotion(motionSeed, framesPerSecond)]),
    `crop=${width}:${height}:${MARGIN}:${MARGIN}`,
    ...(noise === undefined ? [] : [`noise=alls=${Math.round(noise * 3)}:allf=t`]),
    'realtime',
  ]
  return [
    ...['-hide_banner', '-nostdin', '-loglevel', 'warning', '-nostats', '-threads', '1'],
    ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-video_size', `${image.width}x${image.height}`],
    ...['-framerate', String(framesPerSecond), '-protocol_whitelist', 'pipe', '-i', 'pipe:0'],
    ...['-t', durationS.toFixed(3), '-vf', filters.join(','), ...binary.passEveryFrame],
    ...RAW_OUTPUT,
  ]
}
