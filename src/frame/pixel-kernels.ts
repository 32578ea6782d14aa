import type { Image } from './image.js'
import { floatsAt, kernels, placesFor, putRows, takeBytes, UNIT, wordsAt } from './kernel-memory.js'
import type { Similarity } from './similarity.js'

/*
 * Each of these gives the very bytes of a plain form, faster, or gives nothing where the plain form has
 * to do it: a picture too large, a place that is not finite.
 */

/** A part of a picture in pixels of the picture. */
export interface Part {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** Sums of a column must fit into 16 bits, and reciprocals stay exact. */
const MAX_FACTOR = 32

const canShrink = (factor: number, width: number, height: number) =>
  factor >= 2 && factor <= MAX_FACTOR && width >= 1 && height >= 1

const sumsLength = (outputWidth: number, factor: number) => 2 * (3 * outputWidth * factor + UNIT)

/** Box average of a part by a whole factor: bytes of RGB. */
export function shrinkPixels(
  image: Image,
  { left, top }: Part,
  width: number,
  height: number,
  factor: number,
): Uint8Array<ArrayBuffer> | undefined {
  if (!canShrink(factor, width, height)) return undefined
  const stride = image.width * 3
  const rows = height * factor
  const length = width * height * 3
  const places = placesFor(rows * stride, sumsLength(width, factor), length)
  if (places === undefined) return undefined
  const [source, sums, output] = places
  putRows(image, top, top + rows, source)
  kernels.shrink(source + left * 3, stride, width, height, factor, sums, output)
  return takeBytes(output, length)
}

/** How the bytes of pixels become the floats of planes. */
export type PlaneForm =
  | {
      readonly kind: 'colour'
      /** Offset of the first plane's channel in a pixel; the third's is 2 − first. */
      readonly first: 0 | 2
      /** 3 × 256: what each byte becomes, by plane. */
      readonly floats: Float32Array
    }
  | { readonly kind: 'gray'; readonly mean: number; readonly scale: number }

/**
 * Box average of a whole picture by a whole factor, channels in planes.
 * @param planes is written: three planes of `planeArea`, their first `width` × `height` values
 * @returns whether it was done
 */
export function shrinkToPlanes(
  image: Image,
  width: number,
  height: number,
  factor: number,
  { first, floats }: PlaneForm & { readonly kind: 'colour' },
  planes: Float32Array,
  planeArea: number,
): boolean {
  if (!canShrink(factor, width, height)) return false
  const stride = image.width * 3
  const rows = height * factor
  const places = placesFor(
    rows * stride,
    sumsLength(width, factor),
    3 * width,
    floats.byteLength,
    12 * planeArea,
  )
  if (places === undefined) return false
  const [source, sums, row, table, output] = places
  putRows(image, 0, rows, source)
  floatsAt(table, floats.length).set(floats)
  kernels.shrinkToPlanes(
    source,
    stride,
    width,
    height,
    factor,
    first,
    sums,
    row,
    table,
    output,
    planeArea,
  )
  for (let plane = 0; plane < 3; plane++) {
    const made = floatsAt(output + 4 * plane * planeArea, width * height)
    planes.set(made, plane * planeArea)
  }
  return true
}

/** An output drawn through a similarity, bilinear, `samples` × `samples` readings a pixel. */
export interface Drawing {
  readonly width: number
  readonly height: number
  readonly samples: number
  /** Output pixels to pixels of the picture, or of its shrunk part where there is one. */
  readonly toSource: Similarity
  /** Averaged by a whole factor before it is drawn. */
  readonly shrunk?: { readonly part: Part; readonly factor: number }
}

/** Rows of a picture that a drawing may look at. */
function rowsUnder({ toSource: { a, b, ty }, width, height }: Drawing, rows: number) {
  const [x0, x1, y0, y1] = [-0.5, width - 0.5, -0.5, height - 0.5]
  const places = [b * x0 + a * y0, b * x1 + a * y0, b * x0 + a * y1, b * x1 + a * y1]
  const inside = (row: number) => Math.min(rows, Math.max(0, row))
  const top = inside(Math.floor(Math.min(...places) + ty) - 1)
  const bottom = inside(Math.ceil(Math.max(...places) + ty) + 2)
  // What lies above or below repeats the first or last row.
  return { top: Math.min(top, rows - 1), bottom: Math.max(bottom, 1) }
}

/** A picture in the memory: where its row 0 begins, or would begin, and where else there is room. */
interface Placed {
  readonly source: number
  readonly width: number
  readonly height: number
  readonly others: readonly number[]
}

/** Puts what a drawing looks at into the memory. */
function placeSource(
  image: Image,
  drawing: Drawing,
  ...more: readonly number[]
): Placed | undefined {
  const { width, height } = image
  const stride = width * 3
  if (drawing.shrunk === undefined) {
    const { top, bottom } = rowsUnder(drawing, height)
    const places = placesFor((bottom - top) * stride, ...more)
    if (places === undefined) return undefined
    const [rows, ...others] = places
    putRows(image, top, bottom, rows)
    return { source: rows - top * stride, width, height, others }
  }
  const { part, factor } = drawing.shrunk
  const partWidth = Math.floor(part.width / factor)
  const partHeight = Math.floor(part.height / factor)
  if (!canShrink(factor, partWidth, partHeight)) return undefined
  const rowCount = partHeight * factor
  const partLength = partWidth * partHeight * 3
  const places = placesFor(rowCount * stride, sumsLength(partWidth, factor), partLength, ...more)
  if (places === undefined) return undefined
  const [rows, sums, source, ...others] = places
  putRows(image, part.top, part.top + rowCount, rows)
  kernels.shrink(rows + part.left * 3, stride, partWidth, partHeight, factor, sums, source)
  return { source, width: partWidth, height: partHeight, others }
}

/**
 * Draws into the memory.
 * @param more lengths of further places
 * @returns where the pixels lie, then the further places
 */
function draw(image: Image, drawing: Drawing, ...more: readonly number[]): number[] | undefined {
  const { width, height, samples, toSource } = drawing
  const { a, b, tx, ty } = toSource
  if (!Number.isFinite(a + b + tx + ty) || image.width < 1 || image.height < 1) return undefined
  const placed = placeSource(image, drawing, 8 * samples, width * height * 3, ...more)
  if (placed === undefined) return undefined
  const [offsets, output, ...others] = placed.others
  kernels.sample(
    placed.source,
    placed.width,
    placed.height,
    a,
    b,
    tx,
    ty,
    width,
    height,
    samples,
    offsets,
    output,
  )
  return [output, ...others]
}

/** Bytes of RGB. */
export function drawPixels(image: Image, drawing: Drawing): Uint8Array<ArrayBuffer> | undefined {
  const places = draw(image, drawing)
  if (places === undefined) return undefined
  return takeBytes(places[0], drawing.width * drawing.height * 3)
}

/**
 * Floats, channels in planes.
 * @param planes is written
 * @returns whether it was done
 */
export function drawPlanes(
  image: Image,
  drawing: Drawing,
  form: PlaneForm,
  planes: Float32Array,
): boolean {
  const count = drawing.width * drawing.height
  const table = form.kind === 'colour' ? form.floats : undefined
  const places = draw(image, drawing, planes.byteLength, table?.byteLength ?? 0)
  if (places === undefined) return false
  const [pixels, output, floats] = places
  if (form.kind === 'colour') {
    floatsAt(floats, form.floats.length).set(form.floats)
    kernels.toPlanes(pixels, count, form.first, floats, output)
  } else {
    kernels.toGrayPlane(pixels, count, form.mean, form.scale, output)
  }
  planes.set(floatsAt(output, planes.length))
  return true
}

/**
 * Means of `taps` × `taps` pixels, in gray: a quarter of red, twice green and blue.
 * @param columns columns of the picture, `taps` for each output column, rising
 * @param rows likewise
 * @param pixels is written, row by row
 * @returns whether it was done
 */
export function grayMeans(
  image: Image,
  columns: Int32Array,
  rows: Int32Array,
  taps: number,
  pixels: Float32Array,
): boolean {
  const width = columns.length / taps
  const height = rows.length / taps
  const stride = image.width * 3
  const top = rows[0]
  const bottom = rows[rows.length - 1] + 1
  const places = placesFor(
    (bottom - top) * stride,
    columns.byteLength,
    rows.byteLength,
    2 * (stride + UNIT),
    pixels.byteLength,
  )
  if (places === undefined) return false
  const [source, columnPlace, rowPlace, sums, output] = places
  putRows(image, top, bottom, source)
  const columnOffsets = wordsAt(columnPlace, columns.length)
  for (let i = 0; i < columns.length; i++) columnOffsets[i] = 3 * columns[i]
  const rowAddresses = wordsAt(rowPlace, rows.length)
  for (let i = 0; i < rows.length; i++) rowAddresses[i] = source + (rows[i] - top) * stride
  const begin = 3 * columns[0]
  const end = 3 * (columns[columns.length - 1] + 1)
  kernels.grayMeans(columnPlace, rowPlace, width, height, taps, sums, begin, end, output)
  pixels.set(floatsAt(output, pixels.length))
  return true
}

/**
 * A square in gray, 0..255, drawn through a similarity, bilinear, `samples` × `samples` readings a pixel.
 * @param part all that is looked at, with the neighbours to the right and below
 * @param pixels is written: `side` × `side`
 * @returns whether it was done
 */
export function graySquare(
  image: Image,
  part: Part,
  { a, b, tx, ty }: Similarity,
  side: number,
  samples: number,
  pixels: Float32Array,
): boolean {
  if (!Number.isFinite(a + b + tx + ty)) return false
  const stride = image.width * 3
  const { left, top, width, height } = part
  const places = placesFor(height * stride, 8 * width * height, 8 * samples, 4 * side * side)
  if (places === undefined) return false
  const [source, luma, offsets, output] = places
  putRows(image, top, top + height, source)
  kernels.graySquare(
    source - top * stride,
    stride,
    left,
    top,
    width,
    height,
    luma,
    image.width - 1.001,
    image.height - 1.001,
    a,
    b,
    tx,
    ty,
    side,
    samples,
    offsets,
    output,
  )
  pixels.set(floatsAt(output, side * side))
  return true
}
