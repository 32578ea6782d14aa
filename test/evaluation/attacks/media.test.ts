import t from 'tap'
import { printPicture, screenPicture } from '../../../src/evaluation/attacks/media.js'
import { createImage, type Image } from '../../../src/frame/image.js'
import { measureSpectrum } from '../../../src/liveness/spectrum.js'
import { createRandom } from '../../../src/liveness/random.js'

const SIDE = 200
const BOX = { x: 40, y: 40, width: 120, height: 120 }

/** Skin-like, slowly changing colour with a little grain. */
function skin(): Image {
  const random = createRandom(3)
  const data = new Uint8Array(SIDE * SIDE * 3)
  for (let i = 0; i < data.length; i += 3) {
    const x = (i / 3) % SIDE
    const y = Math.floor(i / 3 / SIDE)
    const shade = 150 + 30 * Math.sin(x / 40) * Math.cos(y / 50) + 3 * random.uniform()
    data[i] = shade
    data[i + 1] = shade * 0.8
    data[i + 2] = shade * 0.7
  }
  return createImage(SIDE, SIDE, data)
}

t.test('a print shows its dots, its paper and no true black', (t) => {
  const printed = printPicture(skin(), createRandom(1)).at(0)
  const again = printPicture(skin(), createRandom(1)).at(5)
  t.ok(Buffer.from(printed.data).equals(Buffer.from(again.data)), 'the same at any time')
  const plain = measureSpectrum(skin(), BOX)
  const dotted = measureSpectrum(printed, BOX)
  t.ok((dotted?.lumaPeak ?? 0) > (plain?.lumaPeak ?? 9) + 0.3, 'periodic structure')
  const black = printPicture(
    createImage(SIDE, SIDE, new Uint8Array(SIDE * SIDE * 3)),
    createRandom(1),
  )
  t.ok(Math.min(...black.at(0).data) > 8, 'ink is not black')
  t.end()
})

t.test('a screen beats with the grid of the camera and its band wanders', (t) => {
  const screen = screenPicture(skin(), createRandom(2))
  const [first, later] = [screen.at(0.05), screen.at(0.25)]
  t.notOk(Buffer.from(first.data).equals(Buffer.from(later.data)), 'refresh')
  t.ok(Buffer.from(screen.at(0.05).data).equals(Buffer.from(first.data)), 'repeatable')
  // Sub-pixels do not fall together: red and blue step apart from pixel to pixel.
  const colourSteps = ({ data }: Image) => {
    let sum = 0
    for (let i = 0; i + 5 < data.length; i += 3) {
      sum += Math.abs(data[i] - data[i + 2] - data[i + 3] + data[i + 5])
    }
    return sum / (data.length / 3)
  }
  t.ok(colourSteps(first) > 3 * colourSteps(skin()), 'coloured stripes')
  t.end()
})
