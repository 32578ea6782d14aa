import type { Image } from './image.js'
import { shrinkPixels, type Part } from './pixel-kernels.js'

/** For each output position the source positions it draws from, and how much of each. */
interface Taps {
  readonly perOutput: number
  readonly indices: Int32Array
  readonly weights: Float32Array
}

/** Triangle filter, widened when the picture shrinks so that no source pixel is skipped. */
function triangleTaps(sourceSize: number, outputSize: number): Taps {
  const scale = sourceSize / outputSize
  const support = Math.max(1, scale)
  const perOutput = Math.ceil(support) * 2 + 1
  const indices = new Int32Array(outputSize * perOutput)
  const weights = new Float32Array(outputSize * perOutput)
  for (let out = 0; out < outputSize; out++) {
    const centre = (out + 0.5) * scale - 0.5
    const first = Math.ceil(centre - support)
    let total = 0
    for (let tap = 0; tap < perOutput; tap++) {
      const position = first + tap
      const weight = Math.max(0, 1 - Math.abs(position - centre) / support)
      indices[out * perOutput + tap] = Math.min(sourceSize - 1, Math.max(0, position))
      weights[out * perOutput + tap] = weight
      total += weight
    }
    for (let tap = 0; tap < perOutput; tap++) weights[out * perOutput + tap] /= total
  }
  return { perOutput, indices, weights }
}

/**
 * Exact box average: every block of `factor` × `factor` pixels of a part becomes one pixel.
 * @param part lies inside the picture; what is left over at its right and bottom is dropped
 */
export function shrinkByWhole(image: Image, part: Part, factor: number): Image {
  const width = Math.floor(part.width / factor)
  const height = Math.floor(part.height / factor)
  const data = shrinkPixels(image, part, width, height, factor)
  return data === undefined ? shrinkPlainly(image, part, factor) : { width, height, data }
}

/** {@link shrinkByWhole} without the kernels, which give the same. */
export function shrinkPlainly(image: Image, part: Part, factor: number): Image {
  const { data: source } = image
  const width = Math.floor(part.width / factor)
  const height = Math.floor(part.height / factor)
  const output = new Uint8Array(width * height * 3)
  const stride = image.width * 3
  const area = factor * factor
  const half = area >> 1
  let at = 0
  for (let y = 0; y < height; y++) {
    let block = (part.top + y * factor) * stride + part.left * 3
    for (let x = 0; x < width; x++, block += factor * 3) {
      let red = half
      let green = half
      let blue = half
      for (let v = 0, row = block; v < factor; v++, row += stride) {
        for (let from = row, end = row + factor * 3; from < end; from += 3) {
          red += source[from]
          green += source[from + 1]
          blue += source[from + 2]
        }
      }
      output[at++] = Math.floor(red / area)
      output[at++] = Math.floor(green / area)
      output[at++] = Math.floor(blue / area)
    }
  }
  return { width, height, data: output }
}

/** Scales a picture to a size of its own aspect or another; bilinear, area-weighted when shrinking. */
export function resizeImage(image: Image, width: number, height: number): Image {
  if (width === image.width && height === image.height) return image
  const factor = image.width / width
  if (Number.isInteger(factor) && image.height === height * factor) {
    return shrinkByWhole(
      image,
      { left: 0, top: 0, width: image.width, height: image.height },
      factor,
    )
  }
  const across = triangleTaps(image.width, width)
  const down = triangleTaps(image.height, height)
  const rows = new Float32Array(image.height * width * 3)
  for (let y = 0; y < image.height; y++) {
    const rowStart = y * image.width * 3
    for (let x = 0; x < width; x++) {
      let red = 0
      let green = 0
      let blue = 0
      for (let tap = 0; tap < across.perOutput; tap++) {
        const weight = across.weights[x * across.perOutput + tap]
        const from = rowStart + across.indices[x * across.perOutput + tap] * 3
        red += weight * image.data[from]
        green += weight * image.data[from + 1]
        blue += weight * image.data[from + 2]
      }
      const to = (y * width + x) * 3
      rows[to] = red
      rows[to + 1] = green
      rows[to + 2] = blue
    }
  }
  const output = new Uint8Array(width * height * 3)
  const stride = width * 3
  const sums = new Float32Array(stride)
  for (let y = 0; y < height; y++) {
    sums.fill(0.5)
    for (let tap = 0; tap < down.perOutput; tap++) {
      const weight = down.weights[y * down.perOutput + tap]
      if (weight === 0) continue
      const from = down.indices[y * down.perOutput + tap] * stride
      for (let i = 0; i < stride; i++) sums[i] += weight * rows[from + i]
    }
    output.set(sums, y * stride)
  }
  return { width, height, data: output }
}

/** A picture fitted into a larger canvas, and how to come back from canvas to picture pixels. */
export interface Letterboxed {
  readonly image: Image
  /** Picture pixels per canvas pixel. */
  readonly scale: number
}

/** Fits a picture into `width` × `height`, kept in proportion, anchored top-left, the rest black. */
export function letterbox(image: Image, width: number, height: number): Letterboxed {
  const scale = Math.max(image.width / width, image.height / height)
  const fittedWidth = Math.max(1, Math.min(width, Math.round(image.width / scale)))
  const fittedHeight = Math.max(1, Math.min(height, Math.round(image.height / scale)))
  const fitted = resizeImage(image, fittedWidth, fittedHeight)
  if (fittedWidth === width && fittedHeight === height) return { image: fitted, scale }
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < fittedHeight; y++) {
    const row = fitted.data.subarray(y * fittedWidth * 3, (y + 1) * fittedWidth * 3)
    data.set(row, y * width * 3)
  }
  return { image: { width, height, data }, scale }
}

/** The picture, made smaller where its longer side is over `sidePixels`. */
export function shrinkImage(image: Image, sidePixels: number): Image {
  const scale = sidePixels / Math.max(image.width, image.height)
  if (scale >= 1) return image
  const scaled = (length: number) => Math.max(1, Math.round(length * scale))
  return resizeImage(image, scaled(image.width), scaled(image.height))
}
