import fc from 'fast-check'
import t from 'tap'
import { openAttempt } from '../../src/decision/attempt.js'
import type {
  AttemptRules,
  AttemptStep,
  Observation,
  ProbeMatch,
} from '../../src/decision/attempt.js'
import { EMBEDDING_LENGTH } from '../../src/encoding/embedding.js'
import type { LivenessOutcome } from '../../src/liveness/fusion.js'

const rules: AttemptRules = {
  frames: 3,
  windowMs: 1500,
  timeoutMs: 12_000,
  minUnknownMs: 1500,
  swapDistanceSq: 1,
  attackFrames: 3,
}

function unitVector(axis: number): Float32Array {
  const vector = new Float32Array(EMBEDDING_LENGTH)
  vector[axis] = 1
  return vector
}

const anna = { embedding: unitVector(0), match: match('anna') }
const bert = { embedding: unitVector(1), match: match('bert') }
const stranger = {
  embedding: unitVector(2),
  match: { outcome: 'unknown', nearestDistanceSq: 1.6 } as const,
}
const live: LivenessOutcome = { outcome: 'live', reason: 'blink seen' }
const silent: LivenessOutcome = {
  outcome: 'not-enough-evidence',
  prompt: 'please blink',
  reason: 'no sign of life yet',
}
const attack: LivenessOutcome = { outcome: 'attack', reason: 'texture of a screen' }

function match(personId: string): ProbeMatch {
  return { outcome: 'match', personId, distanceSq: 0.4, runnerUpDistanceSq: 1.7 }
}

/** Plays observations at 10 frames a second and returns the last step. */
function play(
  frames: readonly Pick<Observation, 'liveness' | 'probe'>[],
  stepMs = 100,
): AttemptStep {
  const attempt = openAttempt(0, rules)
  let step: AttemptStep = { kind: 'pending', prompt: undefined }
  for (const [i, frame] of frames.entries()) {
    step = attempt.observe({ monotonicMs: i * stepMs, ...frame })
    if (step.kind === 'ended') return step
  }
  return step
}

function resultOf(step: AttemptStep): string {
  if (step.kind !== 'ended') return step.kind
  const { result } = step.attempt
  return result.outcome === 'granted' ? `granted ${result.personId}` : `denied ${result.reason}`
}

t.test('three agreeing live frames grant, two do not', (t) => {
  const frame = { liveness: live, probe: anna }
  t.equal(resultOf(play([frame, frame])), 'pending')
  t.equal(resultOf(play([frame, frame, frame])), 'granted anna')
  t.end()
})

t.test('without evidence of life nobody is granted, however well the face matches', (t) => {
  const frames = Array.from({ length: 200 }, () => ({ liveness: silent, probe: anna }))
  t.equal(resultOf(play(frames)), 'denied no-liveness-evidence')
  t.end()
})

t.test('the display is told what to ask for', (t) => {
  const step = play([{ liveness: silent, probe: anna }])
  t.match(step, { kind: 'pending', prompt: 'please blink' })
  t.match(play([{ liveness: live, probe: { fault: 'come closer' } }]), { prompt: 'come closer' })
  t.end()
})

t.test('frames too far apart do not add up', (t) => {
  const frame = { liveness: live, probe: anna }
  t.equal(resultOf(play([frame, frame, frame], 1000)), 'pending')
  t.end()
})

t.test('a frame that disagrees starts the count over', (t) => {
  const near = { ...bert, embedding: unitVector(0) }
  const frames = [anna, anna, near, anna, anna].map((probe) => ({ liveness: live, probe }))
  t.equal(resultOf(play(frames)), 'pending')
  t.equal(resultOf(play([...frames, { liveness: live, probe: anna }])), 'granted anna')
  t.end()
})

t.test('a face swapped in mid-track takes the evidence of life with it', (t) => {
  const before = Array.from({ length: 10 }, () => ({ liveness: silent, probe: stranger }))
  const swapped = { liveness: live, probe: anna }
  t.equal(resultOf(play([...before, swapped])), 'restart-liveness')
  t.end()
})

t.test('an attack ends the attempt and is never outvoted by a match', (t) => {
  const frame = { liveness: attack, probe: anna }
  t.equal(resultOf(play([frame, frame])), 'pending')
  t.equal(resultOf(play([frame, frame, frame])), 'denied attack')
  t.end()
})

t.test('a live stranger is unknown, but not before the first seconds are over', (t) => {
  const frames = Array.from({ length: 30 }, () => ({ liveness: live, probe: stranger }))
  t.equal(resultOf(play(frames.slice(0, 10))), 'pending')
  t.equal(resultOf(play(frames)), 'denied unknown')
  t.end()
})

t.test('two persons who are too alike are ambiguous, not a coin toss', (t) => {
  const twins: ProbeMatch = { outcome: 'ambiguous', distanceSq: 0.5, runnerUpDistanceSq: 0.52 }
  const frames = Array.from({ length: 30 }, () => ({
    liveness: live,
    probe: { embedding: unitVector(0), match: twins },
  }))
  t.equal(resultOf(play(frames)), 'denied ambiguous')
  t.end()
})

t.test('an attempt whose face left ends in a reason, too', (t) => {
  const attempt = openAttempt(0, rules)
  attempt.observe({ monotonicMs: 0, liveness: silent, probe: { fault: 'come closer' } })
  t.match(attempt.conclude(100).result, { reason: 'low-quality', detail: 'come closer' })
  t.end()
})

t.test('whatever is observed: no grant without live, agreeing frames of that person', (t) => {
  const probe = fc.constantFrom(
    anna,
    bert,
    stranger,
    { fault: 'hold still' },
    { embedding: new Float32Array(EMBEDDING_LENGTH).fill(Number.NaN), match: match('anna') },
  )
  const observation = fc.record({
    liveness: fc.constantFrom(live, silent, attack),
    probe,
    gapMs: fc.integer({ min: 0, max: 900 }),
  })
  fc.assert(
    fc.property(fc.array(observation, { maxLength: 60 }), (observations) => {
      const attempt = openAttempt(0, rules)
      let nowMs = 0
      const seen: (Observation & { readonly at: number })[] = []
      for (const { gapMs, ...frame } of observations) {
        nowMs += gapMs
        seen.push({ ...frame, monotonicMs: nowMs, at: nowMs })
        const step = attempt.observe({ ...frame, monotonicMs: nowMs })
        if (step.kind !== 'ended') continue
        if (step.attempt.result.outcome !== 'granted') return true
        const { personId } = step.attempt.result
        const last = seen.slice(-rules.frames)
        return (
          last.length === rules.frames &&
          last.at(-1)?.liveness.outcome === 'live' &&
          nowMs - last[0].at <= rules.windowMs &&
          last.every(
            ({ probe }) =>
              'match' in probe &&
              probe.match.outcome === 'match' &&
              probe.match.personId === personId,
          )
        )
      }
      return true
    }),
    { numRuns: 2000 },
  )
  t.end()
})
