import fc from 'fast-check'
import t from 'tap'
import { createImage } from '../../src/frame/image.js'
import { watchPictures, type PictureCue } from '../../src/liveness/picture-cue.js'
import { textureCue } from '../../src/liveness/texture.js'

const image = createImage(1, 1, new Uint8Array(3))
const points = { landmarks: new Float32Array(136), fivePoints: new Float32Array(10) }
const frameAt = (monotonicMs: number) => ({ image, monotonicMs, sequence: 0, capturedAtMs: 0 })
const faceOf = (height: number) => ({
  ...points,
  box: { x: 0, y: 0, width: height, height },
  score: 1,
})

/** A texture cue that scores its n-th look n/100. */
function counting() {
  let looks = 0
  const cue = watchPictures(textureCue(() => Promise.resolve(++looks / 100)))
  return { cue, looks: () => looks }
}

t.test('a score that was begun with the box alone is the score it would have been', async (t) => {
  const step = fc.record({
    waitMs: fc.integer({ min: 5, max: 400 }),
    height: fc.integer({ min: 60, max: 80 }),
    restarts: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const [early, late] = [counting(), counting()]
      let monotonicMs = 0
      for (const { waitMs, height, restarts } of steps) {
        monotonicMs += waitMs
        const [frame, face] = [frameAt(monotonicMs), faceOf(height)]
        early.cue.beginWithBox?.(frame, face)
        for (const { cue } of [early, late]) {
          await cue.observe({ frame, face, view: undefined })
          if (restarts) cue.restart()
        }
        if (early.looks() !== late.looks()) return false
        if (JSON.stringify(early.cue.outcome()) !== JSON.stringify(late.cue.outcome())) return false
      }
      return true
    }),
  )
  t.end()
})

t.test('of a frame whose points were not found no score counts, now or later', async (t) => {
  const { cue, looks } = counting()
  for (const monotonicMs of [0, 100, 200, 300, 400])
    cue.beginWithBox?.(frameAt(monotonicMs), faceOf(80))
  t.equal(looks(), 4, 'each was begun')
  await cue.observe({ frame: frameAt(401), face: faceOf(80), view: undefined })
  t.match(cue.outcome(), { verdict: 'not-enough-evidence', score: null })
  t.end()
})

t.test('a net that fails is told where the frame is judged, and nowhere else', async (t) => {
  const cue = watchPictures({
    ...(textureCue(() => Promise.reject(new Error('the net is gone'))) satisfies PictureCue),
    firstAfterMs: 0,
  })
  const [frame, face] = [frameAt(0), faceOf(80)]
  cue.beginWithBox?.(frame, face)
  await new Promise((resolve) => setImmediate(resolve))
  await t.rejects(Promise.resolve(cue.observe({ frame, face, view: undefined })), /the net is gone/)
})

t.test('a cue that needs the points does not begin before they are known', (t) => {
  let looks = 0
  const score = () => Promise.resolve(++looks)
  const cue = watchPictures({ ...textureCue(score), needs: 'face', firstAfterMs: 0, score })
  cue.beginWithBox?.(frameAt(0), faceOf(80))
  t.equal(looks, 0)
  t.end()
})

t.test('begun again over the same frame, the last box is the one that counts', async (t) => {
  const scored: number[] = []
  const cue = watchPictures({
    ...textureCue((_, { height }) => {
      scored.push(height)
      return Promise.resolve(height / 1000)
    }),
    firstAfterMs: 0,
  })
  for (const monotonicMs of [0, 100, 200]) {
    const frame = frameAt(monotonicMs)
    cue.beginWithBox?.(frame, faceOf(90))
    cue.beginWithBox?.(frame, faceOf(80))
    await cue.observe({ frame, face: faceOf(80), view: undefined })
  }
  t.strictSame(scored, [90, 80, 90, 80, 90, 80])
  t.match(cue.outcome(), { score: 0.08 })
  const early = frameAt(230)
  cue.beginWithBox?.(early, faceOf(90))
  cue.beginWithBox?.(early, faceOf(80))
  t.equal(scored.length, 6, 'what is not due does not become so')
})

t.test('what was begun and not observed takes no turn', async (t) => {
  const { cue, looks } = counting()
  cue.beginWithBox?.(frameAt(0), faceOf(80))
  cue.beginWithBox?.(frameAt(50), faceOf(80))
  t.equal(looks(), 1)
  const frame = frameAt(60)
  cue.beginWithBox?.(frame, faceOf(80))
  await cue.observe({ frame, face: faceOf(80), view: undefined })
  t.equal(looks(), 2, 'it is due in the very next frame')
})

t.test('a face that is too small the second time is not scored after all', async (t) => {
  const { cue } = counting()
  for (const monotonicMs of [0, 100, 200, 300]) {
    const frame = frameAt(monotonicMs)
    cue.beginWithBox?.(frame, faceOf(80))
    cue.beginWithBox?.(frame, faceOf(60))
    await cue.observe({ frame, face: faceOf(60), view: undefined })
  }
  t.match(cue.outcome(), { score: null, reason: /too small/ })
})
