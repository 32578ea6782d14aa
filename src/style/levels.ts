import type { Image } from '../frame/image.js'
import { StyleError } from './engine.js'

/** The size at which one part of a run works. */
export interface Level {
  readonly width: number
  readonly height: number
  /** Most steps at this size. */
  readonly steps: number
  /** Share of the whole run's work. */
  readonly work: number
}

/** Longer side below which there is nothing to gain from a still smaller beginning. */
const SMALLEST_SIDE = 112
const MIN_SIDE = 16
/** Pixels at which a level gets the steps asked for; where steps cost less there are more of them. */
const FULL_STEPS_PIXELS = 150_000
const MOST_STEPS_SHARE = 3

/**
 * Sizes from small to large, each twice the one before, the last with `sizePixels` as longer side.
 * @throws StyleError `picture-too-small` when the shorter side would vanish
 */
export function planLevels(content: Image, sizePixels: number, steps: number): Level[] {
  const scale = sizePixels / Math.max(content.width, content.height)
  const width = Math.max(1, Math.round(content.width * scale))
  const height = Math.max(1, Math.round(content.height * scale))
  if (Math.min(width, height) < MIN_SIDE) {
    throw new StyleError(
      'picture-too-small',
      `at ${sizePixels} pixels the result would be ${width}x${height}; ` +
        `choose a larger size or a picture less narrow`,
    )
  }
  const halvings = Math.max(0, Math.floor(Math.log2(sizePixels / SMALLEST_SIDE)))
  const sizes = Array.from({ length: halvings + 1 }, (_, i) => {
    const divisor = 2 ** (halvings - i)
    return { width: Math.round(width / divisor), height: Math.round(height / divisor) }
  }).filter((size) => Math.min(size.width, size.height) >= MIN_SIDE)
  const planned = sizes.map((size) => {
    const pixels = size.width * size.height
    const share = Math.min(MOST_STEPS_SHARE, Math.sqrt(FULL_STEPS_PIXELS / pixels))
    return { ...size, steps: Math.max(1, Math.round(steps * share)), pixels }
  })
  const total = planned.reduce((sum, level) => sum + level.steps * level.pixels, 0)
  return planned.map(({ pixels, ...level }) => ({ ...level, work: (level.steps * pixels) / total }))
}
