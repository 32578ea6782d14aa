import t from 'tap'
import { createImage } from '../../src/frame/image.js'
import type { Image } from '../../src/frame/image.js'
import { letterbox, resizeImage } from '../../src/frame/resize.js'
import { toPlanarTensor } from '../../src/frame/tensor.js'
import { cropSquare, warpImage } from '../../src/frame/warp.js'

/** Red grows to the right, green downwards, blue is constant: every pixel tells where it came from. */
function gradient(width: number, height: number): Image {
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data.set([(255 * x) / (width - 1), (255 * y) / (height - 1), 77], (y * width + x) * 3)
    }
  }
  return createImage(width, height, data)
}

function pixel(image: Image, x: number, y: number): number[] {
  const at = (y * image.width + x) * 3
  return [...image.data.subarray(at, at + 3)]
}

t.test('an image needs as many bytes as its size says', (t) => {
  t.throws(() => createImage(2, 2, new Uint8Array(11)), RangeError)
  t.throws(() => createImage(0, 2, new Uint8Array(0)), RangeError)
  t.throws(() => createImage(1.5, 2, new Uint8Array(9)), RangeError)
  t.end()
})

t.test('scaling keeps places and colours', (t) => {
  const image = gradient(640, 480)
  for (const [width, height] of [
    [320, 240],
    [213, 160],
    [100, 480],
    [900, 700],
  ]) {
    const scaled = resizeImage(image, width, height)
    t.equal(scaled.data.length, width * height * 3)
    const [red, green, blue] = pixel(scaled, Math.floor(width / 2), Math.floor(height / 2))
    t.ok(Math.abs(red - 127.5) <= 2.5, `${width}x${height} red ${red}`)
    t.ok(Math.abs(green - 127.5) <= 2.5, `${width}x${height} green ${green}`)
    t.equal(blue, 77)
  }
  t.equal(resizeImage(image, 640, 480), image, 'the same size is the same picture')
  t.end()
})

t.test('shrinking averages every source pixel in', (t) => {
  const data = new Uint8Array(64 * 64 * 3)
  for (let i = 0; i < 64 * 64; i++)
    data.fill((i + Math.floor(i / 64)) % 2 === 0 ? 255 : 0, i * 3, i * 3 + 3)
  const board = createImage(64, 64, data)
  for (const side of [32, 16, 20]) {
    for (const value of resizeImage(board, side, side).data) {
      if (Math.abs(value - 127.5) > 8) t.fail(`aliased to ${value} at ${side}`)
    }
  }
  for (const value of cropSquare(board, { x: 0, y: 0, width: 64, height: 64 }, 16).data) {
    if (Math.abs(value - 127.5) > 8) t.fail(`crop aliased to ${value}`)
  }
  t.end()
})

t.test('a letterbox keeps proportions, anchors top-left and pads with black', (t) => {
  const { image, scale } = letterbox(gradient(400, 600), 320, 240)
  t.equal(scale, 2.5)
  t.same(pixel(image, 0, 0).at(2), 77)
  t.same(pixel(image, 159, 239).at(2), 77)
  t.same(pixel(image, 160, 0), [0, 0, 0])
  t.end()
})

t.test('a crop beyond the edge repeats the edge', (t) => {
  const crop = cropSquare(gradient(100, 100), { x: -50, y: -50, width: 100, height: 100 }, 50)
  t.ok(Math.max(...pixel(crop, 0, 0).slice(0, 2)) <= 2)
  const [red, green] = pixel(crop, 49, 49)
  t.ok(Math.abs(red - 126) <= 3 && Math.abs(green - 126) <= 3)
  t.end()
})

t.test('a strongly shrinking warp shows the same places as a plain one', (t) => {
  const image = gradient(640, 480)
  for (const [a, b] of [
    [2, 0],
    [3.7, 0],
    [4, 2],
    [1.8, -2.2],
  ]) {
    const warped = warpImage(image, { a, b, tx: 200, ty: 180 }, 40, 30)
    for (const [x, y] of [
      [0, 0],
      [20, 15],
      [39, 29],
    ]) {
      const sx = Math.min(639, Math.max(0, a * x - b * y + 200))
      const sy = Math.min(479, Math.max(0, b * x + a * y + 180))
      const [red, green, blue] = pixel(warped, x, y)
      t.ok(Math.abs(red - (255 * sx) / 639) <= 2, `red at ${x},${y} by ${a},${b}`)
      t.ok(Math.abs(green - (255 * sy) / 479) <= 2, `green at ${x},${y} by ${a},${b}`)
      t.equal(blue, 77)
    }
  }
  t.end()
})

t.test('warping by the identity changes nothing', (t) => {
  const image = gradient(31, 17)
  t.same(warpImage(image, { a: 1, b: 0, tx: 0, ty: 0 }, 31, 17).data, image.data)
  t.end()
})

t.test('a tensor is planar, in the channel order and range asked for', (t) => {
  const image = createImage(2, 1, Uint8Array.of(10, 20, 30, 40, 50, 60))
  t.same(
    [...toPlanarTensor(image, { colour: 'rgb', mean: [0, 0, 0], divisor: 1 })],
    [10, 40, 20, 50, 30, 60],
  )
  t.same(
    [...toPlanarTensor(image, { colour: 'bgr', mean: [1, 2, 3], divisor: 0.5 })],
    [58, 118, 36, 96, 14, 74],
  )
  const [gray] = toPlanarTensor(image, { colour: 'gray', mean: [0], divisor: 1 })
  t.ok(Math.abs(gray - (0.299 * 10 + 0.587 * 20 + 0.114 * 30)) < 1e-4)
  t.end()
})
