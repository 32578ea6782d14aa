import t from 'tap'
import { ulid } from 'ulid'
import type { Camera } from '../src/capture/camera.js'
import type { EndedAttempt } from '../src/decision/attempt.js'
import type { Decision } from '../src/decision/decision.js'
import { runDoorLoop } from '../src/door-loop.js'
import type { DoorLoopParts, LoopFault } from '../src/door-loop.js'
import { createImage } from '../src/frame/image.js'
import type { Frame } from '../src/frame/image.js'
import type { Line } from '../src/line.js'

const image = createImage(2, 2, new Uint8Array(12))
const person = {
  id: ulid(),
  name: 'Anna',
  active: true,
  createdAtMs: 0,
  validFromMs: null,
  validUntilMs: null,
  groups: [],
  retainUntilMs: null,
  version: 1,
}

function ended(result: EndedAttempt['result']): EndedAttempt {
  return { result, frames: 5, startedMs: 0, endedMs: 500, match: undefined }
}

const grantForAnna = ended({ outcome: 'granted', personId: person.id })

/** A camera that gives so many frames and then nothing more. */
function cameraOf(frameCount: number): Camera {
  let given = 0
  return {
    description: 'a test',
    state: { name: 'ready', framesPerSecond: 10 },
    start: () => undefined,
    stop: () => Promise.resolve(),
    nextFrame(signal) {
      if (given < frameCount) {
        const frame: Frame = { image, sequence: given, monotonicMs: given * 100, capturedAtMs: 0 }
        given++
        return Promise.resolve(frame)
      }
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve(undefined), { once: true })
      })
    },
  }
}

/** A line that ends the given attempt at its first frame, and has one open when it fails. */
function lineOf(judge: Line['judge'], open: EndedAttempt[] = []): Line {
  return {
    judge,
    attemptUnderWay: () => undefined,
    close: () => open.splice(0),
    fail: (_, detail) =>
      open.splice(0).map((attempt) => ({
        ...attempt,
        result: { outcome: 'denied', reason: 'fault', detail },
      })),
  }
}

function judgementOf(frame: Frame, attempts: readonly EndedAttempt[]) {
  const stages = { detectionMs: 0, qualityMs: 0, livenessMs: 0, encodingMs: 0, matchingMs: 0 }
  const nothing = { tracked: undefined, quality: undefined, liveness: undefined, match: undefined }
  return { frame, faces: [], ...nothing, prompt: undefined, ended: attempts, stages }
}

interface Ran {
  readonly recorded: Decision[]
  readonly faults: (LoopFault | undefined)[]
}

/** Runs a loop until `enough` holds, then stops it. */
async function run(
  parts: Pick<DoorLoopParts, 'camera' | 'line'> & Partial<DoorLoopParts>,
  enough: (ran: Ran) => boolean,
): Promise<Ran> {
  const ran: Ran = { recorded: [], faults: [] }
  const stopping = new AbortController()
  const check = () => {
    if (enough(ran)) stopping.abort()
  }
  await runDoorLoop(
    {
      describe: () => ({
        door: 'front',
        threshold: 1,
        galleryPersons: 1,
        models: {},
        findPerson: () => person,
        judgeAccess: () => ({ outcome: 'permitted' }),
      }),
      newId: () => ulid(),
      begin: () => undefined,
      nowMs: () => Date.now(),
      monotonicMs: () => performance.now(),
      onFrame: () => undefined,
      onJudgement: () => undefined,
      frameTimeoutMs: 30,
      retryMs: 5,
      ...parts,
      record(decision, trackId) {
        parts.record?.(decision, trackId)
        ran.recorded.push(decision)
        check()
      },
      onFault(fault) {
        ran.faults.push(fault)
        check()
      },
    },
    stopping.signal,
  )
  return ran
}

t.test('an attempt that ends is recorded once', async (t) => {
  const line = lineOf((frame) =>
    Promise.resolve(judgementOf(frame, frame.sequence === 0 ? [grantForAnna] : [])),
  )
  const { recorded } = await run({ camera: cameraOf(3), line }, ({ faults }) => faults.length >= 3)
  t.match(recorded, [{ outcome: 'granted', person: { id: person.id } }])
  t.equal(recorded.length, 1)
})

