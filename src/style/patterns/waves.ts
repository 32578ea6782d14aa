import { createSeededRandom } from '../../evaluation/statistics/random.js'
import type { Image } from '../../frame/image.js'
import { blend, colour, createCanvas, shade, smoothStep, type Colour } from './canvas.js'
import { createNoise, layered } from './noise.js'

const PAPER = colour(0xf3e6c8)
const INKS = [0x0f2a52, 0x1b4b82, 0x2f78a8, 0x7fb3c4, 0x163a6b, 0x0c3b4f].map(colour)
const ACCENT = colour(0xd9562b)
const RINGS = 5
const SCALES_ACROSS = 7

/**
 * Seigaiha, the waves of the blue sea: rows of overlapping scales of rings, printed from blocks in
 * indigo on paper, the lines a little unsteady and the ink a little uneven.
 */
export function paintWaves(sidePixels: number, seed: number): Image {
  const canvas = createCanvas(2 * sidePixels)
  const wobble = layered(createNoise(seed), 3)
  const grain = layered(createNoise(seed + 1), 4)
  const random = createSeededRandom(seed + 2)
  const radius = 1 / SCALES_ACROSS
  const rows = Math.ceil(2 / radius) + 6
  const inkOf = Array.from({ length: rows * (SCALES_ACROSS + 4) }, (): Colour => {
    const pick = random()
    return pick < 0.06 ? ACCENT : INKS[Math.floor(random() * INKS.length)]
  })
  canvas.fill((x, y) => {
    const px = x + 0.012 * wobble(5 * x, 5 * y)
    const py = y + 0.012 * wobble(5 * x + 40, 5 * y + 40)
    // The scale in front is the lowest whose circle holds the point.
    for (let row = rows - 3; row >= -2; row--) {
      const centreY = row * radius * 0.5
      if (py > centreY + 0.001) continue
      const shift = row % 2 === 0 ? 0 : radius
      const column = Math.round((px - shift) / (2 * radius))
      const centreX = column * 2 * radius + shift
      const away = Math.hypot(px - centreX, py - centreY) / radius
      if (away > 1) continue
      const ink = inkOf[(row + 2) * (SCALES_ACROSS + 4) + (column & 7)]
      const ring = away * RINGS
      const edge = Math.abs(ring - Math.round(ring))
      const line = 1 - smoothStep(0.1, 0.2, edge + 0.05 * grain(30 * x, 30 * y))
      const filled = Math.floor(ring + 0.5) % 2 === 0 ? 0.88 : 0.25
      const fade = 0.25 * grain(9 * x, 9 * y) + 0.12 * grain(60 * x, 60 * y)
      const body = blend(PAPER, shade(ink, 0.12 * (1 - away)), filled - fade)
      return blend(body, line > 0.5 && away > 0.9 ? INKS[0] : PAPER, 0.9 * line)
    }
    return PAPER
  })
  return canvas.toImage(2)
}
