import fc from 'fast-check'
import t from 'tap'
import { createImage, type Image } from '../../src/frame/image.js'
import {
  grayMeans,
  samplePixels,
  sampleShrunkPixels,
  shrinkPixels,
  shrinkToPlanes,
} from '../../src/frame/pixel-kernels.js'
import { shrinkPlainly } from '../../src/frame/resize.js'
import { floatsOf } from '../../src/frame/tensor.js'
import { samplePlainly } from '../../src/frame/warp.js'
import { createRandom } from '../../src/liveness/random.js'
import { meanPlainly } from '../../src/liveness/gray-region.js'

/** Every byte drawn, so that no rounding is left out for long. */
function noise(width: number, height: number, seed: number): Image {
  const random = createRandom(seed)
  const data = Uint8Array.from({ length: width * height * 3 }, () =>
    Math.floor(256 * random.uniform()),
  )
  return createImage(width, height, data)
}

const seed = fc.integer({ min: 1, max: 1e6 })
const picture = fc
  .tuple(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 90 }), seed)
  .map(([width, height, drawn]) => noise(width, height, drawn))
const RUNS = { numRuns: 300 }

t.test('box averages are those of the plain form, byte by byte', (t) => {
  fc.assert(
    fc.property(
      picture,
      fc.integer({ min: 2, max: 32 }),
      fc.nat(40),
      fc.nat(40),
      (image, factor, left, top) => {
        const part = { left, top, width: image.width - left, height: image.height - top }
        const width = Math.floor(part.width / factor)
        const height = Math.floor(part.height / factor)
        fc.pre(width >= 1 && height >= 1)
        const made = shrinkPixels(image, part, width, height, factor)
        t.strictSame(made, shrinkPlainly(image, part, factor).data)
      },
    ),
    RUNS,
  )
  t.end()
})

t.test('white and black stay what they are at every factor', (t) => {
  for (const value of [0, 255]) {
    const image = createImage(64, 64, new Uint8Array(64 * 64 * 3).fill(value))
    for (let factor = 2; factor <= 32; factor++) {
      const size = Math.floor(64 / factor)
      const part = { left: 0, top: 0, width: 64, height: 64 }
      const made = shrinkPixels(image, part, size, size, factor)
      t.ok(made?.every((byte) => byte === value))
    }
  }
  t.end()
})

t.test('planes hold the floats of the averaged bytes', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 2, max: 6 }),
      fc.constantFrom('rgb', 'bgr'),
      seed,
      (width, height, factor, colour, drawn) => {
        const image = noise(width * factor, height * factor, drawn)
        const floats = floatsOf({ colour, mean: [127, 104.5, 99], divisor: 128 })
        const area = width * (height + 3)
        const planes = new Float32Array(3 * area).fill(7)
        const first = colour === 'rgb' ? 0 : 2
        t.ok(shrinkToPlanes(image, width, height, factor, first, floats, planes, area))
        const { data } = shrinkPlainly(
          image,
          { left: 0, top: 0, width: image.width, height: image.height },
          factor,
        )
        const wanted = new Float32Array(3 * area).fill(7)
        for (let i = 0; i < width * height; i++) {
          wanted[i] = floats[data[3 * i + first]]
          wanted[area + i] = floats[256 + data[3 * i + 1]]
          wanted[2 * area + i] = floats[512 + data[3 * i + 2 - first]]
        }
        t.strictSame(planes, wanted)
      },
    ),
    RUNS,
  )
  t.end()
})

const similarity = fc.record({
  a: fc.double({ min: -6, max: 6, noNaN: true }),
  b: fc.double({ min: -6, max: 6, noNaN: true }),
  tx: fc.double({ min: -150, max: 250, noNaN: true }),
  ty: fc.double({ min: -150, max: 250, noNaN: true }),
})

t.test(
  'drawn through any similarity, inside or outside of the picture, bytes are the same',
  (t) => {
    fc.assert(
      fc.property(
        picture,
        similarity,
        fc.integer({ min: 1, max: 24 }),
        fc.integer({ min: 1, max: 24 }),
        fc.integer({ min: 1, max: 4 }),
        (image, toSource, width, height, samples) => {
          const made = samplePixels(image, toSource, width, height, samples)
          t.strictSame(made, samplePlainly(image, toSource, width, height, samples).data)
        },
      ),
      RUNS,
    )
    t.end()
  },
)

t.test('shrunk and drawn at once is shrunk, then drawn', (t) => {
  fc.assert(
    fc.property(picture, similarity, fc.integer({ min: 2, max: 9 }), (image, toPart, factor) => {
      fc.pre(image.width >= factor && image.height >= factor)
      const part = { left: 0, top: 0, width: image.width, height: image.height }
      const made = sampleShrunkPixels(image, part, factor, toPart, 12, 9, 2)
      t.strictSame(made, samplePlainly(shrinkPlainly(image, part, factor), toPart, 12, 9, 2).data)
    }),
    RUNS,
  )
  t.end()
})

t.test('gray means are those of the plain form', (t) => {
  fc.assert(
    fc.property(picture, fc.integer({ min: 1, max: 4 }), seed, (image, taps, drawn) => {
      const random = createRandom(drawn)
      const rising = (size: number) =>
        Int32Array.from({ length: 8 * taps }, () => Math.floor(size * random.uniform())).sort()
      const [columns, rows] = [rising(image.width), rising(image.height)]
      const [made, wanted] = [new Float32Array(64), new Float32Array(64)]
      t.ok(grayMeans(image, columns, rows, taps, made))
      meanPlainly(image, columns, rows, taps, wanted)
      t.strictSame(made, wanted)
    }),
    RUNS,
  )
  t.end()
})

t.test('what is not finite, too large or too much shrunk is left to the plain forms', (t) => {
  const image = noise(40, 40, 1)
  const part = { left: 0, top: 0, width: 40, height: 40 }
  for (const bad of [NaN, Infinity, -Infinity]) {
    t.equal(samplePixels(image, { a: 1, b: 0, tx: bad, ty: 0 }, 4, 4, 1), undefined)
    const toPart = { a: bad, b: 0, tx: 0, ty: 0 }
    t.equal(sampleShrunkPixels(image, part, 2, toPart, 4, 4, 1), undefined)
  }
  t.equal(shrinkPixels(image, part, 1, 1, 40), undefined)
  const large = createImage(4000, 3000, new Uint8Array(4000 * 3000 * 3))
  t.equal(shrinkPixels(large, { ...part, width: 4000, height: 3000 }, 2000, 1500, 2), undefined)
  t.end()
})
