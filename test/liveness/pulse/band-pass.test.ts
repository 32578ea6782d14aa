import fc from 'fast-check'
import t from 'tap'
import { convolve, designBandPass } from '../../../src/liveness/pulse/band-pass.js'

const FS = 20
const kernel = designBandPass(0.7, 3, FS, 41)

function gainAt(hz: number): number {
  const tone = Array.from({ length: 2000 }, (_, i) => Math.sin((2 * Math.PI * hz * i) / FS))
  const middle = convolve(tone, kernel).slice(200, 1800)
  return Math.sqrt((2 * middle.reduce((sum, value) => sum + value * value, 0)) / middle.length)
}

t.test('beats pass, drift and flicker do not', (t) => {
  for (const hz of [1.2, 1.6, 2.2]) t.ok(Math.abs(gainAt(hz) - 1) < 0.12, `${hz} Hz passes`)
  for (const hz of [0.1, 4.2, 5, 8]) t.ok(gainAt(hz) < 0.06, `${hz} Hz is held back`)
  t.ok(Math.abs(gainAt(0.7) - 0.5) < 0.05 && Math.abs(gainAt(3) - 0.5) < 0.05, 'half at the edges')
  t.end()
})

t.test('convolution keeps length and is linear, also for signals shorter than the kernel', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 80 }),
      fc.double({ min: -3, max: 3, noNaN: true }),
      (signal, factor) => {
        const once = convolve(signal, kernel)
        const scaled = convolve(
          signal.map((value) => value * factor),
          kernel,
        )
        return (
          once.length === signal.length &&
          scaled.every((value, i) => Math.abs(value - factor * once[i]) < 1e-6)
        )
      },
    ),
    { numRuns: 50 },
  )
  t.end()
})

t.test('a band that the sampling rate cannot hold is refused', (t) => {
  t.throws(() => designBandPass(0.7, 3, 5, 41), RangeError)
  t.throws(() => designBandPass(3, 0.7, FS, 41), RangeError)
  t.throws(() => designBandPass(0.7, 3, FS, 40), RangeError)
  t.end()
})
