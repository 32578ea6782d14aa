import type { Box, Image } from '../frame/image.js'
import { grayMeans } from '../frame/pixel-kernels.js'

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
  const taps = Math.min(4, Math.ceil(scale))
  const places = (count: number, start: number, size: number) => {
    const found = new Int32Array(count * taps)
    for (let pixel = 0, i = 0; pixel < count; pixel++) {
      for (let tap = 0; tap < taps; tap++, i++) {
        const place = start + (pixel + (tap + 0.5) / taps) * scale
        found[i] = Math.min(size - 1, Math.floor(place))
      }
    }
    return found
  }
  const columns = places(width, left, image.width)
  const rows = places(height, top, image.height)
  if (!grayMeans(image, columns, rows, taps, pixels)) {
    meanPlainly(image, columns, rows, taps, pixels)
  }
  return { width, height, pixels, scale, left, top }
}

/** {@link grayMeans} without the kernels, which give the same. */
export function meanPlainly(
  { data, width: imageWidth }: Image,
  columns: Int32Array,
  rows: Int32Array,
  taps: number,
  pixels: Float32Array,
): void {
  const width = columns.length / taps
  for (let i = 0; i < pixels.length; i++) {
    const firstRow = Math.floor(i / width) * taps
    const firstColumn = (i % width) * taps
    let sum = 0
    for (let v = firstRow; v < firstRow + taps; v++) {
      for (let u = firstColumn; u < firstColumn + taps; u++) {
        const from = (rows[v] * imageWidth + columns[u]) * 3
        sum += data[from] + 2 * data[from + 1] + data[from + 2]
      }
    }
    pixels[i] = sum / (4 * taps * taps)
  }
}
