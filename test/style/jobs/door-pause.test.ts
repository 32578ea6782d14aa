import t from 'tap'

import {
  ALONE_AFTER_MS,
  createDoorPause,
  FRAMES_A_CONCESSION,
  VISIT_MOST_MS,
} from '../../../src/style/jobs/door-pause.js'

t.test('a door that always judges lets its painters go on now and then', (t) => {
  const signals: string[] = []
  let nowMs = 0
  const pause = createDoorPause(
    (pid, signal) => signals.push(`${pid} ${signal}`),
    () => nowMs,
  )
  pause.add(7, 'live')
  let stood = 0
  for (let frame = 0; frame < 10 * FRAMES_A_CONCESSION; frame++) {
    const before = signals.length
    pause.judging()
    nowMs += 20
    const stops = signals.slice(before)
    if (stops.length > 0) stood++
    pause.judged(false)
    t.strictSame(signals.slice(before), stops.length === 0 ? [] : ['7 SIGSTOP', '7 SIGCONT'])
  }
  t.equal(stood, 10 * (FRAMES_A_CONCESSION - 1))
  t.ok(1 / FRAMES_A_CONCESSION < 0.05, 'rare enough to leave the 95th percentile alone')
  t.end()
})

t.test('a door that leaves time enough between frames concedes none', (t) => {
  const signals: string[] = []
  let nowMs = 0
  const pause = createDoorPause(
    (_pid, signal) => signals.push(signal),
    () => nowMs,
  )
  pause.add(7, 'live')
  for (let frame = 0; frame < 4 * FRAMES_A_CONCESSION; frame++) {
    pause.judging()
    nowMs += 20
    pause.judged(false)
    nowMs += 46
  }
  t.equal(signals.filter((signal) => signal === 'SIGSTOP').length, 4 * FRAMES_A_CONCESSION)
  t.end()
})

t.test('a painter that comes while a frame is judged stands still at once', (t) => {
  const signals: string[] = []
  const pause = createDoorPause((pid, signal) => signals.push(`${pid} ${signal}`))
  pause.judging()
  pause.add(7, 'live')
  pause.add(8, 'job')
  pause.remove(8)
  pause.judged(false)
  t.strictSame(signals, ['7 SIGSTOP', '8 SIGSTOP', '7 SIGCONT'])
  t.end()
})

const FRAME_MS = 66
const JUDGING_MS = 20

t.test(
  'a job stands still while somebody is before the door; a live picture only for a frame',
  (t) => {
    const isRunning = new Map([
      [1, true],
      [2, true],
    ])
    let nowMs = 0
    const pause = createDoorPause(
      (pid, signal) => isRunning.set(pid, signal === 'SIGCONT'),
      () => nowMs,
    )
    pause.add(1, 'job')
    pause.add(2, 'live')
    const frame = (isSomebodyThere: boolean) => {
      pause.judging()
      t.notOk(isRunning.get(1) || isRunning.get(2), 'nobody paints while a frame is judged')
      nowMs += JUDGING_MS
      pause.judged(isSomebodyThere)
      const job = isRunning.get(1)
      t.ok(isRunning.get(2))
      nowMs += FRAME_MS - JUDGING_MS
      return job
    }
    t.ok(frame(false), 'an empty room')
    for (let shownMs = 0; shownMs < 10_000; shownMs += FRAME_MS) t.notOk(frame(true), 'a visit')
    const leftMs = nowMs
    while (!frame(false)) t.ok(nowMs - leftMs < ALONE_AFTER_MS + 2 * FRAME_MS, 'a moment after')
    t.ok(nowMs - leftMs >= ALONE_AFTER_MS - FRAME_MS)

    t.notOk(frame(true), 'another visit')
    nowMs += ALONE_AFTER_MS
    pause.lookAround()
    t.ok(isRunning.get(1), 'no frame comes any more')

    const fromMs = nowMs
    let job = frame(true)
    t.notOk(job)
    while (!job) {
      t.ok(nowMs - fromMs < VISIT_MOST_MS + 2 * FRAME_MS)
      job = frame(true)
    }
    t.ok(nowMs - fromMs >= VISIT_MOST_MS, 'whoever stays is worked beside')
    t.ok(frame(true))
    t.end()
  },
)
