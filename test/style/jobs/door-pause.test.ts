import t from 'tap'

import { createDoorPause, FRAMES_A_CONCESSION } from '../../../src/style/jobs/door-pause.js'

t.test('a door that always judges lets its painters go on now and then', (t) => {
  const signals: string[] = []
  let nowMs = 0
  const pause = createDoorPause(
    (pid, signal) => signals.push(`${pid} ${signal}`),
    () => nowMs,
  )
  pause.add(7)
  let stood = 0
  for (let frame = 0; frame < 10 * FRAMES_A_CONCESSION; frame++) {
    const before = signals.length
    pause.judging()
    nowMs += 20
    const stops = signals.slice(before)
    if (stops.length > 0) stood++
    pause.judged()
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
  pause.add(7)
  for (let frame = 0; frame < 4 * FRAMES_A_CONCESSION; frame++) {
    pause.judging()
    nowMs += 20
    pause.judged()
    nowMs += 46
  }
  t.equal(signals.filter((signal) => signal === 'SIGSTOP').length, 4 * FRAMES_A_CONCESSION)
  t.end()
})

t.test('a painter that comes while a frame is judged stands still at once', (t) => {
  const signals: string[] = []
  const pause = createDoorPause((pid, signal) => signals.push(`${pid} ${signal}`))
  pause.judging()
  pause.add(7)
  pause.add(8)
  pause.remove(8)
  pause.judged()
  t.strictSame(signals, ['7 SIGSTOP', '8 SIGSTOP', '7 SIGCONT'])
  t.end()
})
