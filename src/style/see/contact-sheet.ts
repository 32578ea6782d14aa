import { createImage } from '../../frame/image.js'
import type { Image } from '../../frame/image.js'
import { resizeImage } from '../../frame/resize.js'

const CELL = 160
const GAP = 8
const COLUMNS = 3
const PAPER = 0xf4
const SIDE = COLUMNS * CELL + (COLUMNS + 1) * GAP

/** Pictures three by three on light paper, each as large as its place allows. */
export function contactSheet(pictures: readonly Image[]): Image {
  const sheet = new Uint8Array(SIDE * SIDE * 3).fill(PAPER)
  pictures.slice(0, COLUMNS * COLUMNS).forEach((picture, index) => {
    const scale = CELL / Math.max(picture.width, picture.height)
    const side = (length: number) => Math.max(1, Math.round(length * scale))
    const { width, height, data } = resizeImage(picture, side(picture.width), side(picture.height))
    const left = GAP + (index % COLUMNS) * (CELL + GAP) + Math.floor((CELL - width) / 2)
    const top = GAP + Math.floor(index / COLUMNS) * (CELL + GAP) + Math.floor((CELL - height) / 2)
    for (let row = 0; row < height; row++) {
      const from = row * width * 3
      sheet.set(data.subarray(from, from + width * 3), ((top + row) * SIDE + left) * 3)
    }
  })
  return createImage(SIDE, SIDE, sheet)
}
