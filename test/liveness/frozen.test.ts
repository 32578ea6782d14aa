import fc from 'fast-check'
import t from 'tap'
import { createImage, type Image } from '../../src/frame/image.js'
import { createFrozenCue, type FrozenCue } from '../../src/liveness/frozen.js'
import { createRandom } from '../../src/liveness/random.js'

const random = createRandom(3)

function noisyPicture(): Image {
  const data = new Uint8Array(64 * 48 * 3)
  for (let i = 0; i < data.length; i++) data[i] = 40 + (i % 150) + 4 * random.uniform()
  return createImage(64, 48, data)
}

function feed(cue: FrozenCue, pictures: readonly Image[], stepMs = 50, startMs = 0): void {
  pictures.forEach((image, i) =>
    cue.observe({ frame: { monotonicMs: startMs + i * stepMs, image } }),
  )
}

t.test('a camera with noise is live', (t) => {
  const cue = createFrozenCue()
  feed(cue, Array.from({ length: 60 }, noisyPicture))
  t.match(cue.outcome(), { verdict: 'live' })
  t.end()
})

t.test('a few frames say nothing', (t) => {
  const cue = createFrozenCue()
  feed(cue, [noisyPicture(), noisyPicture()])
  t.match(cue.outcome(), { verdict: 'not-enough-evidence' })
  t.end()
})

t.test('the same bytes for more than a second are a frozen feed, and stay one', (t) => {
  const cue = createFrozenCue()
  const picture = noisyPicture()
  feed(cue, new Array<Image>(10).fill(picture))
  t.not(cue.outcome().verdict, 'attack', 'half a second can be a slow camera')
  feed(cue, new Array<Image>(30).fill(picture), 50, 500)
  t.match(cue.outcome(), { verdict: 'attack', reason: /does not change/ })
  feed(cue, Array.from({ length: 30 }, noisyPicture), 50, 3000)
  t.match(cue.outcome(), { verdict: 'attack' })
  cue.restart()
  feed(cue, Array.from({ length: 30 }, noisyPicture), 50, 9000)
  t.match(cue.outcome(), { verdict: 'live' })
  t.end()
})

t.test('a slow camera whose frames are handed out three times each is live', (t) => {
  const cue = createFrozenCue()
  const slow = Array.from({ length: 30 }, noisyPicture).flatMap((p) => [p, p, p])
  feed(cue, slow, 33)
  t.match(cue.outcome(), { verdict: 'live' })
  t.end()
})

t.test('a loop is an attack by its second turn', (t) => {
  for (const length of [10, 40, 200]) {
    const cue = createFrozenCue()
    const loop = Array.from({ length }, noisyPicture)
    feed(cue, [...loop, ...loop.slice(0, 9)])
    t.match(cue.outcome(), { verdict: 'attack', reason: /repeats itself/ }, `${length} frames`)
  }
  t.end()
})

t.test('time that stands still is an attack', (t) => {
  const cue = createFrozenCue()
  feed(cue, Array.from({ length: 12 }, noisyPicture), 0)
  t.match(cue.outcome(), { verdict: 'attack', reason: /time/ })
  t.end()
})

t.test('a black picture is neither live nor an attack', (t) => {
  const cue = createFrozenCue()
  feed(cue, new Array<Image>(60).fill(createImage(8, 8, new Uint8Array(8 * 8 * 3))))
  t.match(cue.outcome(), { verdict: 'not-enough-evidence' })
  t.end()
})

t.test('whatever the times, it answers', (t) => {
  const picture = noisyPicture()
  fc.assert(
    fc.property(fc.array(fc.double(), { maxLength: 40 }), (times) => {
      const cue = createFrozenCue()
      for (const monotonicMs of times) cue.observe({ frame: { monotonicMs, image: picture } })
      return cue.outcome().verdict !== 'live' || times.length > 5
    }),
  )
  t.end()
})
