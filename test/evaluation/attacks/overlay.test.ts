import t from 'tap'
import type { Face } from '../../../src/detection/face.js'
import { overlayFace } from '../../../src/evaluation/attacks/overlay.js'
import { createImage, type Image } from '../../../src/frame/image.js'

function plain(width: number, height: number, value: number): Image {
  return createImage(width, height, new Uint8Array(width * height * 3).fill(value))
}

/** A face whose 68 points lie on a circle, but eyes and mouth where a face has them. */
function faceAt(x: number, y: number, radius: number): Face {
  const landmarks = new Float32Array(136)
  const put = (i: number, px: number, py: number) => {
    landmarks[2 * i] = x + px * radius
    landmarks[2 * i + 1] = y + py * radius
  }
  for (let i = 0; i < 36; i++) put(i, Math.cos((i * Math.PI) / 18), Math.sin((i * Math.PI) / 18))
  for (let i = 0; i < 6; i++) {
    const [dx, dy] = [Math.cos((i * Math.PI) / 3), Math.sin((i * Math.PI) / 3)]
    put(36 + i, -0.4 + 0.15 * dx, -0.2 + 0.07 * dy)
    put(42 + i, 0.4 + 0.15 * dx, -0.2 + 0.07 * dy)
  }
  for (let i = 48; i < 68; i++) {
    put(
      i,
      0.3 * Math.cos(((i - 48) * Math.PI) / 10),
      0.5 + 0.1 * Math.sin(((i - 48) * Math.PI) / 10),
    )
  }
  const five = [-0.4, -0.2, 0.4, -0.2, 0, 0.2, -0.3, 0.5, 0.3, 0.5]
  const fivePoints = Float32Array.from(five, (v, i) => (i % 2 === 0 ? x : y) + v * radius)
  const box = { x: x - radius, y: y - radius, width: 2 * radius, height: 2 * radius }
  return { box, score: 1, landmarks, fivePoints }
}

const FRAME = plain(200, 200, 50)
const LIVING = faceAt(110, 100, 50)
const SHOWN = { picture: plain(100, 100, 220), face: faceAt(50, 50, 25) }
const at = ({ data, width }: Image, x: number, y: number) => data[(y * width + x) * 3]

t.test('a swapped face covers the living one, fades out, and leaves the frame as it was', (t) => {
  const swapped = overlayFace(FRAME, LIVING, SHOWN, { reach: 1.05, feather: 0.2, holes: [] })
  t.equal(at(swapped, 110, 100), 220)
  t.equal(at(swapped, 90, 90), 220, 'the eye, too')
  t.equal(at(swapped, 10, 10), 50)
  const edge = Array.from({ length: 60 }, (_, i) => at(swapped, 110 + i, 100))
  t.ok(
    edge.some((value) => value > 60 && value < 210),
    'a soft edge',
  )
  t.ok(
    FRAME.data.every((value) => value === 50),
    'the frame itself is not touched',
  )
  t.end()
})

t.test('through the holes of a mask the living eyes and lips are seen', (t) => {
  const options = { reach: 1.2, feather: 0, holes: ['eyes', 'mouth'] as const }
  const masked = overlayFace(FRAME, LIVING, SHOWN, options)
  t.equal(at(masked, 90, 90), 50, 'eye')
  t.equal(at(masked, 130, 90), 50, 'other eye')
  t.equal(at(masked, 110, 125), 50, 'mouth')
  t.equal(at(masked, 110, 105), 220, 'nose')
  const colours = new Set(masked.data)
  t.strictSame([...colours].sort(), [220, 50], 'cut edges')
  t.end()
})
