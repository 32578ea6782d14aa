import { readFileSync } from 'node:fs'
import type { Image } from './image.js'
import type { Similarity } from './similarity.js'

/** A part of a picture in pixels of the picture. */
export interface Part {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** What `assembly/pixels.ts` exports; addresses are in {@link memory}. */
interface Kernels {
  readonly shrink: (
    source: number,
    stride: number,
    width: number,
    height: number,
    factor: number,
    sums: number,
    output: number,
  ) => void
  readonly shrinkToPlanes: (
    source: number,
    stride: number,
    width: number,
    height: number,
    factor: number,
    first: number,
    sums: number,
    row: number,
    floats: number,
    planes: number,
    planeArea: number,
  ) => void
  readonly sample: (
    source: number,
    sourceWidth: number,
    sourceHeight: number,
    a: number,
    b: number,
    tx: number,
    ty: number,
    width: number,
    height: number,
    samples: number,
    offsets: number,
    output: number,
  ) => void
  readonly grayMeans: (
    columns: number,
    rows: number,
    width: number,
    height: number,
    taps: number,
    sums: number,
    begin: number,
    rowBytes: number,
    output: number,
  ) => void
}

/** A frame of 4K fits; whatever is larger is drawn by the plain forms, so that the memory stays small. */
const MOST_BYTES = 32 * 1024 * 1024
/** Kernels look this far past what they need; the same is the unit of places. */
const UNIT = 16
const PAGE_BYTES = 64 * 1024
/** Sums of a column must fit into 16 bits, and reciprocals stay exact. */
const MAX_FACTOR = 32

/** One thread's memory: every call writes what it reads, and takes what it made before it returns. */
const memory = new WebAssembly.Memory({ initial: 1 })
const kernels = instantiate()
let bytes = new Uint8Array(memory.buffer)

function instantiate(): Kernels {
  const code = new Uint8Array(readFileSync(new URL('./pixels.wasm', import.meta.url)))
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } })
  // The build compiles both from the same tree.
  return exports as unknown as Kernels
}

/** Places for some lengths, in bytes, one after the other; nothing where they need too much. */
function placesFor(...lengths: readonly number[]): number[] | undefined {
  let end = 0
  const places = lengths.map((length) => {
    const place = end
    end += (Math.ceil(length / UNIT) + 1) * UNIT
    return place
  })
  if (!(end <= MOST_BYTES)) return undefined
  if (end > bytes.length) {
    memory.grow(Math.ceil((end - bytes.length) / PAGE_BYTES))
    bytes = new Uint8Array(memory.buffer)
  }
  return places
}

/** Whole rows of a picture, put into the memory. */
function putRows({ data, width }: Image, top: number, bottom: number, place: number): void {
  bytes.set(data.subarray(top * width * 3, bottom * width * 3), place)
}

const sumsLength = (outputWidth: number, factor: number) => 2 * (3 * outputWidth * factor + UNIT)

/**
 * Box average of a part by a whole factor: bytes of RGB.
 * @returns nothing where the plain form has to do it
 */
export function shrinkPixels(
  image: Image,
  { left, top }: Part,
  width: number,
  height: number,
  factor: number,
): Uint8Array<ArrayBuffer> | undefined {
  if (factor < 2 || factor > MAX_FACTOR || width < 1 || height < 1) return undefined
  const stride = image.width * 3
  const rows = height * factor
  const length = width * height * 3
  const places = placesFor(rows * stride, sumsLength(width, factor), length)
  if (places === undefined) return undefined
  const [source, sums, output] = places
  putRows(image, top, top + rows, source)
  kernels.shrink(source + left * 3, stride, width, height, factor, sums, output)
  return bytes.slice(output, output + length)
}

/**
 * Box average of a whole picture by a whole factor, channels in planes, each byte as `floats` says.
 * @param first offset of the first plane's channel in a pixel, 0 or 2
 * @param floats 3 × 256, by plane
 * @param planes is written: three planes of `planeArea`, their first `width` × `height` values
 * @returns whether it was done
 */
export function shrinkToPlanes(
  image: Image,
  width: number,
  height: number,
  factor: number,
  first: number,
  floats: Float32Array,
  planes: Float32Array,
  planeArea: number,
): boolean {
  if (factor < 2 || factor > MAX_FACTOR) return false
  const stride = image.width * 3
  const rows = height * factor
  const sumsBytes = sumsLength(width, factor)
  const places = placesFor(rows * stride, sumsBytes, 3 * width, floats.byteLength, 12 * planeArea)
  if (places === undefined) return false
  const [source, sums, row, table, output] = places
  putRows(image, 0, rows, source)
  new Float32Array(memory.buffer, table, floats.length).set(floats)
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
    const from = output + 4 * plane * planeArea
    planes.set(new Float32Array(memory.buffer, from, width * height), plane * planeArea)
  }
  return true
}

