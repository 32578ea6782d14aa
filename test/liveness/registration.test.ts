import t from 'tap'
import { MOUTH, RIGHT_EYE } from '../../src/liveness/regions.js'
import { compareRegion, smoothView, type GrayView } from '../../src/liveness/registration.js'

const SIDE = 128

/** A smooth surface with texture everywhere, as a face has, seen through a mapping. */
function surface(
  map: (x: number, y: number) => readonly [number, number],
  light: (value: number, x: number, y: number) => number = (value) => value,
): GrayView {
  const pixels = new Float32Array(SIDE * SIDE)
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const [u, v] = map(x, y)
      const value =
        128 +
        45 * Math.sin(u / 3.1 + 0.4 * Math.sin(v / 7)) * Math.cos(v / 4.3) +
        25 * Math.sin(v / 9)
      pixels[y * SIDE + x] = light(value, x, y)
    }
  }
  return smoothView({ side: SIDE, pixels })
}

const rest = surface((x, y) => [x, y])

t.test('a shifted, turned, squeezed and relit surface is explained', (t) => {
  const moved = surface(
    (x, y) => [1.03 * (x - 64) + 0.04 * (y - 64) + 65.2, 0.97 * (y - 64) - 0.03 * (x - 64) + 63.1],
    (value) => 0.8 * value + 15,
  )
  for (const region of [RIGHT_EYE, MOUTH]) {
    const left = compareRegion(rest, moved, region)
    t.ok(left !== undefined && left.inside < 0.2, `leaves ${left?.inside}`)
  }
  t.end()
})

t.test('a lid over the eye is not', (t) => {
  const closed = surface(
    (x, y) => [x, y],
    (value, x, y) =>
      ((x - RIGHT_EYE.centreX) / 10) ** 2 + ((y - RIGHT_EYE.centreY) / 5) ** 2 < 1 ? 150 : value,
  )
  const left = compareRegion(rest, closed, RIGHT_EYE)
  t.ok(left !== undefined && left.inside > 0.7 && left.around < 0.2, JSON.stringify(left))
  t.end()
})

t.test('a surface without texture, or not finite, gives nothing', (t) => {
  const flat: GrayView = { side: SIDE, pixels: new Float32Array(SIDE * SIDE).fill(90) }
  t.equal(compareRegion(flat, rest, RIGHT_EYE), undefined)
  const broken: GrayView = { side: SIDE, pixels: new Float32Array(SIDE * SIDE).fill(NaN) }
  t.equal(compareRegion(broken, rest, RIGHT_EYE), undefined)
  const left = compareRegion(rest, broken, RIGHT_EYE)
  t.ok(left === undefined || Number.isNaN(left.inside), 'NaN is never a small or large number')
  t.end()
})
