import { existsSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { readClip } from '../../../src/capture/clip-reader.js'
import { createFaceFinder } from '../../../src/detection/find-faces.js'
import { createLandmarker } from '../../../src/detection/landmarker.js'
import { EMBEDDING_LENGTH } from '../../../src/encoding/embedding.js'
import {
  beginChallenge,
  type Challenge,
  type ChallengeFrame,
} from '../../../src/liveness/challenge/challenge.js'
import {
  CHALLENGE_STEPS,
  createChallengeDrawer,
  REMEMBERED_SEQUENCES,
  type ChallengeStep,
  type DrawnChallenge,
} from '../../../src/liveness/challenge/draw.js'
import {
  movementsOf,
  readFace,
  type FaceReading,
} from '../../../src/liveness/challenge/movements.js'
import { createEyeReader } from '../../../src/liveness/eye-state.js'
import { createFaceViewer } from '../../../src/liveness/face-view.js'
import { assetPath } from '../../../src/models/registry.js'
import { loadDetector, loadEyes, loadLandmarks } from '../../../src/models/session.js'

const franck = assetPath('franck.mp4')
const skip = existsSync(franck) ? false : `${franck} is not there; run npm run prepare`
t.setTimeout(120_000)

function face(axis: number): Float32Array {
  const embedding = new Float32Array(EMBEDDING_LENGTH)
  embedding[axis] = 1
  return embedding
}
const ANNA = face(0)
const BORIS = face(1)

const REST: FaceReading = { turn: 2, nod: 50, closed: 0.02, mouthWidth: 0.8, lipGap: 0.02 }
const DOING: Readonly<Record<ChallengeStep, FaceReading>> = {
  'turn-left': { ...REST, turn: 30 },
  'turn-right': { ...REST, turn: -26 },
  'look-up': { ...REST, nod: 32 },
  blink: { ...REST, closed: 0.98 },
  smile: { ...REST, mouthWidth: 0.95 },
  'mouth-open': { ...REST, lipGap: 0.2 },
}
const FRAME_MS = 66

function drawn(...steps: [ChallengeStep, ChallengeStep]): DrawnChallenge {
  return { nonce: '00'.repeat(16), steps, pausesMs: [300, 500] }
}

/** A person who does what is asked, half a second later, for a third of a second. */
function answer(
  challenge: Challenge,
  act: (step: ChallengeStep) => ChallengeStep | undefined = (step) => step,
  who: (asked: ChallengeStep | undefined) => Float32Array = () => ANNA,
): ChallengeFrame[] {
  const shown: ChallengeFrame[] = []
  let askedMs = 0
  let askedAt = -1
  for (let nowMs = 0; nowMs < 12_000; nowMs += FRAME_MS) {
    const state = challenge.state()
    if (state.name === 'passed' || state.name === 'failed') break
    if (state.name === 'asking' && state.at !== askedAt) {
      askedAt = state.at
      askedMs = nowMs
    }
    const busy = askedAt >= 0 && nowMs - askedMs >= 500 && nowMs - askedMs < 830
    const movement = busy ? act(challenge.drawn.steps[askedAt]) : undefined
    const reading = movement === undefined ? REST : DOING[movement]
    const frame = { monotonicMs: nowMs, reading, embedding: who(busy ? movement : undefined) }
    shown.push(frame)
    challenge.observe(frame)
  }
  return shown
}

t.test('who does what is asked passes, whatever is asked', (t) => {
  for (const first of CHALLENGE_STEPS) {
    for (const second of CHALLENGE_STEPS.filter((step) => step !== first)) {
      const challenge = beginChallenge(drawn(first, second))
      answer(challenge)
      t.equal(challenge.state().name, 'passed', `${first}, ${second}`)
    }
  }
  t.end()
})

t.test('another movement, another order, silence or a late answer fails', (t) => {
  const wrong = beginChallenge(drawn('turn-left', 'smile'))
  answer(wrong, (step) => (step === 'turn-left' ? 'turn-right' : step))
  t.match(wrong.state(), { name: 'failed', reason: 'turn-right instead of turn-left' })
  const swapped = beginChallenge(drawn('smile', 'mouth-open'))
  answer(swapped, (step) => (step === 'smile' ? 'mouth-open' : 'smile'))
  t.equal(swapped.state().name, 'failed')
  const silent = beginChallenge(drawn('blink', 'look-up'))
  answer(silent, () => undefined)
  t.match(silent.state(), { name: 'failed', reason: 'not answered in time' })
  t.end()
})

t.test('another face before, during or after fails', (t) => {
  for (const when of ['during', 'after'] as const) {
    const challenge = beginChallenge(drawn('turn-left', 'smile'))
    let turned = false
    answer(challenge, undefined, (movement) => {
      turned ||= movement !== undefined
      return (when === 'during' ? movement !== undefined : turned) ? BORIS : ANNA
    })
    t.match(challenge.state(), { name: 'failed', reason: 'the face changed during the challenge' })
  }
  const passed = beginChallenge(drawn('turn-left', 'smile'))
  const last = answer(passed).at(-1)?.monotonicMs ?? 0
  passed.observe({ monotonicMs: last + 66, reading: REST, embedding: BORIS })
  t.equal(passed.state().name, 'failed', 'a face that comes after the answer')
  const hidden = beginChallenge(drawn('turn-left', 'smile'))
  for (const frame of answer(beginChallenge(drawn('turn-left', 'smile')))) {
    hidden.observe({ ...frame, embedding: undefined })
  }
  t.not(hidden.state().name, 'passed', 'nobody is no one')
  t.end()
})

t.test('a recording of an answered challenge answers no other one', (t) => {
  const draw = createChallengeDrawer(randomBytes)
  for (let trial = 0; trial < 100; trial++) {
    const earlier = beginChallenge(draw())
    const recording = answer(earlier)
    t.equal(earlier.state().name, 'passed')
    for (const attempt of [1, 2]) {
      const challenge = beginChallenge(draw())
      for (const frame of recording) challenge.observe(frame)
      if (challenge.state().name === 'passed') t.fail(`replay ${trial}.${attempt} passed`)
    }
  }
  t.end()
})

t.test('draws are different steps, and no recent sequence comes again', (t) => {
  const draw = createChallengeDrawer(randomBytes)
  const sequences: string[] = []
  const nonces = new Set<string>()
  for (let i = 0; i < 500; i++) {
    const { steps, nonce, pausesMs } = draw()
    t.not(steps[0], steps[1])
    const sequence = steps.join(' ')
    if (sequences.slice(-REMEMBERED_SEQUENCES).includes(sequence)) t.fail('a repetition')
    sequences.push(sequence)
    nonces.add(nonce)
    t.ok(pausesMs.every((ms) => ms >= 200 && ms <= 1200))
  }
  t.equal(nonces.size, 500)
  t.equal(new Set(sequences).size, 30, 'every sequence comes up')
  t.end()
})

t.test('eyes that were never open do not blink', (t) => {
  const shut = { ...REST, closed: 0.9 }
  t.strictSame(movementsOf({ ...shut, closed: 0.99 }, shut), [])
  t.strictSame(movementsOf(shut, REST), ['blink'])
  t.end()
})

async function readings(file: string, startS: number, durationS: number): Promise<FaceReading[]> {
  const landmarks = await loadLandmarks()
  const finder = createFaceFinder(await loadDetector(), landmarks)
  const view = createFaceViewer(createLandmarker(landmarks), createEyeReader(await loadEyes()))
  const seen: FaceReading[] = []
  for await (const { image } of readClip(file, { framesPerSecond: 12, startS, durationS })) {
    const found = (await finder.find(image)).at(0)
    const reading = found && readFace(await view(image, found.landmarks))
    if (reading !== undefined) seen.push(reading)
  }
  return seen
}

t.test('real movements are seen against the neutral face before them', { skip }, async (t) => {
  const cap13 = assetPath('cap13_edit2.mp4')
  const cases: [string, number, number, ChallengeStep][] = [
    [franck, 24.2, 0.8, 'blink'],
    [franck, 84.5, 0.8, 'blink'],
    [cap13, 14.9, 1.2, 'mouth-open'],
  ]
  for (const [file, startS, durationS, step] of cases) {
    const [neutral, ...rest] = await readings(file, startS, durationS)
    t.ok(
      rest.some((reading) => movementsOf(reading, neutral).includes(step)),
      `${step} at ${startS} s`,
    )
    const others = rest.filter((reading) =>
      movementsOf(reading, neutral).some((movement) => movement !== step && movement !== 'blink'),
    )
    t.equal(others.length, 0, `nothing but ${step}`)
  }
})
