import t from 'tap'
import { readClip } from '../src/capture/clip-reader.js'
import { configSchema } from '../src/config/schema.js'
import type { Frame } from '../src/frame/image.js'
import type { Judgement } from '../src/line.js'
import { createSeededDrawer } from '../src/evaluation/attacks/earlier-session.js'
import { assetPath } from '../src/models/registry.js'
import { openLine } from '../src/open-line.js'
import { loadStages } from '../src/stages.js'

const FRAMES = 30
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
