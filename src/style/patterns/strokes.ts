import { createSeededRandom } from '../../evaluation/statistics/random.js'
import type { Image } from '../../frame/image.js'
import { drawStroke } from './brush.js'
import { blend, colour, createCanvas, shade } from './canvas.js'
import { createNoise, layered } from './noise.js'

const NIGHT = [0x0b1f4b, 0x14397d, 0x1f5aa6, 0x3f86c6, 0x86b9d6, 0xcfe0da].map(colour)
const LIGHT = [0xf6d34f, 0xf0a92c, 0xfbeeb0, 0xd9772a].map(colour)
const EARTH = [0x16352f, 0x2d5a45, 0x5f8a57].map(colour)
const EDDIES = 7

/** Coats of paint, broad brush first. */
const COATS = [
  { count: 420, length: 0.26, width: 0.06 },
  { count: 1100, length: 0.16, width: 0.03 },
  { count: 2600, length: 0.09, width: 0.016 },
]

/** Thick oil paint in short strokes that turn about lights in a night sky. */
export function paintStrokes(sidePixels: number, seed: number): Image {
  const canvas = createCanvas(sidePixels)
  const random = createSeededRandom(seed)
  const drift = layered(createNoise(seed + 1), 2)
  const mood = layered(createNoise(seed + 2), 3)
  const texture = createNoise(seed + 3)
  const eddies = Array.from({ length: EDDIES }, () => ({
    x: random(),
    y: random(),
    reach: 0.09 + 0.1 * random(),
    turn: random() < 0.5 ? 1 : -1,
  }))
  const lightAt = (x: number, y: number) =>
    eddies.reduce((most, { x: ex, y: ey, reach }) => {
      const away = Math.hypot(x - ex, y - ey) / reach
      return Math.max(most, Math.exp(-away * away * 1.6))
    }, 0)
  const angleAt = (x: number, y: number) => {
    let dx = 0.6
    let dy = 0.5 * drift(2.5 * x, 2.5 * y)
    for (const { x: ex, y: ey, reach, turn } of eddies) {
      const away = Math.hypot(x - ex, y - ey) / reach
      const pull = (2.2 * turn * Math.exp(-away * 0.9)) / Math.max(away * reach, 0.01)
      dx += -pull * (y - ey)
      dy += pull * (x - ex)
    }
    return Math.atan2(dy, dx)
  }
  canvas.fill((x, y) => shade(NIGHT[1], 0.2 * mood(6 * x, 6 * y)))
  for (const { count, length, width } of COATS) {
    for (let i = 0; i < count; i++) {
      const x = 1.1 * random() - 0.05
      const y = 1.1 * random() - 0.05
      const light = lightAt(x, y)
      const tone = 0.5 + 0.55 * mood(3 * x, 3 * y) + 0.35 * (random() - 0.5)
      const dark = NIGHT[Math.max(0, Math.min(NIGHT.length - 1, Math.floor(tone * NIGHT.length)))]
      const ground =
        mood(2 * x + 50, 2 * y) > 0.55 ? EARTH[Math.floor(random() * EARTH.length)] : dark
      const bright = LIGHT[Math.floor(random() * LIGHT.length)]
      const paint =
        light + 0.3 * (random() - 0.5) > 0.5 ? bright : blend(ground, bright, 0.25 * light)
      drawStroke(
        canvas,
        {
          x,
          y,
          length: length * (0.6 + 0.8 * random()),
          width: width * (0.7 + 0.6 * random()),
          paint,
          opacity: 0.92,
          bristles: 0.55,
          relief: 0.5,
          dryness: 0.25,
        },
        angleAt,
        texture,
      )
    }
  }
  return canvas.toImage(1)
}
