import type { Box, Image } from './image.js'
import { drawPixels, drawPlanes, type Drawing, type Part } from './pixel-kernels.js'
import { shrinkPlainly } from './resize.js'
import type { Similarity } from './similarity.js'
import { planeFormOf, toPlanarTensor, type PixelFormat } from './tensor.js'

/** Samples taken per output pixel and axis when the picture shrinks, at most. */
const MAX_SAMPLES_PER_AXIS = 8

/** The part of a picture that an output looks at, to be shrunk by a whole factor. */
function partUnder(image: Image, toSource: Similarity, width: number, height: number): Part {
  const { a, b, tx, ty } = toSource
  const factor = Math.floor(Math.hypot(a, b))
  const cornersX = [0, a * width, -b * height, a * width - b * height].map((x) => x + tx)
  const cornersY = [0, b * width, a * height, b * width + a * height].map((y) => y + ty)
  const begin = (values: number[], size: number) =>
    Math.max(0, Math.min(size - factor, Math.floor(Math.min(...values)) - 2 * factor))
  const end = (values: number[], size: number) =>
    Math.max(factor, Math.min(size, Math.ceil(Math.max(...values)) + 2 * factor))
  const left = begin(cornersX, image.width)
  const top = begin(cornersY, image.height)
  return {
    left,
    top,
    width: end(cornersX, image.width) - left,
    height: end(cornersY, image.height) - top,
  }
}

/** How an output of that size is drawn of a picture, so that what shrinks is averaged. */
function drawingOf(image: Image, toSource: Similarity, width: number, height: number): Drawing {
  const scale = Math.hypot(toSource.a, toSource.b)
  // Whole blocks are averaged first, which costs one pass, so that few samples a pixel are left to take.
  if (scale >= 2 && image.width >= 2 * scale && image.height >= 2 * scale) {
    const part = partUnder(image, toSource, width, height)
    const factor = Math.floor(scale)
    const middle = (factor - 1) / 2
    const toPart = {
      a: toSource.a / factor,
      b: toSource.b / factor,
      tx: (toSource.tx - part.left - middle) / factor,
      ty: (toSource.ty - part.top - middle) / factor,
    }
    const samples = Math.round(scale / factor)
    return { width, height, samples, toSource: toPart, shrunk: { part, factor } }
  }
  const samples = Math.min(MAX_SAMPLES_PER_AXIS, Math.max(1, Math.ceil(scale - 0.001)))
  return { width, height, samples, toSource }
}

/**
 * Draws `image` through a similarity: output pixel (x, y) shows the source at `toSource(x, y)`.
 * Bilinear; where the picture shrinks, the average of a grid of bilinear samples (area average).
 * Outside the source its edge is repeated.
 * @param toSource maps output pixels to source pixels
 */
export function warpImage(
  image: Image,
  toSource: Similarity,
  width: number,
  height: number,
): Image {
  const drawing = drawingOf(image, toSource, width, height)
  const data = drawPixels(image, drawing)
  return data === undefined ? drawPlainly(image, drawing) : { width, height, data }
}

/** {@link warpImage} without the kernels, which give the same. */
export function drawPlainly(image: Image, drawing: Drawing): Image {
  const { width, height, samples, toSource, shrunk } = drawing
  const source = shrunk === undefined ? image : shrinkPlainly(image, shrunk.part, shrunk.factor)
  return samplePlainly(source, toSource, width, height, samples)
}

/** Bilinear, the mean of `samples` × `samples` readings an output pixel. */
function samplePlainly(
  image: Image,
  toSource: Similarity,
  width: number,
  height: number,
  samples: number,
): Image {
  const { data: source, width: sourceWidth, height: sourceHeight } = image
  const output = new Uint8Array(width * height * 3)
  const { a, b, tx, ty } = toSource
  const weight = 1 / (samples * samples)
  const maxX = sourceWidth - 1
  const maxY = sourceHeight - 1
  let at = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let red = 0
      let green = 0
      let blue = 0
      for (let v = 0; v < samples; v++) {
        const outY = y + (v + 0.5) / samples - 0.5
        for (let u = 0; u < samples; u++) {
          const outX = x + (u + 0.5) / samples - 0.5
          let sx = a * outX - b * outY + tx
          let sy = b * outX + a * outY + ty
          sx = sx < 0 ? 0 : sx > maxX ? maxX : sx
          sy = sy < 0 ? 0 : sy > maxY ? maxY : sy
          const x0 = sx | 0
          const y0 = sy | 0
          const fx = sx - x0
          const fy = sy - y0
          const topLeft = (y0 * sourceWidth + x0) * 3
          const right = x0 < maxX ? 3 : 0
          const down = y0 < maxY ? sourceWidth * 3 : 0
          const w11 = fx * fy
          const w10 = fx - w11
          const w01 = fy - w11
          const w00 = 1 - fx - w01
          red +=
            w00 * source[topLeft] +
            w10 * source[topLeft + right] +
            w01 * source[topLeft + down] +
            w11 * source[topLeft + right + down]
          green +=
            w00 * source[topLeft + 1] +
            w10 * source[topLeft + right + 1] +
            w01 * source[topLeft + down + 1] +
            w11 * source[topLeft + right + down + 1]
          blue +=
            w00 * source[topLeft + 2] +
            w10 * source[topLeft + right + 2] +
            w01 * source[topLeft + down + 2] +
            w11 * source[topLeft + right + down + 2]
        }
      }
      output[at++] = red * weight + 0.5
      output[at++] = green * weight + 0.5
      output[at++] = blue * weight + 0.5
    }
  }
  return { width, height, data: output }
}

/** Output pixels of a square region, `side` of them across, to the picture's. */
function toSquare(box: Box, side: number): Similarity {
  const scale = box.width / side
  return { a: scale, b: 0, tx: box.x + scale / 2 - 0.5, ty: box.y + scale / 2 - 0.5 }
}

/**
 * Cuts a square region out and scales it to `side` × `side` pixels.
 * @param box the region; its width is taken as the side of the square
 */
export function cropSquare(image: Image, box: Box, side: number): Image {
  return warpImage(image, toSquare(box, side), side, side)
}

/**
 * {@link cropSquare} and {@link toPlanarTensor}, without the picture in between: the same numbers.
 * @param planes is written, where one of the right length is at hand
 */
export function cropTensor(
  image: Image,
  box: Box,
  side: number,
  format: PixelFormat,
  planes: Float32Array = new Float32Array(side * side * format.mean.length),
): Float32Array {
  const drawing = drawingOf(image, toSquare(box, side), side, side)
  if (drawPlanes(image, drawing, planeFormOf(format), planes)) return planes
  return toPlanarTensor(drawPlainly(image, drawing), format, planes)
}
