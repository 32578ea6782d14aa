import fc from 'fast-check'
import t from 'tap'
import { createFaceFinder } from '../../src/detection/find-faces.js'
import { createMotionGate } from '../../src/detection/motion-gate.js'
import { measureArrivals } from '../../src/evaluation/arrivals/arrivals.js'
import { readSceneParts } from '../../src/evaluation/arrivals/scene.js'
import { createSeededRandom } from '../../src/evaluation/statistics/random.js'
import { createImage } from '../../src/frame/image.js'
import type { Frame, Image } from '../../src/frame/image.js'
import { loadDetector, loadLandmarks } from '../../src/models/session.js'
import { MOTION_GATE_OPTIONS } from '../../src/open-line.js'

t.setTimeout(120_000)

const FRAME_MS = 100
const { lookEveryMs, holdMs } = MOTION_GATE_OPTIONS

const frameOf = (image: Image, index: number): Frame => ({
  image,
  sequence: index,
  monotonicMs: index * FRAME_MS,
  capturedAtMs: 0,
})

/** A grey wall of a small camera with something square on it. */
function wall(grey: number, square?: { x: number; y: number; side: number; grey: number }): Image {
  const image = createImage(160, 120, new Uint8Array(160 * 120 * 3).fill(grey))
  if (square === undefined) return image
  for (let y = square.y; y < Math.min(120, square.y + square.side); y++) {
    for (let x = square.x; x < Math.min(160, square.x + square.side); x++) {
      image.data.fill(square.grey, 3 * (y * 160 + x), 3 * (y * 160 + x) + 3)
    }
  }
  return image
}

t.test('whatever it is shown, the detector looks every half second', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ grey: fc.nat(255), faces: fc.nat({ max: 1 }), gapMs: fc.nat(400) })),
      (shown) => {
        const gate = createMotionGate(MOTION_GATE_OPTIONS)
        let monotonicMs = 0
        let lookedMs = -Infinity
        for (const { grey, faces, gapMs } of shown) {
          monotonicMs += gapMs
          const frame = { ...frameOf(wall(grey), 0), monotonicMs }
          if (gate.wants(frame)) {
            gate.saw(frame, faces)
            lookedMs = monotonicMs
          } else if (monotonicMs - lookedMs >= lookEveryMs) return false
        }
        return true
      },
    ),
    { numRuns: 50 },
  )
  t.end()
})

t.test('what appears anywhere is looked at in that very frame', (t) => {
  const side = fc.integer({ min: 16, max: 100 })
  const grey = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 156, max: 255 }))
  fc.assert(
    fc.property(fc.nat(143), fc.nat(103), side, grey, (x, y, side, grey) => {
      const gate = createMotionGate(MOTION_GATE_OPTIONS)
      gate.wants(frameOf(wall(128), 0))
      gate.saw(frameOf(wall(128), 0), 0)
      return (
        !gate.wants(frameOf(wall(128), 1)) &&
        gate.wants(frameOf(wall(128, { x, y, side, grey }), 2)) &&
        gate.wants(frameOf(wall(128), Math.floor(holdMs / FRAME_MS) + 1))
      )
    }),
  )
  t.end()
})

t.test('after a face every frame is looked at, still as he may stand', (t) => {
  const gate = createMotionGate(MOTION_GATE_OPTIONS)
  for (let i = 0; i <= holdMs / FRAME_MS; i++) {
    t.equal(gate.wants(frameOf(wall(128), i)), i < holdMs / FRAME_MS, `frame ${i}`)
    gate.saw(frameOf(wall(128), i), i === 0 ? 1 : 0)
  }
  t.end()
})

t.test('dusk is no motion', (t) => {
  const gate = createMotionGate(MOTION_GATE_OPTIONS)
  let looks = 0
  for (let i = 0; i < 100; i++) {
    const frame = frameOf(wall(200 - i), i)
    if (!gate.wants(frame)) continue
    gate.saw(frame, 0)
    looks++
  }
  t.equal(looks, 100 / (lookEveryMs / FRAME_MS))
  t.end()
})

t.test('a man is seen as soon as without the gate', async (t) => {
  const finder = createFaceFinder(await loadDetector(), await loadLandmarks())
  const parts = await readSceneParts(2)
  const openGate = () => createMotionGate(MOTION_GATE_OPTIONS)
  const report = await measureArrivals(parts, finder, openGate, createSeededRandom(1), {
    walkingS: [1],
    noises: [4],
  })
  t.equal(report.arrivals.length, 4)
  for (const { way, noise, lateFrames } of report.arrivals) {
    t.equal(lateFrames, 0, `${way}, noise ${noise}`)
  }
  t.ok(report.looks <= report.emptyFrames / 4, `${report.looks} of ${report.emptyFrames} looked at`)
})
