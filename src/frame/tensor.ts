import type { Image } from './image.js'

/** How a net wants its pixels: channel order, and value = (byte − mean) / divisor. */
export interface PixelFormat {
  readonly colour: 'rgb' | 'bgr' | 'gray'
  /** One number a channel, in `colour`'s order. */
  readonly mean: readonly number[]
  readonly divisor: number
}

/** ITU-R BT.601 luma weights, as OpenCV's gray conversion. */
const LUMA_RED = 0.299
const LUMA_GREEN = 0.587
const LUMA_BLUE = 0.114

const floatsByFormat = new WeakMap<PixelFormat, Float32Array>()

/** What each byte becomes, 256 values a plane; made once a format. */
export function floatsOf(format: PixelFormat): Float32Array {
  let floats = floatsByFormat.get(format)
  if (floats === undefined) {
    const scale = 1 / format.divisor
    const values = format.mean.map((mean) =>
      Float32Array.from({ length: 256 }, (_, byte) => (byte - mean) * scale),
    )
    floats = new Float32Array(256 * values.length)
    for (const [plane, ofPlane] of values.entries()) floats.set(ofPlane, 256 * plane)
    floatsByFormat.set(format, floats)
  }
  return floats
}

/**
 * Planar floats of a picture in a net's own format.
 * @param planes is written, where one of the right length is at hand
 * @returns length = channels · height · width, channel-major (NCHW with N = 1)
 */
export function toPlanarTensor(
  image: Image,
  format: PixelFormat,
  planes: Float32Array = new Float32Array(image.width * image.height * format.mean.length),
): Float32Array {
  const { data } = image
  const area = image.width * image.height
  const { mean } = format
  const scale = 1 / format.divisor
  if (format.colour === 'gray') {
    for (let i = 0, from = 0; i < area; i++, from += 3) {
      const luma = LUMA_RED * data[from] + LUMA_GREEN * data[from + 1] + LUMA_BLUE * data[from + 2]
      planes[i] = (luma - mean[0]) * scale
    }
    return planes
  }
  const first = format.colour === 'rgb' ? 0 : 2
  const third = 2 - first
  const floats = floatsOf(format)
  for (let i = 0, from = 0; i < area; i++, from += 3) {
    planes[i] = floats[data[from + first]]
    planes[area + i] = floats[256 + data[from + 1]]
    planes[2 * area + i] = floats[512 + data[from + third]]
  }
  return planes
}
