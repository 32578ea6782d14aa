import t from 'tap'
import { createImage, type Image } from '../../src/frame/image.js'
import {
  renderStillClip,
  STILL_SPECIES,
  type StillClipOptions,
} from '../../src/liveness/still-simulator.js'

function chequered(width: number, height: number): Image {
  const data = new Uint8Array(width * height * 3)
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / 3)
    data[i] = (((pixel % width) >> 3) + (Math.floor(pixel / width) >> 3)) % 2 === 0 ? 220 : 30
  }
  return createImage(width, height, data)
}

const PICTURE = chequered(100, 120)
const PLAN: Omit<StillClipOptions, 'species'> = {
  seed: 7,
  framesPerSecond: 10,
  seconds: 1,
  width: 160,
  height: 120,
}

function render(options: StillClipOptions): Buffer[] {
  return [...renderStillClip(PICTURE, options)].map(({ image }) => Buffer.from(image.data))
}

for (const species of STILL_SPECIES) {
  t.test(`${species}: as many frames as asked for, the same for the same seed`, (t) => {
    const frames = render({ ...PLAN, species })
    t.equal(frames.length, 10)
    t.ok(frames.every((frame) => frame.length === 160 * 120 * 3))
    const sameAs = (others: Buffer[]) => others.every((other, i) => other.equals(frames[i]))
    t.ok(sameAs(render({ ...PLAN, species })), 'the same seed, the same bytes')
    t.notOk(sameAs(render({ ...PLAN, species, seed: 8 })), 'another seed, another clip')
    const changes = frames.slice(1).filter((frame, i) => !frame.equals(frames[i])).length
    t.equal(changes, species === 'frozen' ? 0 : 9, 'only a frozen feed repeats its bytes')
    t.end()
  })
}

t.test('times follow the frame rate', (t) => {
  const times = [...renderStillClip(PICTURE, { ...PLAN, species: 'noise' })].map(
    ({ monotonicMs }) => monotonicMs,
  )
  t.strictSame(times, [0, 100, 200, 300, 400, 500, 600, 700, 800, 900])
  t.end()
})
