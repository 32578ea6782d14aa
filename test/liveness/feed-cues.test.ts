import t from 'tap'
import { createImage, type Box, type Image } from '../../src/frame/image.js'
import { createBandsCue } from '../../src/liveness/bands.js'
import { measureBezel } from '../../src/liveness/bezel.js'
import { createCarriedCue } from '../../src/liveness/carried.js'
import type { Cue } from '../../src/liveness/cue.js'
import { createLoopCue } from '../../src/liveness/loop.js'
import { createRandom } from '../../src/liveness/random.js'
import { measureSpectrum } from '../../src/liveness/spectrum.js'
import { createStillFaceCue } from '../../src/liveness/still-face.js'

const WIDTH = 320
const HEIGHT = 240
const random = createRandom(5)

type Shade = (x: number, y: number) => number

function draw(shade: Shade, noise = 2): Image {
  const data = new Uint8Array(WIDTH * HEIGHT * 3)
  for (let y = 0, i = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++, i += 3) {
      const value = shade(x, y) + noise * random.uniform()
      data[i] = value
      data[i + 1] = value
      data[i + 2] = value
    }
  }
  return createImage(WIDTH, HEIGHT, data)
}

/** Texture that tells every place from every other. */
const scene: Shade = (x, y) =>
  120 + 40 * Math.sin(x / 5 + Math.sin(y / 9)) * Math.cos(y / 6) + 30 * Math.sin((x * y) / 900)

interface Shown {
  readonly image: Image
  readonly box: Box
}

function show(cue: Cue, frames: readonly Shown[], stepMs = 67, startMs = 0) {
  frames.forEach(({ image, box }, sequence) => {
    const monotonicMs = startMs + sequence * stepMs
    void cue.observe({
      frame: { image, monotonicMs, sequence, capturedAtMs: 0 },
      face: { box, score: 1, landmarks: new Float32Array(136), fivePoints: new Float32Array(10) },
      view: undefined,
    })
  })
  return cue.outcome()
}

/** A face that wanders; its background stays or goes with it. */
function wandering(count: number, path: (i: number) => readonly [number, number], carried = false) {
  return Array.from({ length: count }, (_, i): Shown => {
    const [dx, dy] = path(i)
    const box = { x: 120 + dx, y: 70 + dy, width: 80, height: 100 }
    const isFace = (x: number, y: number) =>
      Math.hypot((x - box.x - 40) / 40, (y - box.y - 50) / 50) < 1
    // A carried sheet covers the middle of the view; the view's edge stays where it is.
    const isSheet = (x: number, y: number) =>
      carried && Math.abs(x - 160 - dx) < 130 && Math.abs(y - 120 - dy) < 95
    const image = draw((x, y) =>
      isFace(x, y) || isSheet(x, y) ? scene(x - dx + 500, y - dy + 70) : scene(x, y),
    )
    return { image, box }
  })
}

const walk = (i: number) =>
  [18 * Math.sin(i / 7) + 9 * Math.sin(i / 2.3), 6 * Math.sin(i / 5)] as const

t.test('a loop is seen through the noise of another encoding, forwards and back and forth', (t) => {
  const path = wandering(30, walk)
  const again = wandering(30, walk)
  t.match(show(createLoopCue(), [...path, ...again]), { verdict: 'attack', reason: /repeats/ })
  t.match(show(createLoopCue(), [...path, ...again.reverse()]), { verdict: 'attack' })
  t.match(show(createLoopCue(), wandering(60, walk)), { verdict: 'live' })
  t.end()
})

t.test('a loop that is longer than an attempt is known again by the next one', (t) => {
  const cue = createLoopCue()
  show(cue, wandering(30, walk))
  cue.restart()
  t.match(cue.outcome(), { verdict: 'not-enough-evidence' })
  t.match(show(cue, wandering(30, walk), 67, 4000), { verdict: 'attack' })
  t.end()
})

t.test('a scene in which nothing moves is no loop', (t) => {
  const still = () => [0, 0] as const
  t.match(show(createLoopCue(), wandering(50, still)), { verdict: 'live' })
  t.end()
})

t.test('a face without noise is an attack, though the rest of the picture changes', (t) => {
  const box = { x: 120, y: 70, width: 80, height: 100 }
  const face = draw(scene)
  const frames = Array.from({ length: 30 }, (_, i): Shown => {
    const image = createImage(WIDTH, HEIGHT, face.data.slice())
    image.data.fill((i * 37) % 256, 0, WIDTH * 3 * 20)
    return { image, box }
  })
  t.match(show(createStillFaceCue(), frames), { verdict: 'attack' })
  t.match(show(createStillFaceCue(), frames.slice(0, 8)), { verdict: 'live' }, 'half a second')
  const noisy = Array.from({ length: 30 }, () => ({ image: draw(scene), box }))
  t.match(show(createStillFaceCue(), noisy), { verdict: 'live' })
  t.end()
})

t.test('a background that goes with the face gives a carried picture away', (t) => {
  const path = (i: number) => [28 * Math.sin(i / 6), 0] as const
  t.match(show(createCarriedCue(), wandering(60, path, true)), { verdict: 'attack' })
  t.match(show(createCarriedCue(), wandering(60, path)), { verdict: 'live' })
  const still = () => [0, 0] as const
  t.match(show(createCarriedCue(), wandering(30, still)), { verdict: 'not-enough-evidence' })
  t.end()
})

t.test('the edges of a sheet around the face are found on every side', (t) => {
  const box = { x: 120, y: 70, width: 80, height: 100 }
  const inSheet = (x: number, y: number) => x > 85 && x < 235 && y > 30 && y < 210
  const sheet = measureBezel(
    draw((x, y) => (inSheet(x, y) ? 190 : 90)),
    box,
  )
  t.ok(sheet !== undefined && Math.min(sheet.left, sheet.right, sheet.top, sheet.bottom) > 0.9)
  const wall = measureBezel(
    draw((x, y) => 90 + 0.1 * x + 0.1 * y),
    box,
  )
  t.ok(wall !== undefined && Math.max(wall.left, wall.right, wall.top, wall.bottom) < 0.4)
  t.equal(
    measureBezel(
      draw(() => 90),
      { x: 900, y: 0, width: 80, height: 100 },
    ),
    undefined,
  )
  t.end()
})

t.test('a printed grid stands out of the spectrum', (t) => {
  const box = { x: 120, y: 70, width: 80, height: 100 }
  const plain = measureSpectrum(draw(scene, 10), box)
  const dots: Shade = (x, y) => 12 * Math.sin(x * 1.9 + y * 0.9) * Math.sin(y * 1.9 - x * 0.9)
  const printed = measureSpectrum(
    draw((x, y) => scene(x, y) + dots(x, y), 10),
    box,
  )
  t.ok((printed?.lumaPeak ?? 0) > (plain?.lumaPeak ?? 9) + 0.5)
  t.end()
})

t.test('wandering bands lower the score of bands, and never refuse', (t) => {
  const box = { x: 120, y: 70, width: 80, height: 100 }
  const banded = Array.from({ length: 20 }, (_, i) => ({
    image: draw((x, y) => scene(x, y) + 6 * Math.sin(y / 12 + i * 1.3)),
    box,
  }))
  const plain = Array.from({ length: 20 }, () => ({ image: draw(scene, 6), box }))
  const [screen, live] = [show(createBandsCue(), banded), show(createBandsCue(), plain)]
  t.equal(screen.verdict, 'not-enough-evidence')
  t.ok((screen.score ?? 1) < (live.score ?? 0) - 0.2)
  t.end()
})
