import { createImage, type Image } from '../../frame/image.js'

/** A colour in sRGB, 0..1 a channel. */
export type Colour = readonly [red: number, green: number, blue: number]

/** A colour from its usual notation, such as `0x1b3a6b`. */
export function colour(hex: number): Colour {
  return [((hex >> 16) & 255) / 255, ((hex >> 8) & 255) / 255, (hex & 255) / 255]
}

/** The colour a share of the way from one to another. */
export function blend(from: Colour, to: Colour, share: number): Colour {
  const part = Math.min(1, Math.max(0, share))
  return [
    from[0] + (to[0] - from[0]) * part,
    from[1] + (to[1] - from[1]) * part,
    from[2] + (to[2] - from[2]) * part,
  ]
}

/** A colour made lighter (above 0) or darker (below 0). */
export function shade(of: Colour, amount: number): Colour {
  return amount > 0 ? blend(of, [1, 1, 1], amount) : blend(of, [0, 0, 0], -amount)
}

/** 0 below `from`, 1 above `to`, smooth between. */
export function smoothStep(from: number, to: number, value: number): number {
  const t = Math.min(1, Math.max(0, (value - from) / (to - from)))
  return t * t * (3 - 2 * t)
}

/** A square picture under work; positions are in 0..1 of its side. */
export interface Canvas {
  readonly side: number
  /** Colours every pixel by its position. */
  fill(paint: (x: number, y: number) => Colour): void
  /** Lays a colour over the pixel that holds a position, as far as it covers. */
  cover(x: number, y: number, paint: Colour, opacity: number): void
  /** The picture, shrunk by a whole factor so that edges are smooth. */
  toImage(shrinkBy: number): Image
}

/** A white {@link Canvas}. */
export function createCanvas(side: number): Canvas {
  const pixels = new Float32Array(3 * side * side).fill(1)
  return {
    side,
    fill(paint) {
      for (let y = 0; y < side; y++) {
        for (let x = 0; x < side; x++) {
          pixels.set(paint((x + 0.5) / side, (y + 0.5) / side), 3 * (y * side + x))
        }
      }
    },
    cover(x, y, paint, opacity) {
      const column = Math.floor(x * side)
      const row = Math.floor(y * side)
      if (column < 0 || row < 0 || column >= side || row >= side) return
      const at = 3 * (row * side + column)
      for (let c = 0; c < 3; c++) pixels[at + c] += (paint[c] - pixels[at + c]) * opacity
    },
    toImage(shrinkBy) {
      const size = Math.floor(side / shrinkBy)
      const bytes = new Uint8Array(3 * size * size)
      for (let y = 0; y < size; y++) {
        for (let x = 0; x < size; x++) {
          for (let c = 0; c < 3; c++) {
            let sum = 0
            for (let v = 0; v < shrinkBy; v++) {
              for (let u = 0; u < shrinkBy; u++) {
                sum += pixels[3 * ((y * shrinkBy + v) * side + x * shrinkBy + u) + c]
              }
            }
            const mean = sum / (shrinkBy * shrinkBy)
            bytes[3 * (y * size + x) + c] = Math.round(255 * Math.min(1, Math.max(0, mean)))
          }
        }
      }
      return createImage(size, size, bytes)
    },
  }
}