t.test(
  'a grant that cannot be written opens nothing and is recorded as a fault later',
  async (t) => {
    let tries = 0
    const line = lineOf((frame) =>
      Promise.resolve(judgementOf(frame, frame.sequence === 0 ? [grantForAnna] : [])),
    )
    const { recorded, faults } = await run(
      {
        camera: cameraOf(2),
        line,
        record() {
          if (++tries < 4) throw new Error('disk full')
        },
      },
      ({ recorded }) => recorded.length > 0,
    )
    t.equal(tries, 4, 'it keeps on trying')
    t.match(recorded, [{ outcome: 'denied', reason: 'fault' }])
    t.match(faults.at(0)?.cause, /disk full/)
  },
)

t.test(
  'a stage that throws ends the open attempt as a fault; the next frame is judged',
  async (t) => {
    const open = [ended({ outcome: 'denied', reason: 'unknown', detail: '' })]
    const line = lineOf((frame) => {
      if (frame.sequence === 0) return Promise.reject(new Error('net broke'))
      return Promise.resolve(judgementOf(frame, []))
    }, open)
    const { recorded, faults } = await run({ camera: cameraOf(2), line }, ({ faults }) =>
      faults.includes(undefined),
    )
    t.match(recorded, [{ outcome: 'denied', reason: 'fault', detail: 'a stage failed' }])
    t.match(faults.at(0)?.cause, /net broke/)
    t.equal(faults.at(-1), undefined, 'the fault is taken back')
  },
)

t.test('a grant whose person cannot be read is no grant, and not lost either', async (t) => {
  const line = lineOf((frame) =>
    Promise.resolve(judgementOf(frame, frame.sequence === 0 ? [grantForAnna] : [])),
  )
  const { recorded, faults } = await run(
    {
      camera: cameraOf(2),
      line,
      describe: () => ({
        door: 'front',
        threshold: 1,
        galleryPersons: 1,
        models: {},
        findPerson() {
          throw new Error('database locked')
        },
        judgeAccess: () => ({ outcome: 'permitted' }),
      }),
    },
    ({ recorded }) => recorded.length > 0,
  )
  t.match(recorded, [{ outcome: 'denied', reason: 'fault' }])
  t.match(faults.at(0)?.cause, /database locked/)
})

t.test('an attempt under way is noted once, and its decision has the id of the note', async (t) => {
  const begun: { id: string; frames: number }[] = []
  let frames = 0
  const line: Line = {
    ...lineOf((frame) => {
      frames = frame.sequence + 1
      const attempts = frame.sequence === 4 ? [{ ...grantForAnna, startedMs: 7 }] : []
      return Promise.resolve(judgementOf(frame, attempts))
    }),
    attemptUnderWay: () => (frames >= 3 && frames < 5 ? { startedMs: 7, frames } : undefined),
  }
  const { recorded } = await run(
    { camera: cameraOf(5), line, begin: (attempt) => void begun.push(attempt) },
    ({ recorded }) => recorded.length > 0,
  )
  t.match(begun, [{ frames: 3 }])
  t.match(recorded, [{ outcome: 'granted', id: begun[0]?.id }])
})

t.test('an attempt that cannot be noted ends as a fault', async (t) => {
  const open = [{ ...grantForAnna, startedMs: 7 }]
  const line: Line = {
    ...lineOf((frame) => Promise.resolve(judgementOf(frame, [])), open),
    attemptUnderWay: () => (open.length > 0 ? { startedMs: 7, frames: 3 } : undefined),
  }
  const { recorded, faults } = await run(
    {
      camera: cameraOf(2),
      line,
      begin() {
        throw new Error('disk full')
      },
    },
    ({ recorded }) => recorded.length > 0,
  )
  t.match(recorded, [{ outcome: 'denied', reason: 'fault' }])
  t.ok(faults.some((fault) => /disk full/.test(fault?.cause ?? '')))
})

