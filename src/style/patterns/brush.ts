import type { Canvas, Colour } from './canvas.js'
import { shade } from './canvas.js'
import type { Noise } from './noise.js'

/** One stroke of a brush along a field of directions. */
export interface Stroke {
  readonly x: number
  readonly y: number
  /** In the canvas's side. */
  readonly length: number
  readonly width: number
  readonly paint: Colour
  readonly opacity: number
  /** 0 smooth … 1 every bristle seen. */
  readonly bristles: number
  /** Light on the ridges of thick paint. */
  readonly relief: number
  /** 0 full to the end … 1 the brush runs dry half way. */
  readonly dryness: number
}

/**
 * Draws a stroke from the middle of its path to both ends, following `angleAt`.
 * @param texture tells bristles apart, across and along the stroke
 */
export function drawStroke(
  canvas: Canvas,
  stroke: Stroke,
  angleAt: (x: number, y: number) => number,
  texture: Noise,
): void {
  const step = 0.7 / canvas.side
  const half = Math.ceil(stroke.length / step / 2)
  const offset = 100 * (stroke.x + 7 * stroke.y)
  for (const way of [1, -1]) {
    let { x, y } = stroke
    for (let i = 0; i < half; i++) {
      const angle = angleAt(x, y)
      x += way * step * Math.cos(angle)
      y += way * step * Math.sin(angle)
      const along = 0.5 + (way * i) / half / 2
      const taper = Math.sqrt(Math.max(0, 1 - (2 * along - 1) ** 4))
      const radius = 0.5 * stroke.width * (0.35 + 0.65 * taper)
      for (let across = -radius; across <= radius; across += step) {
        const side = (2 * across) / stroke.width
        const bristle = texture(offset + 9 * side, 6 * along + offset)
        const fine = texture(offset + 26 * side, 9 * along)
        const dry = stroke.dryness * along + 0.5 * stroke.dryness * fine
        const rim = 1 - Math.abs(side) ** 6
        const ink = (1 - stroke.bristles * Math.max(0, 0.5 * fine + 0.3 * bristle)) * rim
        const opacity = stroke.opacity * (dry > 0.62 ? 0 : ink)
        if (opacity <= 0.02) continue
        const tone = stroke.relief * (0.55 * fine + 0.35 * bristle - 0.25 * side)
        canvas.cover(
          x - across * Math.sin(angle),
          y + across * Math.cos(angle),
          shade(stroke.paint, Math.max(-0.5, Math.min(0.5, tone))),
          Math.min(1, opacity),
        )
      }
    }
  }
}
