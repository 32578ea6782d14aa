import type { Box, Image } from '../frame/image.js'
import { toGrayRegion, type GrayRegion } from './gray-region.js'
import type { PictureCue, ScoreRule } from './picture-cue.js'

/** Straight edges around a face, by side: share of the side's length that one line covers. */
export interface Bezel {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** Width of the region's gray picture. */
const REGION_SIDE_PX = 120
/** The region looked at, in heights of the face's box. */
const REGION_FACES = 3
/** Tilts tried, as offset of the line's ends in pixels of the region. */
const MAX_SLANT_PX = 14
/** Gray levels between the two sides of an edge. */
const MIN_STEP = 9

/**
 * Looks for the edge of a sheet, a screen or its bezel: straight, long, nearly upright or level
 * lines on each side of the face.
 * @returns `undefined` when the region around the face lies outside the frame
 */
export function measureBezel(image: Image, box: Box): Bezel | undefined {
  const side = box.height * REGION_FACES
  const region = toGrayRegion(
    image,
    {
      x: box.x + box.width / 2 - side / 2,
      y: box.y + box.height / 2 - side / 2,
      width: side,
      height: side,
    },
    REGION_SIDE_PX,
  )
  if (region === undefined) return undefined
  const centreX = ((box.x + box.width / 2 - region.left) / region.scale) | 0
  const centreY = ((box.y + box.height / 2 - region.top) / region.scale) | 0
  const half = box.height / 2 / region.scale
  const upright = edges(region, 1)
  const level = edges(region, region.width)
  const { width, height } = region
  const span = Math.round(half * 2.2)
  const fromY = Math.max(1, centreY - (span >> 1))
  const toY = Math.min(height - 2, centreY + (span >> 1))
  const fromX = Math.max(1, centreX - (span >> 1))
  const toX = Math.min(width - 2, centreX + (span >> 1))
  const near = Math.round(half * 0.95)
  return {
    left: bestLine(upright, width, 1, 2, centreX - near, fromY, toY),
    right: bestLine(upright, width, 1, centreX + near, width - 3, fromY, toY),
    top: bestLine(level, 1, width, 2, centreY - near, fromX, toX),
    bottom: bestLine(level, 1, width, centreY + near, height - 3, fromX, toX),
  }
}

/** 1 where the picture steps across `stride`, signed, 0 elsewhere. */
function edges({ pixels, width, height }: GrayRegion, stride: number): Int8Array {
  const found = new Int8Array(pixels.length)
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const i = y * width + x
      const step = pixels[i + stride] - pixels[i - stride]
      found[i] = step > MIN_STEP ? 1 : step < -MIN_STEP ? -1 : 0
    }
  }
  return found
}

/** The best-covered line that crosses between `from` and `to`, over the length `start`..`end`. */
function bestLine(
  edge: Int8Array,
  along: number,
  across: number,
  from: number,
  to: number,
  start: number,
  end: number,
): number {
  const length = end - start
  if (length < 12 || to - from < 3) return 0
  let best = 0
  const shift = new Int32Array(length)
  for (let slant = -MAX_SLANT_PX; slant <= MAX_SLANT_PX; slant += 2) {
    for (let i = 0; i < length; i++) shift[i] = Math.round(slant * (i / length - 0.5))
    for (let at = from; at <= to; at++) {
      let sum = 0
      for (let i = 0; i < length; i++) {
        const place = at + shift[i]
        if (place < from || place > to) continue
        sum += edge[(start + i) * along + place * across]
      }
      const covered = Math.abs(sum) / length
      if (covered > best) best = covered
    }
  }
  return best
}

/**
 * Without a veto, since a door frame or a window behind a person has straight edges too; the
 * calibration of an installed camera can give it one.
 */
export const BEZEL_RULE: ScoreRule = {
  liveFrom: 0.2,
  attackBelow: 0,
  minFrames: 4,
  windowMs: 4000,
  minFaceHeightPx: 70,
}

/** Edges of a sheet, screen or bezel on two sides of the face at least, cue `bezel`. */
export function bezelCue(rule: ScoreRule = BEZEL_RULE): PictureCue {
  return {
    name: 'bezel',
    needs: 'face',
    scope: 'frame',
    isNeeded: false,
    rule,
    everyMs: 250,
    reasons: { live: 'no straight edges around the face', attack: 'a sheet or screen is held' },
    score(image, { box }) {
      const bezel = measureBezel(image, box)
      if (bezel === undefined) return undefined
      const covered = [bezel.left, bezel.right, bezel.top, bezel.bottom].sort((a, b) => b - a)
      return 1 - covered[1]
    },
  }
}
