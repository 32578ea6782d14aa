import fc from 'fast-check'
import t from 'tap'
import { createImage } from '../../src/frame/image.js'
import { letterboxTensor } from '../../src/frame/letterbox-tensor.js'
import { letterbox } from '../../src/frame/resize.js'
import { toPlanarTensor, type PixelFormat } from '../../src/frame/tensor.js'

const FORMATS: readonly PixelFormat[] = [
  { colour: 'rgb', mean: [127, 120, 110], divisor: 128 },
  { colour: 'bgr', mean: [127.5, 3, 0], divisor: 1 },
]

t.test('one pass gives the very numbers of letterboxing and then converting', (t) => {
  const side = fc.integer({ min: 1, max: 40 })
  const seed = fc.integer({ min: 1, max: 0x7fffffff })
  fc.assert(
    fc.property(side, side, side, side, seed, (sourceWidth, sourceHeight, width, height, start) => {
      let state = start
      const data = Uint8Array.from({ length: sourceWidth * sourceHeight * 3 }, () => {
        state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
        return state >> 16
      })
      const image = createImage(sourceWidth, sourceHeight, data)
      for (const format of FORMATS) {
        const boxed = letterbox(image, width, height)
        // What an earlier frame left must not show.
        const planes = new Float32Array(3 * width * height).fill(99)
        const scale = letterboxTensor(image, width, height, format, planes)
        if (scale !== boxed.scale) return false
        const expected = toPlanarTensor(boxed.image, format)
        if (!planes.every((value, i) => value === expected[i])) return false
      }
      return true
    }),
    {
      examples: [
        [64, 48, 32, 24, 1],
        [40, 20, 20, 15, 2],
        [120, 90, 40, 30, 3],
        [36, 27, 12, 9, 4],
      ],
    },
  )
  t.end()
})
