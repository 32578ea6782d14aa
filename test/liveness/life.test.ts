import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readClip } from '../../src/capture/clip-reader.js'
import { createFaceFinder } from '../../src/detection/find-faces.js'
import { createLandmarker } from '../../src/detection/landmarker.js'
import type { Frame, Image } from '../../src/frame/image.js'
import { createEyeReader } from '../../src/liveness/eye-state.js'
import { createFaceViewer } from '../../src/liveness/face-view.js'
import { createCues } from '../../src/liveness/cues.js'
import { createLivenessJudge, type LivenessReading } from '../../src/liveness/judge.js'
import {
  createLifeAccumulator,
  MAX_EVENTS,
  type LifeAccumulator,
  type LifeObservation,
} from '../../src/liveness/life.js'
import {
  renderStillClip,
  STILL_SPECIES,
  type StillSpecies,
} from '../../src/liveness/still-simulator.js'
import { createMaskScorer } from '../../src/liveness/mask.js'
import { createTextureScorer } from '../../src/liveness/texture.js'
import { cacheFolder } from '../../src/models/registry.js'
import {
  loadDetector,
  loadEyes,
  loadLandmarks,
  loadNet,
  loadTexture,
} from '../../src/models/session.js'

const franck = join(cacheFolder, 'assets', 'franck.mp4')
const skip = existsSync(franck) ? false : `${franck} is not there; run npm run prepare`
const options = { skip, timeout: 120_000 }

t.setTimeout(300_000)

async function loadStages() {
  const landmarks = await loadLandmarks()
  const viewFace = createFaceViewer(createLandmarker(landmarks), createEyeReader(await loadEyes()))
  return {
    finder: createFaceFinder(await loadDetector(), landmarks),
    viewFace,
    scoreTexture: createTextureScorer(await loadTexture()),
    scoreMask: createMaskScorer(await loadNet('mask')),
  }
}
type Stages = Awaited<ReturnType<typeof loadStages>>

let stages: Stages
t.before(async () => {
  if (skip === false) stages = await loadStages()
})

/** A part of the talking-face clip in which the man talks and blinks. */
async function talkingMan(framesPerSecond: number, durationS: number): Promise<Frame[]> {
  const frames = []
  for await (const frame of readClip(franck, { framesPerSecond, startS: 5, durationS })) {
    frames.push(frame)
  }
  return frames
}

function* stillFrames(picture: Image, species: StillSpecies, seconds: number): Generator<Frame> {
  let sequence = 0
  const plan = { species, seed: 11, framesPerSecond: 10, seconds, width: 320, height: 240 }
  for (const { image, monotonicMs } of renderStillClip(picture, plan)) {
    yield { image, monotonicMs, capturedAtMs: 0, sequence: sequence++ }
  }
}

async function observeAll(frames: Iterable<Frame>, life: LifeAccumulator) {
  const observations: LifeObservation[] = []
  for (const { image, monotonicMs } of frames) {
    const face = (await stages.finder.find(image)).at(0)
    if (face === undefined) continue
    const observation = { monotonicMs, view: await stages.viewFace(image, face.landmarks) }
    observations.push(observation)
    life.observe(observation)
  }
  return observations
}

t.test('a talking man shows life at 8, 12 and 24 frames a second', options, async (t) => {
  const observations = await observeAll(await talkingMan(24, 3), createLifeAccumulator())
  for (const every of [3, 2, 1]) {
    const life = createLifeAccumulator()
    for (const observation of observations.filter((_, i) => i % every === 0)) {
      life.observe(observation)
    }
    const { events, eventCount } = life.evidence()
    t.ok(
      events.some(({ kind }) => kind === 'blink'),
      `blinks at ${24 / every} frames a second`,
    )
    t.ok(eventCount >= events.length && events.every(({ strength }) => strength > 1))
    t.ok(events.every(({ sinceMs, monotonicMs }) => sinceMs < monotonicMs))
  }
})

t.test('a still of him shows none, however it is shown', options, async (t) => {
  const [{ image }] = await talkingMan(1, 1)
  for (const species of STILL_SPECIES) {
    const life = createLifeAccumulator()
    const observations = await observeAll(stillFrames(image, species, 2), life)
    t.ok(observations.length > 15, `${species}: the face is found`)
    t.strictSame(life.evidence().events, [], species)
  }
})

t.test('what is remembered is bounded, and a restart forgets it', options, async (t) => {
  const life = createLifeAccumulator()
  const observations = await observeAll(await talkingMan(12, 4), life)
  for (let turn = 1; turn < 25; turn++) {
    for (const { monotonicMs, view } of observations) {
      life.observe({ monotonicMs: monotonicMs + turn * 4000, view })
    }
  }
  const { events, eventCount } = life.evidence()
  t.equal(events.length, MAX_EVENTS)
  t.ok(eventCount > MAX_EVENTS)
  life.restart()
  t.match(life.evidence(), { events: [], eventCount: 0, comparedFrames: 0, observedMs: 0 })
})

t.test('time that does not advance, gaps and broken numbers give nothing', options, async (t) => {
  const observations = await observeAll(await talkingMan(12, 4), createLifeAccumulator())
  const replay = (map: (o: LifeObservation, i: number) => LifeObservation) => {
    const life = createLifeAccumulator()
    observations.map(map).forEach((observation) => life.observe(observation))
    return life.evidence()
  }
  t.ok(replay((o) => o).eventCount > 0, 'as recorded there is life')
  t.equal(replay((o) => ({ ...o, monotonicMs: 1000 })).eventCount, 0, 'one time for all')
  t.equal(replay((o) => ({ ...o, monotonicMs: NaN })).eventCount, 0, 'no time')
  t.equal(replay((o, i) => ({ ...o, monotonicMs: i * 600 })).comparedFrames, 0, 'gaps')
  const tiny = replay((o) => ({ ...o, view: { ...o.view, eyeDistancePx: 10 } }))
  t.match(tiny, { eventCount: 0, obstacle: 'face-too-small' })
  const broken = new Float32Array(128 * 128).fill(NaN)
  const blind = replay((o, i) =>
    i % 2 === 0 ? o : { ...o, view: { ...o.view, gray: { side: 128, pixels: broken } } },
  )
  t.ok(blind.eventCount <= replay((o) => o).eventCount)
  const blank = replay((o) => ({ ...o, view: { ...o.view, gray: { side: 128, pixels: broken } } }))
  t.equal(blank.eventCount, 0, 'no picture')
})

async function lastReading(frames: Iterable<Frame>): Promise<LivenessReading | undefined> {
  const judge = createLivenessJudge({
    mode: 'life',
    viewFace: stages.viewFace,
    cues: createCues({ ...stages, askAfterMs: 3000 }),
  })
  let reading: LivenessReading | undefined
  for (const frame of frames) {
    const face = (await stages.finder.find(frame.image)).at(0)
    if (face !== undefined) reading = await judge.judge(frame, face)
  }
  return reading
}

t.test('all cues together: the man is live, his frozen picture an attack', options, async (t) => {
  const frames = await talkingMan(12, 4)
  t.match(await lastReading(frames), { fused: { outcome: 'live' } })
  const [{ image }] = frames
  t.match(await lastReading(stillFrames(image, 'frozen', 2)), { fused: { outcome: 'attack' } })
  const moved = await lastReading(stillFrames(image, 'translate', 2))
  t.not(moved?.fused.outcome, 'live')
  t.equal(moved?.lifeEvents, 0)
})
