import type { Box, Image } from '../frame/image.js'

/** A part of a frame in gray, shrunk. */
export interface GrayRegion {
  readonly width: number
  readonly height: number
  readonly pixels: Float32Array
  /** Frame pixels a pixel of the region. */
  readonly scale: number
  /** Frame place of the region's pixel (0, 0). */
  readonly left: number
  readonly top: number
}

/**
 * Draws the part of a box that lies in the frame, in gray, each pixel the mean of the few frame
 * pixels under it.
 * @param side pixels that the whole box would have across
 * @returns `undefined` when less than 8 pixels are left
 */
export function toGrayRegion(image: Image, box: Box, side: number): GrayRegion | undefined {
  const scale = Math.max(1, box.width / side)
  const left = Math.max(0, box.x)
  const top = Math.max(0, box.y)
  const width = Math.floor((Math.min(image.width, box.x + box.width) - left) / scale)
  const height = Math.floor((Math.min(image.height, box.y + box.height) - top) / scale)
  if (!(width >= 8 && height >= 8)) return undefined
  const pixels = new Float32Array(width * height)
  const { data } = image
  const taps = Math.min(4, Math.ceil(scale))
  const places = (count: number, start: number, size: number) =>
    Int32Array.from({ length: count * taps }, (_, i) =>
      Math.min(
        size - 1,
        Math.floor(start + (Math.floor(i / taps) + ((i % taps) + 0.5) / taps) * scale),
      ),
    )
  const columns = places(width, left, image.width).map((column) => column * 3)
  const rows = places(height, top, image.height).map((row) => row * image.width * 3)
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      let sum = 0
      for (let v = y * taps, below = v + taps; v < below; v++) {
        for (let u = x * taps, right = u + taps; u < right; u++) {
          const from = rows[v] + columns[u]
          sum += data[from] + 2 * data[from + 1] + data[from + 2]
        }
      }
      pixels[i] = sum / (4 * taps * taps)
    }
  }
  return { width, height, pixels, scale, left, top }
}
