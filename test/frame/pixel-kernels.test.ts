import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { createImage, type Image } from '../../src/frame/image.js'
import {
  drawPixels,
  drawPlanes,
  grayMeans,
  graySquare,
  shrinkPixels,
  shrinkToPlanes,
} from '../../src/frame/pixel-kernels.js'
import { shrinkPlainly } from '../../src/frame/resize.js'
import { planeFormOf, toPlanarTensor, type PixelFormat } from '../../src/frame/tensor.js'
import { drawPlainly } from '../../src/frame/warp.js'
import { cutGrayView, drawViewPlainly, VIEW_SIDE } from '../../src/liveness/face-view.js'
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

function same(t: Test, made: Uint8Array | Float32Array | undefined, wanted: typeof made): void {
  const view = (values: typeof made) =>
    values === undefined
      ? Buffer.alloc(0)
      : Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  if (made === undefined || !view(made).equals(view(wanted))) t.strictSame(made, wanted)
  else t.pass()
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
        same(t, made, shrinkPlainly(image, part, factor).data)
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

const FORMATS: readonly PixelFormat[] = [
  { colour: 'rgb', mean: [127, 104.5, 99], divisor: 128 },
  { colour: 'bgr', mean: [0.1, 127.5, 3], divisor: 1.7 },
  { colour: 'gray', mean: [117.3], divisor: 256 },
]

t.test('planes hold the floats of the averaged bytes', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 2, max: 6 }),
      fc.constantFrom(...FORMATS),
      seed,
      (width, height, factor, format, drawn) => {
        const image = noise(width * factor, height * factor, drawn)
        const form = planeFormOf(format)
        if (form.kind === 'gray') return
        const area = width * (height + 3)
        const planes = new Float32Array(3 * area).fill(7)
        t.ok(shrinkToPlanes(image, width, height, factor, form, planes, area))
        const whole = { left: 0, top: 0, width: image.width, height: image.height }
        const tensor = toPlanarTensor(shrinkPlainly(image, whole, factor), format)
        const wanted = new Float32Array(3 * area).fill(7)
        for (let plane = 0; plane < 3; plane++) {
          const count = width * height
          wanted.set(tensor.subarray(plane * count, (plane + 1) * count), plane * area)
        }
        same(t, planes, wanted)
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
const drawing = fc.record({
  width: fc.integer({ min: 1, max: 24 }),
  height: fc.integer({ min: 1, max: 24 }),
  samples: fc.integer({ min: 1, max: 4 }),
  toSource: similarity,
})

t.test(
  'drawn through any similarity, inside or outside of the picture, bytes are the same',
  (t) => {
    fc.assert(
      fc.property(picture, drawing, (image, plan) => {
        same(t, drawPixels(image, plan), drawPlainly(image, plan).data)
      }),
      RUNS,
    )
    t.end()
  },
)

t.test('shrunk and drawn at once is shrunk, then drawn', (t) => {
  fc.assert(
    fc.property(picture, drawing, fc.integer({ min: 2, max: 9 }), (image, plan, factor) => {
      fc.pre(image.width >= factor && image.height >= factor)
      const part = { left: 0, top: 0, width: image.width, height: image.height }
      const shrunk = { ...plan, shrunk: { part, factor } }
      same(t, drawPixels(image, shrunk), drawPlainly(image, shrunk).data)
    }),
    RUNS,
  )
  t.end()
})

t.test('drawn into planes is drawn, then turned into floats', (t) => {
  fc.assert(
    fc.property(picture, drawing, fc.constantFrom(...FORMATS), (image, plan, format) => {
      const planes = new Float32Array(plan.width * plan.height * format.mean.length)
      t.ok(drawPlanes(image, plan, planeFormOf(format), planes))
      same(t, planes, toPlanarTensor(drawPlainly(image, plan), format))
    }),
    RUNS,
  )
  t.end()
})

t.test('a gray view is that of the plain form, also where the face leaves the picture', (t) => {
  const large = fc
    .tuple(fc.integer({ min: 2, max: 200 }), fc.integer({ min: 2, max: 200 }), seed)
    .map(([width, height, drawn]) => noise(width, height, drawn))
  fc.assert(
    fc.property(large, seed, (image, drawn) => {
      const random = createRandom(drawn)
      const points = Float32Array.from({ length: 136 }, () => 300 * random.uniform() - 40)
      const view = cutGrayView(image, points)
      t.ok(view.pixels.every((value) => value >= 0 && value <= 255.001))
    }),
    { numRuns: 30 },
  )
  fc.assert(
    fc.property(large, similarity, fc.integer({ min: 1, max: 3 }), (image, toFrame, samples) => {
      const whole = { left: 0, top: 0, width: image.width, height: image.height }
      const [made, wanted] = [0, 0].map(() => new Float32Array(VIEW_SIDE * VIEW_SIDE))
      t.ok(graySquare(image, whole, toFrame, VIEW_SIDE, samples, made))
      drawViewPlainly(image, toFrame, samples, wanted)
      same(t, made, wanted)
    }),
    { numRuns: 30 },
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
      same(t, made, wanted)
    }),
    RUNS,
  )
  t.end()
})

t.test('without WebAssembly nothing is drawn, and what to do is said', (t) => {
  const module = new URL('../../src/frame/kernel-memory.js', import.meta.url).href
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--jitless', '--input-type=module', '-e', `await import(${JSON.stringify(module)})`],
    { encoding: 'utf8' },
  )
  t.not(status, 0)
  t.match(stderr, /pixels\.wasm cannot be loaded .*run `npm run build`.*--jitless/)
  t.end()
})

t.test('what is not finite, too large or too much shrunk is left to the plain forms', (t) => {
  const image = noise(40, 40, 1)
  const part = { left: 0, top: 0, width: 40, height: 40 }
  const plan = { width: 4, height: 4, samples: 1 }
  for (const bad of [NaN, Infinity, -Infinity]) {
    const toSource = { a: 1, b: 0, tx: bad, ty: 0 }
    t.equal(drawPixels(image, { ...plan, toSource }), undefined)
    t.equal(drawPixels(image, { ...plan, toSource, shrunk: { part, factor: 2 } }), undefined)
    t.notOk(graySquare(image, part, toSource, 4, 1, new Float32Array(16)))
  }
  t.equal(shrinkPixels(image, part, 1, 1, 40), undefined)
  const large = createImage(4000, 3000, new Uint8Array(4000 * 3000 * 3))
  t.equal(shrinkPixels(large, { ...part, width: 4000, height: 3000 }, 2000, 1500, 2), undefined)
  t.end()
})
