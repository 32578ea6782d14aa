import t from 'tap'
import { readClip } from '../src/capture/clip-reader.js'
import { configSchema } from '../src/config/schema.js'
import { intersectionOverUnion } from '../src/detection/boxes.js'
import { distanceSq } from '../src/encoding/embedding.js'
import { createImage, type Frame, type Image } from '../src/frame/image.js'
import type { Judgement } from '../src/line.js'
import { createSeededDrawer } from '../src/evaluation/attacks/earlier-session.js'
import { assetPath } from '../src/models/registry.js'
import { openLine } from '../src/open-line.js'
import { loadStages } from '../src/stages.js'

const FRAMES = 30
const FRAMES_PER_SECOND = 15
const MATCHED = {
  outcome: 'match',
  personId: 'p',
  distanceSq: 0,
  runnerUpDistanceSq: null,
} as const

/** All that was made of a frame, but for the frame itself and what it took. */
function told({ faces, tracked, quality, liveness, match, prompt, ended }: Judgement): string {
  const reading = { ...liveness, cueMs: undefined }
  return JSON.stringify({ faces, tracked, quality, reading, match, prompt, ended })
}

t.test('what is made of a frame stays, though its memory is written again', async (t) => {
  const config = configSchema.parse({ liveness: { mode: 'challenge', pulse: true } })
  const stages = await loadStages(config.models)
  const open = () => {
    const drawChallenge = createSeededDrawer(1)
    return openLine({ ...stages, drawChallenge }, config, () => MATCHED)
  }
  const frames: Frame[] = []
  const size = { width: 640, height: 480, fit: 'cropped' } as const
  const clip = readClip(assetPath('franck.mp4'), { framesPerSecond: 10, size, durationS: 4 })
  for await (const frame of clip) {
    frames.push(frame)
    if (frames.length === FRAMES) break
  }
  t.equal(frames.length, FRAMES)
  const [kept, reused] = [open(), open()]
  const memory = new Uint8Array(frames[0].image.data.length)
  let faces = 0
  for (const frame of frames) {
    const expected = await kept.judge(frame)
    faces += expected.faces.length
    memory.set(frame.image.data)
    const judgement = await reused.judge({ ...frame, image: { ...frame.image, data: memory } })
    // As the camera does once the frame is given back.
    memory.fill(0x55)
    t.equal(told(judgement), told(expected))
  }
  t.ok(faces >= FRAMES - 2)
})

async function recording(file: string, startS: number, count: number): Promise<Image[]> {
  const size = { width: 640, height: 480, fit: 'cropped' } as const
  const durationS = (count + 1) / FRAMES_PER_SECOND
  const options = { framesPerSecond: FRAMES_PER_SECOND, size, startS, durationS }
  const images: Image[] = []
  for await (const { image } of readClip(assetPath(file), options)) images.push(image)
  return images.slice(0, count)
}

/** A line that counts what its detector is asked, and judges pictures as a camera gives them. */
async function countingLine() {
  const config = configSchema.parse({})
  const stages = await loadStages(config.models)
  let looks = 0
  const line = openLine(
    {
      ...stages,
      finder: {
        ...stages.finder,
        detect(image) {
          looks++
          return stages.finder.detect(image)
        },
      },
    },
    config,
    () => MATCHED,
  )
  let sequence = 0
  return {
    judge: (image: Image) => {
      const monotonicMs = (sequence * 1000) / FRAMES_PER_SECOND
      return line.judge({ image, sequence: sequence++, monotonicMs, capturedAtMs: 0 })
    },
    looks: () => looks,
    stages,
  }
}

t.test('of a face that stays, every other frame is detected', async (t) => {
  const { judge, looks, stages } = await countingLine()
  const images = await recording('franck.mp4', 20, 15)
  for (const [i, image] of images.entries()) {
    const { faces, tracked } = await judge(image)
    const [found] = await stages.finder.find(image)
    t.equal(faces.length, 1)
    t.equal(tracked?.trackId, 1)
    t.ok(intersectionOverUnion(faces[0].box, found.box) > 0.8, `frame ${i}: the detector's box`)
    const [own, other] = [faces[0], found].map((face) => stages.encoder.align(image, face))
    const [a, b] = [await stages.encoder.encode(own), await stages.encoder.encode(other)]
    t.ok(distanceSq(a.vector, b.vector) < 0.1, `frame ${i}: the embedding`)
  }
  t.equal(looks(), 8)
})

t.test('who has gone is not seen in the next frame, whichever it is', async (t) => {
  const images = await recording('franck.mp4', 20, 8)
  for (const stays of [5, 6]) {
    const { judge } = await countingLine()
    for (const image of images.slice(0, stays)) t.equal((await judge(image)).faces.length, 1)
    for (const level of [0, 128]) {
      const empty = createImage(640, 480, new Uint8Array(640 * 480 * 3).fill(level))
      const judgement = await judge(empty)
      t.same(judgement.faces, [])
      t.equal(judgement.liveness, undefined)
      t.equal(judgement.match, undefined)
    }
  }
})

t.test('who takes the place of another is detected, not followed', async (t) => {
  const [first, second] = [
    await recording('franck.mp4', 20, 8),
    await recording('cap13_edit2.mp4', 4, 2),
  ]
  for (const stays of [5, 6]) {
    const { judge, looks } = await countingLine()
    for (const image of first.slice(0, stays)) await judge(image)
    const before = looks()
    const { faces } = await judge(second[0])
    t.ok(looks() > before, 'the detector looked at that very frame')
    t.equal(faces.length, 1)
  }
})
