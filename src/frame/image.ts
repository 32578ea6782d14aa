/** A decoded picture: 8-bit RGB, rows top-down, interleaved; `data.length === width * height * 3`. */
export interface Image {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/** A position in pixels; (0, 0) is the centre of the top-left pixel. */
export interface Point {
  readonly x: number
  readonly y: number
}

/** An axis-aligned rectangle in pixels. */
export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/**
 * One captured picture on its way through the line.
 *
 * `monotonicMs` never goes back and is what intervals are measured with;
 * `capturedAtMs` is wall-clock epoch time and is only ever recorded.
 */
export interface Frame {
  readonly image: Image
  readonly sequence: number
  readonly monotonicMs: number
  readonly capturedAtMs: number
}

/**
 * Wraps pixels as an {@link Image}.
 * @throws RangeError when the byte count does not fit the size
 */
export function createImage(width: number, height: number, data: Uint8Array): Image {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new RangeError(`image size must be positive integers, got ${width}x${height}`)
  }
  if (data.length !== width * height * 3) {
    throw new RangeError(
      `image of ${width}x${height} needs ${width * height * 3} bytes of RGB, got ${data.length}`,
    )
  }
  // A Buffer's `slice` shares its memory where that of any other array copies.
  const plain = Buffer.isBuffer(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.length)
    : data
  return { width, height, data: plain }
}