t.test('a frame is given back once it is judged and a newer one is shown', async (t) => {
  const events: string[] = []
  const line = lineOf(({ sequence, ...frame }) => {
    events.push(`judges ${sequence}`)
    return sequence === 1
      ? Promise.reject(new Error('given up, and still at work'))
      : Promise.resolve(judgementOf({ sequence, ...frame }, []))
  })
  const camera: Camera = {
    ...cameraOf(4),
    giveBack: ({ sequence }) => void events.push(`back ${sequence}`),
  }
  const onFrame = ({ sequence }: Frame) => void events.push(`shows ${sequence}`)
  await run({ camera, line, onFrame }, ({ faults }) => faults.length >= 4)
  t.same(events, [
    ...['shows 0', 'judges 0', 'shows 1', 'back 0', 'judges 1'],
    ...['shows 2', 'judges 2', 'shows 3', 'back 2', 'judges 3'],
  ])
})

t.test('a camera that falls silent ends the open attempt as a fault', async (t) => {
  const open = [ended({ outcome: 'denied', reason: 'unknown', detail: '' })]
  const line = lineOf((frame) => Promise.resolve(judgementOf(frame, [])), open)
  const { recorded } = await run(
    { camera: cameraOf(1), line },
    ({ recorded }) => recorded.length > 0,
  )
  t.match(recorded, [{ outcome: 'denied', reason: 'fault', detail: 'no frame from the camera' }])
})

t.test('stopping records what was open', async (t) => {
  const open = [ended({ outcome: 'denied', reason: 'unknown', detail: 'left' })]
  const line = lineOf((frame) => Promise.resolve(judgementOf(frame, [])), open)
  const { recorded } = await run(
    { camera: cameraOf(5), line, frameTimeoutMs: 5000 },
    ({ faults }) => faults.includes(undefined),
  )
  t.match(recorded, [{ outcome: 'denied', reason: 'unknown' }])
})

t.test('nobody enters by the last frame of a camera that broke while it was judged', async (t) => {
  let state: Camera['state'] = { name: 'ready', framesPerSecond: 10 }
  const camera: Camera = {
    ...cameraOf(3),
    get state() {
      return state
    },
  }
  const line = lineOf((frame) => {
    if (frame.sequence === 1) state = { name: 'degraded', cause: 'unplugged', cure: 'plug it in' }
    return Promise.resolve(judgementOf(frame, frame.sequence < 2 ? [grantForAnna] : []))
  })
  const { recorded } = await run({ camera, line }, ({ faults }) => faults.length >= 3)
  t.match(recorded, [
    { outcome: 'granted' },
    { outcome: 'denied', reason: 'fault', detail: 'unplugged' },
  ])
})

t.test('a grant while the clock is not to be trusted is recorded as a fault', async (t) => {
  const line = lineOf((frame) =>
    Promise.resolve(judgementOf(frame, frame.sequence === 0 ? [grantForAnna] : [])),
  )
  const { recorded } = await run(
    { camera: cameraOf(3), line, withhold: () => ({ cause: 'the clock jumped', cure: 'wait' }) },
    ({ faults }) => faults.length >= 3,
  )
  t.match(recorded, [{ outcome: 'denied', reason: 'fault', detail: 'the clock jumped' }])
  t.equal(recorded.length, 1)
})

t.test(
  'the loop says that it lives while a degraded camera gives nothing, and only then',
  async (t) => {
    for (const [state, lives] of [
      [{ name: 'degraded', cause: 'unplugged', cure: 'plug it in' }, true],
      [{ name: 'ready', framesPerSecond: 10 }, false],
    ] as const) {
      let waits = 0
      let fails = 0
      const line = lineOf((frame) => Promise.resolve(judgementOf(frame, [])))
      const stopping = new AbortController()
      await runDoorLoop(
        {
          camera: { ...cameraOf(0), state },
          line: {
            ...line,
            fail: () => {
              if (++fails === 3) stopping.abort()
              return []
            },
          },
          describe: () => ({
            door: 'front',
            threshold: 1,
            galleryPersons: 1,
            models: {},
            findPerson: () => person,
            judgeAccess: () => ({ outcome: 'permitted' }),
          }),
          newId: () => ulid(),
          begin: () => undefined,
          nowMs: () => Date.now(),
          monotonicMs: () => performance.now(),
          record: () => undefined,
          onFrame: () => undefined,
          onJudgement: () => undefined,
          onWaiting: () => waits++,
          onFault: () => undefined,
          frameTimeoutMs: 10,
          retryMs: 5,
        },
        stopping.signal,
      )
      t.equal(waits > 0, lives, state.name)
    }
  },
)
