import { createImage, type Image } from '../frame/image.js'

/** A picture as the optimisation sees it: planar RGB floats, 0..1 when it is within range. */
export interface Planes {
  readonly width: number
  readonly height: number
  /** Channel-major, `3 · height · width` values. */
  readonly data: Float32Array
}

/** An 8-bit picture as planes in 0..1. */
export function toPlanes({ width, height, data }: Image): Planes {
  const area = width * height
  const planes = new Float32Array(3 * area)
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) planes[c * area + i] = data[3 * i + c] / 255
  }
  return { width, height, data: planes }
}

/** Planes as an 8-bit picture; what is out of range is clipped. */
export function toImage({ width, height, data }: Planes): Image {
  const area = width * height
  const pixels = new Uint8Array(3 * area)
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) {
      pixels[3 * i + c] = Math.round(255 * Math.min(1, Math.max(0, data[c * area + i])))
    }
  }
  return createImage(width, height, pixels)
}

/** Scales planes bilinearly, for a result that goes on at a larger size. */
export function resizePlanes(source: Planes, width: number, height: number): Planes {
  const { width: fromWidth, height: fromHeight } = source
  const data = new Float32Array(3 * width * height)
  const tap = (at: number, from: number, to: number) => {
    const position = Math.min(from - 1, Math.max(0, ((at + 0.5) * from) / to - 0.5))
    const first = Math.floor(position)
    return { first, second: Math.min(from - 1, first + 1), share: position - first }
  }
  const across = Array.from({ length: width }, (_, x) => tap(x, fromWidth, width))
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      const { first, second, share } = tap(y, fromHeight, height)
      const upper = (c * fromHeight + first) * fromWidth
      const lower = (c * fromHeight + second) * fromWidth
      const to = (c * height + y) * width
      for (let x = 0; x < width; x++) {
        const { first: left, second: right, share: part } = across[x]
        const above = source.data[upper + left] * (1 - part) + source.data[upper + right] * part
        const below = source.data[lower + left] * (1 - part) + source.data[lower + right] * part
        data[to + x] = above * (1 - share) + below * share
      }
    }
  }
  return { width, height, data }
}

/** Where a position beyond the edge finds its pixel: mirrored about the edge pixels' centres. */
function mirrored(at: number, size: number): number {
  if (size === 1) return 0
  const period = 2 * (size - 1)
  const within = ((at % period) + period) % period
  return within < size ? within : period - within
}

/** A window on a picture that may reach beyond its edges, in pixels of the picture. */
export interface Window {
  readonly top: number
  readonly left: number
  readonly width: number
  readonly height: number
}

function mirroredAxis(start: number, length: number, size: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => mirrored(start + i, size))
}

/** The pixels of a window; beyond the edges the picture is mirrored. `3 · height · width` values. */
export function cutWindow(picture: Planes, window: Window): Float32Array {
  const rows = mirroredAxis(window.top, window.height, picture.height)
  const columns = mirroredAxis(window.left, window.width, picture.width)
  const cut = new Float32Array(3 * window.height * window.width)
  let to = 0
  for (let c = 0; c < 3; c++) {
    for (const row of rows) {
      const from = (c * picture.height + row) * picture.width
      for (const column of columns) cut[to++] = picture.data[from + column]
    }
  }
  return cut
}

/** The adjoint of {@link cutWindow}: adds a window's gradient to the gradient of the picture. */
export function addWindow(gradient: Planes, window: Window, windowGradient: Float32Array): void {
  const rows = mirroredAxis(window.top, window.height, gradient.height)
  const columns = mirroredAxis(window.left, window.width, gradient.width)
  let from = 0
  for (let c = 0; c < 3; c++) {
    for (const row of rows) {
      const to = (c * gradient.height + row) * gradient.width
      for (const column of columns) gradient.data[to + column] += windowGradient[from++]
    }
  }
}