/** Rows of a picture that an output drawn through a similarity may look at. */
function rowsUnder({ b, a, ty }: Similarity, width: number, height: number, limit: number) {
  const [x0, x1, y0, y1] = [-0.5, width - 0.5, -0.5, height - 0.5]
  const places = [b * x0 + a * y0, b * x1 + a * y0, b * x0 + a * y1, b * x1 + a * y1]
  const inside = (row: number) => Math.min(limit, Math.max(0, row))
  const top = inside(Math.floor(Math.min(...places) + ty) - 1)
  const bottom = inside(Math.ceil(Math.max(...places) + ty) + 2)
  // What lies above or below repeats the first or last row.
  return { top: Math.min(top, limit - 1), bottom: Math.max(bottom, 1) }
}

const isFinite = ({ a, b, tx, ty }: Similarity) => Number.isFinite(a + b + tx + ty)

/**
 * Draws a picture through a similarity, bilinear, `samples` × `samples` readings an output pixel: bytes
 * of RGB.
 * @returns nothing where the plain form has to do it
 */
export function samplePixels(
  image: Image,
  toSource: Similarity,
  width: number,
  height: number,
  samples: number,
): Uint8Array<ArrayBuffer> | undefined {
  if (!isFinite(toSource) || image.width < 1 || image.height < 1) return undefined
  const stride = image.width * 3
  const { top, bottom } = rowsUnder(toSource, width, height, image.height)
  const length = width * height * 3
  const places = placesFor((bottom - top) * stride, 8 * samples, length)
  if (places === undefined) return undefined
  const [source, offsets, output] = places
  putRows(image, top, bottom, source)
  const { a, b, tx, ty } = toSource
  const from = source - top * stride
  const { width: sourceWidth, height: sourceHeight } = image
  kernels.sample(
    from,
    sourceWidth,
    sourceHeight,
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
  return bytes.slice(output, output + length)
}

/**
 * {@link shrinkPixels}, and {@link samplePixels} of what it gives, without the picture in between.
 * @param toPart maps output pixels to pixels of the shrunk part
 */
export function sampleShrunkPixels(
  image: Image,
  { left, top, width: partWidth, height: partHeight }: Part,
  factor: number,
  toPart: Similarity,
  width: number,
  height: number,
  samples: number,
): Uint8Array<ArrayBuffer> | undefined {
  const shrunkWidth = Math.floor(partWidth / factor)
  const shrunkHeight = Math.floor(partHeight / factor)
  if (factor < 2 || factor > MAX_FACTOR || shrunkWidth < 1 || shrunkHeight < 1) return undefined
  if (!isFinite(toPart)) return undefined
  const stride = image.width * 3
  const rows = shrunkHeight * factor
  const length = width * height * 3
  const shrunkLength = shrunkWidth * shrunkHeight * 3
  const sumsBytes = sumsLength(shrunkWidth, factor)
  const places = placesFor(rows * stride, sumsBytes, shrunkLength, 8 * samples, length)
  if (places === undefined) return undefined
  const [source, sums, shrunk, offsets, output] = places
  putRows(image, top, top + rows, source)
  kernels.shrink(source + left * 3, stride, shrunkWidth, shrunkHeight, factor, sums, shrunk)
  const { a, b, tx, ty } = toPart
  kernels.sample(
    shrunk,
    shrunkWidth,
    shrunkHeight,
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
  return bytes.slice(output, output + length)
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
  const columnOffsets = new Uint32Array(memory.buffer, columnPlace, columns.length)
  for (let i = 0; i < columns.length; i++) columnOffsets[i] = 3 * columns[i]
  const rowAddresses = new Uint32Array(memory.buffer, rowPlace, rows.length)
  for (let i = 0; i < rows.length; i++) rowAddresses[i] = source + (rows[i] - top) * stride
  const begin = 3 * columns[0]
  const end = 3 * (columns[columns.length - 1] + 1)
  kernels.grayMeans(columnPlace, rowPlace, width, height, taps, sums, begin, end, output)
  pixels.set(new Float32Array(memory.buffer, output, pixels.length))
  return true
}
