import type { Image } from './image.js'
import type { PlaneForm } from './pixel-kernels.js'

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

const formsByFormat = new WeakMap<PixelFormat, PlaneForm>()

/** How the kernels turn bytes into a format's floats; made once a format. */
export function planeFormOf(format: PixelFormat): PlaneForm {
  let form = formsByFormat.get(format)
  if (form === undefined) {
    form =
      format.colour === 'gray'
        ? { kind: 'gray', mean: format.mean[0], scale: 1 / format.divisor }
        : { kind: 'colour', first: format.colour === 'rgb' ? 0 : 2, floats: floatsOf(format) }
    formsByFormat.set(format, form)
  }
  return form
}

/** What each byte becomes, 256 values a plane. */
function floatsOf({ mean, divisor }: PixelFormat): Float32Array {
  const scale = 1 / divisor
  return Float32Array.from(
    { length: 256 * mean.length },
    (_, i) => ((i & 255) - mean[i >> 8]) * scale,
  )
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
  const form = planeFormOf(format)
  if (form.kind === 'gray') {
    const { mean, scale } = form
    for (let i = 0, from = 0; i < area; i++, from += 3) {
      const luma = LUMA_RED * data[from] + LUMA_GREEN * data[from + 1] + LUMA_BLUE * data[from + 2]
      planes[i] = (luma - mean) * scale
    }
    return planes
  }
  const { first, floats } = form
  const third = 2 - first
  for (let i = 0, from = 0; i < area; i++, from += 3) {
    planes[i] = floats[data[from + first]]
    planes[area + i] = floats[256 + data[from + 1]]
    planes[2 * area + i] = floats[512 + data[from + third]]
  }
  return planes
}
