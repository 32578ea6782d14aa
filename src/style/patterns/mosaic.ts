import { createSeededRandom } from '../../evaluation/statistics/random.js'
import type { Image } from '../../frame/image.js'
import { blend, colour, createCanvas, shade, smoothStep, type Colour } from './canvas.js'
import { createNoise, layered } from './noise.js'

const LEAD = colour(0x17141a)
const GLASS = [
  0xc8202f, 0xe8572a, 0xf2a51e, 0xf7d64a, 0x2f8f4e, 0x15706d, 0x1f5fae, 0x2a2f86, 0x6c2c8c,
  0xe9e2c4, 0x59b5d9, 0xa3195b,
].map(colour)
const CELLS_ACROSS = 11

interface Pane {
  readonly x: number
  readonly y: number
  readonly glass: Colour
  readonly light: number
}

/** A stained-glass window: panes of uneven glass in a Voronoi mesh of lead. */
export function paintMosaic(sidePixels: number, seed: number): Image {
  const canvas = createCanvas(2 * sidePixels)
  const random = createSeededRandom(seed)
  const bend = layered(createNoise(seed + 1), 2)
  const flow = layered(createNoise(seed + 2), 3)
  const streak = layered(createNoise(seed + 3), 4)
  const columns = CELLS_ACROSS + 4
  const panes = Array.from({ length: columns * columns }, (_, i): Pane => {
    const x = ((i % columns) - 2 + 0.1 + 0.8 * random()) / CELLS_ACROSS
    const y = (Math.floor(i / columns) - 2 + 0.1 + 0.8 * random()) / CELLS_ACROSS
    // Neighbours lean to like colours, so that areas of one temper form.
    const mood = 0.5 + 0.5 * flow(2.2 * x, 2.2 * y)
    const pick = Math.floor((mood * 0.75 + random() * 0.4) * GLASS.length) % GLASS.length
    return { x, y, glass: GLASS[pick], light: random() }
  })
  canvas.fill((x, y) => {
    const px = x + 0.015 * bend(6 * x, 6 * y)
    const py = y + 0.015 * bend(6 * x + 31, 6 * y + 31)
    const column = Math.floor(px * CELLS_ACROSS) + 2
    const row = Math.floor(py * CELLS_ACROSS) + 2
    let nearest = Infinity
    let second = Infinity
    let pane = panes[0]
    for (let v = -2; v <= 2; v++) {
      for (let u = -2; u <= 2; u++) {
        const at = (row + v) * columns + column + u
        if (column + u < 0 || column + u >= columns || at < 0 || at >= panes.length) continue
        const away = Math.hypot(panes[at].x - px, panes[at].y - py) * CELLS_ACROSS
        if (away < nearest) {
          second = nearest
          nearest = away
          pane = panes[at]
        } else if (away < second) second = away
      }
    }
    const toLead = second - nearest
    const swirl = streak(8 * x + 2 * streak(3 * x, 3 * y), 14 * y)
    const glow = 0.35 * (1 - smoothStep(0, 0.7, nearest)) + 0.25 * (pane.light - 0.5) + 0.28 * swirl
    const glass = shade(pane.glass, Math.max(-0.6, Math.min(0.6, glow)))
    const rim = blend(glass, shade(pane.glass, -0.45), 1 - smoothStep(0.08, 0.24, toLead))
    const lead = 1 - smoothStep(0.045, 0.075, toLead)
    const shine = 0.25 * smoothStep(0.02, 0, Math.abs(toLead - 0.02))
    return blend(rim, shade(LEAD, shine), lead)
  })
  return canvas.toImage(2)
}
