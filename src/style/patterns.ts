import type { Image } from '../frame/image.js'
import { paintInk } from './patterns/ink.js'
import { paintMosaic } from './patterns/mosaic.js'
import { paintStrokes } from './patterns/strokes.js'
import { paintWaves } from './patterns/waves.js'

/** A style picture that genkan paints itself. */
export interface StylePattern {
  readonly id: string
  readonly title: string
  /** A square picture; the same side and seed give the same picture. */
  paint(sidePixels: number, seed: number): Image
}

/** The style pictures that ship: code, so that nobody's rights are touched. */
export const STYLE_PATTERNS: readonly StylePattern[] = [
  { id: 'waves', title: 'Seigaiha waves, block print', paint: paintWaves },
  { id: 'mosaic', title: 'Stained glass', paint: paintMosaic },
  { id: 'strokes', title: 'Night sky in oil', paint: paintStrokes },
  { id: 'ink', title: 'Sumi ink on paper', paint: paintInk },
]

/** Side at which a pattern serves as a style picture. */
export const PATTERN_SIDE_PIXELS = 512
const PATTERN_SEED = 7

/**
 * The shipped style picture of that id.
 * @returns `undefined` where there is none
 */
export function paintPattern(id: string, sidePixels = PATTERN_SIDE_PIXELS): Image | undefined {
  return STYLE_PATTERNS.find((pattern) => pattern.id === id)?.paint(sidePixels, PATTERN_SEED)
}
