import t from 'tap'
import type { EndedAttempt } from '../../src/decision/attempt.js'
import { createImage } from '../../src/frame/image.js'
import type { Frame } from '../../src/frame/image.js'
import type { Judgement, Line } from '../../src/line.js'
import { withStageDeadline } from '../../src/watchdogs/stage-deadline.js'

const DEADLINE_MS = 30

const frame: Frame = {
  image: createImage(2, 2, new Uint8Array(12)),
  sequence: 0,
  monotonicMs: 0,
  capturedAtMs: 0,
}
const grant: EndedAttempt = {
  result: { outcome: 'granted', personId: 'anna' },
  frames: 3,
  startedMs: 0,
  endedMs: 0,
  match: undefined,
}

function judgementOf(ended: readonly EndedAttempt[]): Judgement {
  const stages = { detectionMs: 0, qualityMs: 0, livenessMs: 0, encodingMs: 0, matchingMs: 0 }
  const nothing = { tracked: undefined, quality: undefined, liveness: undefined, match: undefined }
  return { frame, faces: [], ...nothing, prompt: undefined, ended, stages }
}

function setUp(judge: Line['judge'], warm: () => Promise<void> = () => Promise.resolve()) {
  const told = { trips: 0, hangs: [] as string[], warmed: 0 }
  const line = withStageDeadline(
    { judge, attemptUnderWay: () => undefined, close: () => [], fail: () => [] },
    {
      deadlineMs: DEADLINE_MS,
      warm: () => {
        told.warmed++
        return warm()
      },
      onTrip: () => told.trips++,
      onHang: (why) => told.hangs.push(why),
    },
  )
  return { line, told }
}

t.test('a grant that comes after the deadline is recorded as a fault', async (t) => {
  let finish: (judgement: Judgement) => void = () => undefined
  const first = new Promise<Judgement>((resolve) => (finish = resolve))
  const judgements = [first, Promise.resolve(judgementOf([]))]
  const { line, told } = setUp(() => judgements.shift() ?? first)
  await t.rejects(line.judge(frame), /longer than 30 ms/)
  t.equal(told.trips, 1)
  await t.rejects(line.judge(frame), /still being judged/, 'never two frames at once')
  finish(judgementOf([grant]))
  const next = await line.judge(frame)
  t.match(next.ended, [{ result: { outcome: 'denied', reason: 'fault' } }])
  t.equal(told.warmed, 1, 'the nets were warmed in between')
  t.strictSame(told.hangs, [])
})

t.test('a stage that never ends asks once for a new process', async (t) => {
  const { line, told } = setUp(() => new Promise(() => undefined))
  for (let i = 0; i < 8; i++) await t.rejects(line.judge(frame))
  t.strictSame(told.hangs, ['a stage does not come to its end'])
})

t.test(
  'after a stage that failed the nets are warmed; if that fails, too, a new process',
  async (t) => {
    let fails = true
    const { line, told } = setUp(
      () =>
        fails ? Promise.reject(new Error('net broke')) : Promise.resolve(judgementOf([grant])),
      () => (fails ? Promise.reject(new Error('still broken')) : Promise.resolve()),
    )
    await t.rejects(line.judge(frame), /net broke/)
    for (let i = 0; i < 3; i++) await t.rejects(line.judge(frame), /still broken/)
    t.strictSame(told.hangs, ['the nets cannot be warmed'])
    fails = false
    t.match((await line.judge(frame)).ended, [{ result: { outcome: 'granted' } }])
  },
)

t.test('a frame in time passes through', async (t) => {
  const { line, told } = setUp(() => Promise.resolve(judgementOf([grant])))
  t.strictSame((await line.judge(frame)).ended, [grant])
  t.same(told, { trips: 0, hangs: [], warmed: 0 })
})
