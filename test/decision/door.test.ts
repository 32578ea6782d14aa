import fc from 'fast-check'
import t from 'tap'
import type { Observation } from '../../src/decision/attempt.js'
import { createDoor } from '../../src/decision/door.js'
import type { DoorInput, DoorRules, DoorStep } from '../../src/decision/door.js'
import { EMBEDDING_LENGTH } from '../../src/encoding/embedding.js'

const rules: DoorRules = {
  frames: 3,
  windowMs: 1500,
  timeoutMs: 3000,
  minUnknownMs: 500,
  swapDistanceSq: 1,
  attackFrames: 3,
  minAttemptFrames: 3,
  restAfterGrantMs: 5000,
  restAfterDenialMs: 1000,
}

const embedding = new Float32Array(EMBEDDING_LENGTH)
embedding[0] = 1

function anna(monotonicMs: number, live: boolean): Observation {
  return {
    monotonicMs,
    liveness: live
      ? { outcome: 'live', reason: 'blink seen' }
      : { outcome: 'not-enough-evidence', prompt: 'please blink', reason: 'no sign of life yet' },
    probe: {
      embedding,
      match: { outcome: 'match', personId: 'anna', distanceSq: 0.3, runnerUpDistanceSq: null },
    },
  }
}

function seen(trackId: number, monotonicMs: number, live = true): DoorInput {
  return { monotonicMs, trackId, endedTrackId: undefined, observation: anna(monotonicMs, live) }
}

function outcomes(steps: readonly DoorStep[]): string[] {
  return steps.flatMap(({ ended }) =>
    ended.map(({ result }) => (result.outcome === 'granted' ? 'granted' : result.reason)),
  )
}

t.test('one attempt, one outcome; then the door rests from that face', (t) => {
  const door = createDoor(rules)
  const steps: DoorStep[] = []
  for (let nowMs = 0; nowMs <= 4000; nowMs += 100) {
    if (door.attendsTo(1, nowMs)) steps.push(door.step(seen(1, nowMs)))
  }
  t.same(outcomes(steps), ['granted'])
  t.ok(door.attendsTo(2, 4000), 'another face is not made to wait')
  t.end()
})

t.test('an attempt is under way from the frame on that makes it one, until it ends', (t) => {
  const door = createDoor(rules)
  const underWay: (number | undefined)[] = []
  for (let nowMs = 0; nowMs < 300; nowMs += 100) {
    door.step(seen(1, nowMs, false))
    underWay.push(door.attemptUnderWay()?.frames)
  }
  t.same(underWay, [undefined, undefined, 3])
  t.equal(door.attemptUnderWay()?.startedMs, 0)
  t.equal(door.close(400).length, 1)
  t.equal(door.attemptUnderWay(), undefined)
  t.end()
})

t.test('a denied face may try again after a pause', (t) => {
  const door = createDoor(rules)
  const steps: DoorStep[] = []
  for (let nowMs = 0; nowMs <= 7500; nowMs += 100) {
    if (door.attendsTo(1, nowMs)) steps.push(door.step(seen(1, nowMs, false)))
  }
  t.same(outcomes(steps), ['no-liveness-evidence', 'no-liveness-evidence'])
  t.end()
})

t.test('a face that leaves ends its attempt with a reason', (t) => {
  const door = createDoor(rules)
  for (const nowMs of [0, 100, 200, 300]) door.step(seen(1, nowMs, false))
  const gone = { monotonicMs: 900, trackId: undefined, endedTrackId: 1, observation: undefined }
  t.same(outcomes([door.step(gone)]), ['no-liveness-evidence'])
  t.same(door.close(1000), [], 'and only once')
  t.end()
})

t.test('someone passing by is no attempt', (t) => {
  const door = createDoor(rules)
  door.step(seen(1, 0))
  door.step(seen(1, 100))
  const gone = { monotonicMs: 900, trackId: undefined, endedTrackId: 1, observation: undefined }
  t.same(outcomes([door.step(gone)]), [])
  t.end()
})

t.test('a new face ends the attempt of the one before and opens its own', (t) => {
  const door = createDoor(rules)
  for (const nowMs of [0, 100, 200, 300]) door.step(seen(1, nowMs, false))
  t.same(outcomes([door.step(seen(2, 400))]), ['no-liveness-evidence'])
  t.same(outcomes([door.step(seen(2, 500)), door.step(seen(2, 600))]), ['granted'])
  t.end()
})

t.test('stopping the daemon ends what is open', (t) => {
  const door = createDoor(rules)
  for (const nowMs of [0, 100, 200]) door.step(seen(1, nowMs, false))
  t.equal(door.close(300).length, 1)
  t.end()
})

t.test('a fault in mid-attempt ends it as a fault, whatever was seen before', (t) => {
  const door = createDoor(rules)
  door.step(seen(1, 0))
  door.step(seen(1, 100))
  t.match(door.fail(200, 'camera gone'), [{ result: { reason: 'fault', detail: 'camera gone' } }])
  t.same(door.fail(300, 'camera gone'), [], 'and only once')
  t.end()
})

t.test('evidence of life never carries over from one attempt to the next', (t) => {
  const door = createDoor(rules)
  const steps = [0, 100, 200].map((nowMs) => door.step(seen(1, nowMs)))
  t.ok(steps.at(-1)?.restartLiveness)
  t.end()
})

t.test('whatever comes and goes: attempts never overlap and each ends once', (t) => {
  const arrival = fc.record({
    trackId: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    live: fc.boolean(),
    gapMs: fc.integer({ min: 10, max: 800 }),
  })
  fc.assert(
    fc.property(fc.array(arrival, { maxLength: 80 }), (arrivals) => {
      const door = createDoor(rules)
      let nowMs = 0
      let lastTrack: number | undefined
      let lastEndMs = -1
      for (const { trackId, live, gapMs } of arrivals) {
        nowMs += gapMs
        const endedTrackId = lastTrack === trackId ? undefined : lastTrack
        const judged = trackId !== undefined && door.attendsTo(trackId, nowMs)
        const observation = judged ? anna(nowMs, live) : undefined
        const { ended } = door.step({ monotonicMs: nowMs, trackId, endedTrackId, observation })
        for (const attempt of ended) {
          if (attempt.startedMs < lastEndMs || attempt.endedMs < attempt.startedMs) return false
          lastEndMs = attempt.endedMs
        }
        lastTrack = trackId
      }
      return door.close(nowMs).length <= 1
    }),
    { numRuns: 1000 },
  )
  t.pass('holds for 1,000 histories')
  t.end()
})
