import t from 'tap'
import type { Detection } from '../../src/detection/face.js'
import { compareDetectors, compareTextures } from '../../src/evaluation/net-agreement.js'
import { createImage } from '../../src/frame/image.js'

const image = createImage(8, 8, new Uint8Array(192))
const found = (x: number, width = 40): Detection => ({
  box: { x, y: 0, width, height: 40 },
  score: 0.9,
})

t.test('detectors agree where their boxes overlap by half, each box counted once', async (t) => {
  const first = () => Promise.resolve([found(0), found(100), found(200)])
  const second = () => Promise.resolve([found(0), found(110), found(300)])
  const agreement = await compareDetectors(first, second, [image, image])
  t.match(agreement, { pictures: 2, foundByBoth: 4, onlyByFirst: 2, onlyBySecond: 2 })
  t.equal(agreement.meanIou, (1 + 0.6) / 2)
  const twice = () => Promise.resolve([found(0), found(2)])
  const once = () => Promise.resolve([found(1)])
  t.match(await compareDetectors(twice, once, [image]), { foundByBoth: 1, onlyByFirst: 1 })
})

t.test(
  'texture nets differ by the shift of their scores and by what the limits make of it',
  async (t) => {
    const faces = [0.1, 0.55, 0.9].map((score) => ({ image, box: found(score).box }))
    const agreement = await compareTextures(
      (_, { x }) => Promise.resolve(x),
      (_, { x }) => Promise.resolve(x + 0.0625),
      faces,
    )
    t.equal(agreement.faces, 3)
    t.equal(agreement.judgedOtherwise, 1, '0.55 was undecided and becomes live')
    t.ok(Math.abs(agreement.largestShift - 0.0625) < 1e-9)
    t.ok(Math.abs(agreement.medianShift - 0.0625) < 1e-9)
  },
)
