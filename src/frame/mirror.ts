import type { Image } from './image.js'

/** The picture with left and right exchanged. */
export function mirrorImage({ width, height, data }: Image): Image {
  const mirrored = new Uint8Array(data.length)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3
      mirrored.set(data.subarray(from, from + 3), (y * width + width - 1 - x) * 3)
    }
  }
  return { width, height, data: mirrored }
}
