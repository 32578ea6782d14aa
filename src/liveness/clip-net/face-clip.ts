import type { GrayView } from '../registration.js'
import { carry, createPlaneRegistration, readAt } from './plane-registration.js'

/** Frames of a clip and their side, in time × row × column. */
export const CLIP_FRAMES = 16
export const CLIP_SIDE = 32
/** A clip spans this long. */
export const CLIP_MS = 2000
/** A moment is taken from the frame nearest to it, which may be this far off. */
const MAX_OFF_MS = 90
/** Registration works on views shrunk to this side. */
const SHRUNK_SIDE = 64
/** Part of the view that the clip shows, in −1..1: brows to chin. */
const CROP = { x: 0, y: 0.1, half: 0.72 }
/** Residuals are given in these parts of the face's own contrast, and limited. */
const GAIN = 4
const LIMIT = 4

/** The gray view of a face at one moment, as `cutGrayView` makes it. */
export interface ViewMoment {
  readonly monotonicMs: number
  readonly gray: GrayView
}

function shrink({ side, pixels }: GrayView): Float32Array {
  const factor = side / SHRUNK_SIDE
  const output = new Float32Array(SHRUNK_SIDE * SHRUNK_SIDE)
  const share = 1 / (factor * factor)
  for (let y = 0; y < side; y++) {
    const row = Math.floor(y / factor) * SHRUNK_SIDE
    for (let x = 0; x < side; x++)
      output[row + Math.floor(x / factor)] += pixels[y * side + x] * share
  }
  return output
}

/**
 * The latest {@link CLIP_FRAMES} evenly spaced moments.
 * @param moments ascending in time, of one track
 * @returns undefined where the moments do not span the clip, or leave a hole in it
 */
export function pickMoments(moments: readonly ViewMoment[]): ViewMoment[] | undefined {
  const last = moments.at(-1)
  if (last === undefined) return undefined
  const picked: ViewMoment[] = []
  let at = 0
  for (let i = 0; i < CLIP_FRAMES; i++) {
    const wantedMs = last.monotonicMs - CLIP_MS + ((i + 1) * CLIP_MS) / CLIP_FRAMES
    const off = (k: number): number => Math.abs(moments[k].monotonicMs - wantedMs)
    while (at < moments.length - 1 && off(at + 1) <= off(at)) at++
    if (off(at) > MAX_OFF_MS) return undefined
    picked.push(moments[at])
  }
  return picked
}

/**
 * What remains of a face's motion once the best motion of a flat picture and the light are taken
 * away: every frame is registered to the middle one by a homography, the mean over time is
 * subtracted, and the rest divided by the face's contrast. Appearance is gone; change stays.
 * @param moments {@link CLIP_FRAMES} of them
 * @returns time × row × column; undefined for a face without contrast
 */
export function makeFaceClip(moments: readonly ViewMoment[]): Float32Array | undefined {
  const area = CLIP_SIDE * CLIP_SIDE
  const shrunk = moments.map(({ gray }) => shrink(gray))
  const middle = createPlaneRegistration(shrunk[CLIP_FRAMES / 2], SHRUNK_SIDE)
  const clip = new Float32Array(CLIP_FRAMES * area)
  const mean = new Float32Array(area)
  shrunk.forEach((pixels, t) => {
    const { homography, gain, offset } = middle.register(pixels)
    for (let i = 0; i < area; i++) {
      const u = CROP.x + CROP.half * ((((i % CLIP_SIDE) + 0.5) / CLIP_SIDE) * 2 - 1)
      const v = CROP.y + CROP.half * (((Math.floor(i / CLIP_SIDE) + 0.5) / CLIP_SIDE) * 2 - 1)
      const [x, y] = carry(homography, u, v)
      const value = gain * readAt(pixels, SHRUNK_SIDE, x, y) + offset
      clip[t * area + i] = value
      mean[i] += value / CLIP_FRAMES
    }
  })
  const level = mean.reduce((sum, value) => sum + value, 0) / area
  const contrast = Math.sqrt(mean.reduce((sum, value) => sum + (value - level) ** 2, 0) / area)
  if (!(contrast > 4)) return undefined
  for (let i = 0; i < clip.length; i++) {
    const change = (GAIN * (clip[i] - mean[i % area])) / contrast
    clip[i] = Math.max(-LIMIT, Math.min(LIMIT, change))
  }
  return clip
}
