import t from 'tap'

import { createFreshness } from '../../src/fleet/freshness.js'

const HOUR_MS = 3_600_000

function clockAt(wallMs: number) {
  const now = { wallMs, monotonicMs: 0 }
  const memory = new Map<string, unknown>()
  const open = () =>
    createFreshness(
      {
        recall: (name) => memory.get(name),
        remember: (name, value) => void memory.set(name, value),
      },
      { wallMs: () => now.wallMs, monotonicMs: () => now.monotonicMs },
    )
  return { now, open }
}

t.test('a replica that was never read is as old as can be', (t) => {
  const { open } = clockAt(HOUR_MS)
  t.equal(open().ageMinutes(), Number.POSITIVE_INFINITY)
  t.end()
})

t.test('a clock that is set changes nothing while the process lives', (t) => {
  const { now, open } = clockAt(5 * HOUR_MS)
  const freshness = open()
  freshness.confirm(0)
  now.wallMs -= 4 * HOUR_MS
  now.monotonicMs += 10 * 60_000
  t.equal(freshness.ageMinutes(), 10)
  now.wallMs += 400 * HOUR_MS
  t.equal(freshness.ageMinutes(), 10)
  t.end()
})

t.test('after a restart the wall clock tells, unless it went back', (t) => {
  const { now, open } = clockAt(5 * HOUR_MS)
  open().confirm(0)
  now.wallMs += 30 * 60_000
  const freshness = open()
  t.equal(freshness.ageMinutes(), 30)
  now.monotonicMs += 60_000
  t.equal(freshness.ageMinutes(), 31)
  now.wallMs = 4 * HOUR_MS
  t.equal(open().ageMinutes(), Number.POSITIVE_INFINITY)
  t.end()
})

t.test('what took long to read is as old as its beginning, after a restart as well', (t) => {
  const { now, open } = clockAt(5 * HOUR_MS)
  const freshness = open()
  freshness.confirm(4 * 60_000)
  t.equal(freshness.ageMinutes(), 4)
  now.wallMs += 60_000
  now.monotonicMs += 60_000
  t.equal(freshness.ageMinutes(), 5)
  t.equal(open().ageMinutes(), 5)
  t.end()
})
