import { createSeededRandom } from '../../evaluation/statistics/random.js'
import type { Image } from '../../frame/image.js'
import { drawStroke } from './brush.js'
import { blend, colour, createCanvas, shade } from './canvas.js'
import { createNoise, layered } from './noise.js'

const PAPER = colour(0xf1eadb)
const INK = colour(0x15161a)
const SEAL = colour(0xb3261e)
const WASHES = 26
const BOLD = 34
const FINE = 150

/** Sumi-e: washes of thinned ink that bleed into paper, bold strokes that run dry, and fine lines. */
export function paintInk(sidePixels: number, seed: number): Image {
  const canvas = createCanvas(sidePixels)
  const random = createSeededRandom(seed)
  const fibre = layered(createNoise(seed + 1), 4)
  const flow = layered(createNoise(seed + 2), 2)
  const texture = createNoise(seed + 3)
  const bleed = layered(createNoise(seed + 4), 4)
  const pools = Array.from({ length: WASHES }, () => ({
    x: random(),
    y: random(),
    reach: 0.05 + 0.14 * random(),
    depth: 0.15 + 0.5 * random(),
  }))
  canvas.fill((x, y) => {
    const paper = shade(PAPER, 0.05 * fibre(14 * x, 70 * y) + 0.03 * fibre(90 * x, 20 * y))
    let water = 0
    for (const { x: px, y: py, reach, depth } of pools) {
      const away = Math.hypot(x - px, 1.5 * (y - py)) / reach + 0.55 * bleed(9 * x, 9 * y)
      if (away > 1) continue
      // Ink gathers where a wash dries last: at its rim.
      const rim = Math.exp(-(((1 - away) / 0.07) ** 2))
      water = Math.max(water, depth * (0.35 + 0.4 * (1 - away) + 0.5 * rim))
    }
    return blend(paper, INK, water * (0.85 + 0.25 * bleed(30 * x, 30 * y)))
  })
  const angleAt = (x: number, y: number) => 2.6 * flow(1.7 * x, 1.7 * y) + 0.9 * flow(5 * x, 5 * y)
  const draw = (count: number, length: number, width: number, dryness: number) => {
    for (let i = 0; i < count; i++) {
      const sealed = random() < 0.04
      drawStroke(
        canvas,
        {
          x: random(),
          y: random(),
          length: length * (0.5 + random()),
          width: width * (0.4 + 1.1 * random()),
          paint: sealed ? SEAL : INK,
          opacity: 0.55 + 0.45 * random(),
          bristles: 0.9,
          relief: 0.12,
          dryness: dryness * random(),
        },
        angleAt,
        texture,
      )
    }
  }
  draw(BOLD, 0.32, 0.035, 1.3)
  draw(FINE, 0.14, 0.006, 0.6)
  return canvas.toImage(1)
}
