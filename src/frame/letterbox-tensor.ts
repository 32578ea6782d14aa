import type { Image } from './image.js'
import { shrinkToPlanes } from './pixel-kernels.js'
import { letterbox, shrinkPlainly } from './resize.js'
import { planeFormOf, toPlanarTensor, type PixelFormat } from './tensor.js'

/**
 * {@link letterbox} and {@link toPlanarTensor} in one pass, without pictures in between, where the
 * picture shrinks by a whole number: the same numbers in the same places.
 * @param planes is written: three planes of `width` × `height`
 * @returns picture pixels per canvas pixel
 */
export function letterboxTensor(
  image: Image,
  width: number,
  height: number,
  format: PixelFormat,
  planes: Float32Array,
): number {
  const factor = image.width / width
  const fittedHeight = image.height / factor
  const isWhole = Number.isInteger(factor) && factor >= 2 && Number.isInteger(fittedHeight)
  const form = planeFormOf(format)
  if (!isWhole || fittedHeight > height || form.kind === 'gray') {
    const boxed = letterbox(image, width, height)
    toPlanarTensor(boxed.image, format, planes)
    return boxed.scale
  }
  const area = width * height
  const { first, floats } = form
  if (!shrinkToPlanes(image, width, fittedHeight, factor, form, planes, area)) {
    const whole = { left: 0, top: 0, width: image.width, height: image.height }
    const { data } = shrinkPlainly(image, whole, factor)
    for (let i = 0, from = 0; i < width * fittedHeight; i++, from += 3) {
      planes[i] = floats[data[from + first]]
      planes[area + i] = floats[256 + data[from + 1]]
      planes[2 * area + i] = floats[512 + data[from + 2 - first]]
    }
  }
  for (let plane = 0; plane < 3; plane++) {
    planes.fill(floats[256 * plane], plane * area + width * fittedHeight, (plane + 1) * area)
  }
  return factor
}
