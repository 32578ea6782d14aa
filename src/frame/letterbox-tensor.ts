import type { Image } from './image.js'
import { letterbox } from './resize.js'
import { toPlanarTensor, type PixelFormat } from './tensor.js'

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
  if (!isWhole || fittedHeight > height || format.colour === 'gray') {
    const boxed = letterbox(image, width, height)
    planes.set(toPlanarTensor(boxed.image, format))
    return boxed.scale
  }
  const area = width * height
  const [mean0, mean1, mean2] = format.mean
  const scale = 1 / format.divisor
  const first = format.colour === 'rgb' ? 0 : 2
  const { data } = image
  const stride = image.width * 3
  const blockArea = factor * factor
  const half = blockArea >> 1
  let at = 0
  for (let y = 0; y < fittedHeight; y++) {
    let block = y * factor * stride
    const end = at + width
    if (factor === 2) {
      let one = block + first
      let two = block + 1
      let three = block + 2 - first
      for (; at < end; at++, one += 6, two += 6, three += 6) {
        const a = data[one] + data[one + 3] + data[one + stride] + data[one + stride + 3]
        const b = data[two] + data[two + 3] + data[two + stride] + data[two + stride + 3]
        const c = data[three] + data[three + 3] + data[three + stride] + data[three + stride + 3]
        planes[at] = (((a + 2) >> 2) - mean0) * scale
        planes[area + at] = (((b + 2) >> 2) - mean1) * scale
        planes[2 * area + at] = (((c + 2) >> 2) - mean2) * scale
      }
      continue
    }
    for (; at < end; at++, block += factor * 3) {
      let a = half
      let b = half
      let c = half
      for (let v = 0, row = block; v < factor; v++, row += stride) {
        for (let from = row, rowEnd = row + factor * 3; from < rowEnd; from += 3) {
          a = (a + data[from + first]) | 0
          b = (b + data[from + 1]) | 0
          c = (c + data[from + 2 - first]) | 0
        }
      }
      planes[at] = (((a / blockArea) | 0) - mean0) * scale
      planes[area + at] = (((b / blockArea) | 0) - mean1) * scale
      planes[2 * area + at] = (((c / blockArea) | 0) - mean2) * scale
    }
  }
  planes.fill(-mean0 * scale, at, area)
  planes.fill(-mean1 * scale, area + at, 2 * area)
  planes.fill(-mean2 * scale, 2 * area + at, 3 * area)
  return factor
}
