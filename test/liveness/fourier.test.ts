import t from 'tap'
import { powerSpectra } from '../../src/liveness/fourier.js'
import { createRandom } from '../../src/liveness/random.js'

/** Power at one frequency by the definition, term by term. */
function powerAt(pixels: Float64Array, side: number, u: number, v: number): number {
  let real = 0
  let imaginary = 0
  pixels.forEach((value, i) => {
    const turn = (-2 * Math.PI * (u * (i % side) + v * Math.floor(i / side))) / side
    real += value * Math.cos(turn)
    imaginary += value * Math.sin(turn)
  })
  return real * real + imaginary * imaginary
}

t.test('two spectra by one transform are those of the definition', (t) => {
  const side = 8
  const random = createRandom(5)
  const draw = () => Float64Array.from({ length: side * side }, () => random.uniform() - 0.5)
  const pictures = [draw(), draw()] as const
  const spectra = powerSpectra(pictures[0], pictures[1], side)
  for (const [i, pixels] of pictures.entries()) {
    for (let v = 0; v < side; v++) {
      for (let u = 0; u < side; u++) {
        const wanted = powerAt(pixels, side, u, v)
        t.ok(Math.abs(spectra[i][v * side + u] - wanted) < 1e-9, `picture ${i} at ${u}, ${v}`)
      }
    }
  }
  t.end()
})
