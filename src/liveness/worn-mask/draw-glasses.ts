import { between, type Random } from '../../evaluation/statistics/random.js'
import type { Image } from '../../frame/image.js'

/** Where a temple goes behind the ear, from the middle, in distances of the eyes. */
const TEMPLE_ENDS = 1

type Colour = readonly [number, number, number]

function colourBetween(from: number, to: number, random: Random): Colour {
  return [between(from, to, random), between(from, to, random), between(from, to, random)]
}

/** Black plastic, bright metal, or any colour. */
function rimColour(random: Random): Colour {
  const kind = random()
  if (kind < 0.4) return colourBetween(10, 90, random)
  const grey = between(110, 255, random)
  return kind < 0.8 ? [grey, grey, grey] : colourBetween(20, 240, random)
}

/**
 * Glasses before both eyes: round to square, thick to rimless, dark or shining, with lenses that tint
 * and mirror. A bright thin rim is what a hole cut into paper looks like most.
 * @param places of the five points in the picture
 */
export function wearGlasses(face: Image, places: readonly number[], random: Random): Image {
  const [rightX, rightY, leftX, leftY] = places
  const apart = Math.hypot(leftX - rightX, leftY - rightY)
  const [cos, sin] = [(leftX - rightX) / apart, (leftY - rightY) / apart]
  const [middleX, middleY] = [(rightX + leftX) / 2, (rightY + leftY) / 2]
  const [radiusX, radiusY] = [between(0.3, 0.47, random), between(0.17, 0.36, random)]
  const drop = between(-0.02, 0.1, random)
  const squareness = between(2, 6, random)
  const kind = random()
  const rim = {
    // In pixels, but never thinner than what remains of a rim in a small picture.
    half: Math.max(0.5, (between(0.012, 0.075, random) * apart) / 2),
    isUpper: kind < 0.2,
    isMissing: kind > 0.92,
    colour: rimColour(random),
    shine: between(0, 0.9, random),
    shineAt: between(0, 2 * Math.PI, random),
  }
  const tint = random() < 0.15 ? between(0.1, 0.4, random) : between(0.8, 1.05, random)
  const mirror = {
    light: random() < 0.5 ? colourBetween(0, 220, random) : ([0, 0, 0] as const),
    across: between(-0.3, 0.3, random),
    down: between(-0.2, 0.2, random),
    radius: between(0.05, 0.3, random),
  }
  const data = new Uint8Array(face.data)
  for (let y = 0, at = 0; y < face.height; y++) {
    for (let x = 0; x < face.width; x++, at += 3) {
      const along = ((x - middleX) * cos + (y - middleY) * sin) / apart
      const down = ((y - middleY) * cos - (x - middleX) * sin) / apart - drop
      const eye = along < 0 ? -0.5 : 0.5
      const dx = along - eye
      const far =
        ((Math.abs(dx) / radiusX) ** squareness + (Math.abs(down) / radiusY) ** squareness) **
        (1 / squareness)
      const gain = far < 1 ? tint : 1
      const glint =
        far < 1
          ? Math.max(0, 1 - Math.hypot(dx - mirror.across, down - mirror.down) / mirror.radius)
          : 0
      const offRim = far === 0 ? Infinity : (Math.abs(far - 1) * Math.hypot(dx, down) * apart) / far
      const isHalf = rim.isMissing || (rim.isUpper && down > 0)
      const offBridge =
        Math.abs(along) < 0.5 - radiusX ? Math.abs(down + 0.1 * radiusY) * apart : Infinity
      const isTemple = Math.abs(along) > 0.5 + radiusX && Math.abs(along) < TEMPLE_ENDS
      const offTemple = isTemple ? Math.abs(down + 0.4 * radiusY) * apart : Infinity
      const off = Math.min(isHalf ? Infinity : offRim, offBridge, offTemple)
      const cover = Math.min(1, Math.max(0, rim.half - off + 0.5))
      const lit = 1 + rim.shine * Math.cos(Math.atan2(down, dx) - rim.shineAt)
      for (let c = 0; c < 3; c++) {
        const seen = data[at + c] * gain + mirror.light[c] * glint
        const value = seen + cover * (rim.colour[c] * lit - seen)
        data[at + c] = Math.min(255, Math.max(0, value))
      }
    }
  }
  return { width: face.width, height: face.height, data }
}
