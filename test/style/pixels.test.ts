import fc from 'fast-check'
import t from 'tap'
import { createSeededRandom } from '../../src/evaluation/statistics/random.js'
import { matchColours, takeLuminance } from '../../src/style/colour.js'
import { createAdam, createLbfgs, fallingRate } from '../../src/style/minimise.js'
import { addRangeCost, addTotalVariation } from '../../src/style/pixel-costs.js'
import { addWindow, cutWindow, type Planes } from '../../src/style/planes.js'
import { createPyramid } from '../../src/style/pyramid.js'

const random = createSeededRandom(5)

function randomPlanes(width: number, height: number): Planes {
  const data = Float32Array.from({ length: 3 * width * height }, () => 1.4 * random() - 0.2)
  return { width, height, data }
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, part, i) => sum + part * b[i], 0)
}

void t.test('costs of pixels have the gradient that finite differences give', (t) => {
  for (const cost of [addTotalVariation, addRangeCost]) {
    const picture = randomPlanes(7, 5)
    const gradient = new Float32Array(picture.data.length)
    cost(picture, 2, gradient)
    for (let i = 0; i < gradient.length; i += 11) {
      const moved = (by: number) => {
        const data = picture.data.slice()
        data[i] += by
        return cost({ ...picture, data }, 2, new Float32Array(data.length))
      }
      const measured = (moved(1e-3) - moved(-1e-3)) / 2e-3
      t.ok(Math.abs(measured - gradient[i]) < 2e-3, `${measured} for ${gradient[i]}`)
    }
  }
  t.end()
})

void t.test('a flat picture within range costs nothing', (t) => {
  const flat: Planes = { width: 4, height: 4, data: new Float32Array(48).fill(0.5) }
  t.equal(addTotalVariation(flat, 1, new Float32Array(48)), 0)
  t.equal(addRangeCost(flat, 1, new Float32Array(48)), 0)
  t.end()
})

void t.test('cutting windows and the pyramid have the adjoints that they say', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (width, height) => {
      const picture = randomPlanes(width, height)
      const window = { top: -12, left: -7, width: 30, height: 26 }
      const back = Float32Array.from({ length: 3 * 30 * 26 }, () => random() - 0.5)
      const pulled: Planes = { width, height, data: new Float32Array(picture.data.length) }
      addWindow(pulled, window, back)
      const there = dot(cutWindow(picture, window), back)
      t.ok(Math.abs(there - dot(picture.data, pulled.data)) < 1e-3)

      const pyramid = createPyramid(width, height, 3, 1.5)
      const z = Float32Array.from({ length: pyramid.length }, () => random() - 0.5)
      const along = dot(pyramid.toPicture(z), picture.data)
      t.ok(Math.abs(along - dot(z, pyramid.pullBack(picture.data))) < 1e-3)
      t.same(pyramid.toPicture(pyramid.fromPicture(picture.data)), picture.data)
    }),
    { numRuns: 40 },
  )
  t.end()
})

void t.test('colours kept are those of the content', (t) => {
  const picture = randomPlanes(24, 24)
  const content: Planes = {
    width: 24,
    height: 24,
    data: Float32Array.from(
      { length: 1728 },
      (_, i) => 0.3 + 0.2 * random() + (i > 1151 ? 0.2 : 0),
    ),
  }
  const meanOf = (planes: Planes, c: number) =>
    planes.data.subarray(576 * c, 576 * (c + 1)).reduce((sum, v) => sum + v, 0) / 576
  const matched = matchColours(picture, content)
  for (const c of [0, 1, 2]) t.ok(Math.abs(meanOf(matched, c) - meanOf(content, c)) < 0.01)

  const kept = takeLuminance(picture, content)
  const lumaOf = ({ data }: Planes, i: number) =>
    0.299 * data[i] + 0.587 * data[576 + i] + 0.114 * data[1152 + i]
  for (let i = 0; i < 576; i += 50) {
    t.ok(Math.abs(lumaOf(kept, i) - lumaOf(picture, i)) < 5e-3)
  }
  t.end()
})

void t.test('L-BFGS reaches the foot of a narrow valley, and Adam goes there', async (t) => {
  // Rosenbrock's function: 100(y − x²)² + (1 − x)², least at (1, 1).
  const valley = ([x, y]: Float32Array) =>
    Promise.resolve({
      value: 100 * (y - x * x) ** 2 + (1 - x) ** 2,
      gradient: Float32Array.of(-400 * x * (y - x * x) - 2 * (1 - x), 200 * (y - x * x)),
    })
  const lbfgs = createLbfgs(valley, Float32Array.of(-1.2, 1), 6)
  for (let i = 0; i < 80; i++) await lbfgs.step()
  t.ok(lbfgs.value < 1e-4, `${lbfgs.value}`)
  const adam = createAdam(valley, Float32Array.of(-1.2, 1), () => 0.02)
  for (let i = 0; i < 400; i++) await adam.step()
  t.ok(adam.value < 2, `${adam.value}`)
})

void t.test('a falling rate begins at its whole and ends at nothing', (t) => {
  const rateAt = fallingRate(0.05, 100)
  t.equal(rateAt(1), 0.05)
  for (let step = 2; step <= 100; step++) t.ok(rateAt(step) < rateAt(step - 1))
  t.ok(rateAt(100) > 0 && rateAt(100) < 1e-4)
  t.ok(Math.abs(rateAt(500)) < 1e-9)
  t.end()
})
