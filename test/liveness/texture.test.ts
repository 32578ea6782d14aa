import fc from 'fast-check'
import t from 'tap'
import { createImage } from '../../src/frame/image.js'
import {
  createTextureAccumulator,
  TEXTURE_RULE,
  textureSquare,
} from '../../src/liveness/texture.js'

const BOX = { x: 200, y: 150, width: 150, height: 180 }

function cueWith(scores: readonly number[], box = BOX, stepMs = 100) {
  const cue = createTextureAccumulator()
  scores.forEach((score, i) => cue.observe({ monotonicMs: i * stepMs, box, score }))
  return cue.outcome()
}

t.test('the mean of the last two seconds decides', (t) => {
  t.match(cueWith([0.99, 0.98, 0.97]), { verdict: 'live' })
  t.match(cueWith([0.01, 0.02, 0.01]), { verdict: 'attack' })
  t.match(cueWith([0.5, 0.5, 0.5]), { verdict: 'not-enough-evidence', score: 0.5 })
  const recovered = [...new Array<number>(10).fill(0), ...new Array<number>(25).fill(1)]
  t.match(cueWith(recovered), { verdict: 'live', score: 1 }, 'old scores are forgotten')
  t.end()
})

t.test('too few frames or too small a face give no score', (t) => {
  t.match(cueWith([0.99, 0.99]), { verdict: 'not-enough-evidence', score: null })
  const small = { ...BOX, height: TEXTURE_RULE.minFaceHeightPx - 1 }
  t.match(cueWith([0.99, 0.99, 0.99], small), { verdict: 'not-enough-evidence', score: null })
  t.match(cueWith([0.99, 0.99, 0.99], { ...BOX, height: NaN }), {
    verdict: 'not-enough-evidence',
  })
  t.end()
})

t.test('a score that is not a number counts as an attack', (t) => {
  t.match(cueWith([NaN, NaN, NaN]), { verdict: 'attack', score: 0 })
  t.not(cueWith([1, NaN, NaN, 1]).verdict, 'live')
  t.end()
})

t.test('a steady score counts as what it is', (t) => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (score) => {
      const { verdict } = cueWith([score, score, score])
      const clear = Math.abs(score - TEXTURE_RULE.liveFrom) > 1e-9
      return !clear || (verdict === 'live') === score >= TEXTURE_RULE.liveFrom
    }),
  )
  t.end()
})

t.test('the square is the face enlarged, always inside the frame', (t) => {
  const image = createImage(640, 480, new Uint8Array(640 * 480 * 3))
  t.match(textureSquare(image, { x: 270, y: 190, width: 80, height: 100 }, 2.7), {
    x: 175,
    y: 105,
    width: 270,
    height: 270,
  })
  fc.assert(
    fc.property(
      fc.record({
        x: fc.double({ min: -200, max: 700, noNaN: true }),
        y: fc.double({ min: -200, max: 600, noNaN: true }),
        width: fc.double({ min: 1, max: 900, noNaN: true }),
        height: fc.double({ min: 1, max: 900, noNaN: true }),
      }),
      (box) => {
        const { x, y, width, height } = textureSquare(image, box, 2.7)
        return (
          width === height && x >= 0 && y >= 0 && x + width <= 640 && y + height <= 480 && width > 0
        )
      },
    ),
  )
  t.end()
})
