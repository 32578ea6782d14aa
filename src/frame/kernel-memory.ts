import { readFileSync } from 'node:fs'
import type { Image } from './image.js'

/** What `assembly/pixels.ts` exports; addresses are in {@link kernelMemory}. */
export interface PixelKernels {
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
  readonly toPlanes: (
    pixels: number,
    count: number,
    first: number,
    floats: number,
    planes: number,
  ) => void
  readonly toGrayPlane: (
    pixels: number,
    count: number,
    mean: number,
    scale: number,
    plane: number,
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
  readonly graySquare: (
    source: number,
    stride: number,
    left: number,
    top: number,
    partWidth: number,
    partHeight: number,
    luma: number,
    maxX: number,
    maxY: number,
    a: number,
    b: number,
    tx: number,
    ty: number,
    side: number,
    samples: number,
    offsets: number,
    output: number,
  ) => void
}

/** A frame of 4K fits; whatever is larger is drawn by the plain forms, so that the memory stays small. */
const MOST_BYTES = 32 * 1024 * 1024
const PAGE_BYTES = 64 * 1024
/** Kernels read and write at most this far past what they need; places are multiples of it. */
export const UNIT = 16

const opened = openKernels()
/** One thread's memory: every call writes what it reads, and takes what it made before it returns. */
const { memory } = opened
let bytes = new Uint8Array(memory.buffer)

/** The compiled loops over pixels. */
export const { kernels } = opened

/** @throws Error with the cure: without the loops no frame is judged, and no door opens */
function openKernels(): { readonly memory: WebAssembly.Memory; readonly kernels: PixelKernels } {
  const file = new URL('./pixels.wasm', import.meta.url)
  try {
    const code = new Uint8Array(readFileSync(file))
    const memory = new WebAssembly.Memory({ initial: 1 })
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } })
    // The build compiles both from the same tree.
    return { memory, kernels: exports as unknown as PixelKernels }
  } catch (cause) {
    throw new Error(
      `${file.pathname} cannot be loaded (${String(cause)}); run \`npm run build\`, or reinstall the ` +
        'package; it needs Node.js 20 or later without --jitless, on x86-64 with SSE4.1 or on arm64',
      { cause },
    )
  }
}

/**
 * Places for some lengths, in bytes, one after the other; what was written before is given up.
 * @returns nothing where they need too much
 */
export function placesFor(...lengths: readonly number[]): number[] | undefined {
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

/** Puts whole rows of a picture at a place. */
export function putRows({ data, width }: Image, top: number, bottom: number, place: number): void {
  bytes.set(data.subarray(top * width * 3, bottom * width * 3), place)
}

/** A copy of what was made at a place. */
export function takeBytes(place: number, length: number): Uint8Array<ArrayBuffer> {
  return bytes.slice(place, place + length)
}

/** The floats at a place, until the next call. */
export function floatsAt(place: number, length: number): Float32Array {
  return new Float32Array(memory.buffer, place, length)
}

/** The whole numbers at a place, until the next call. */
export function wordsAt(place: number, length: number): Uint32Array {
  return new Uint32Array(memory.buffer, place, length)
}
