import t from 'tap'

import { createBackOff, pause } from '../../src/events/back-off.js'

t.test('doubles up to half a minute, half of it random, and begins anew', (t) => {
  const shortest = createBackOff(() => 0)
  const longest = createBackOff(() => 0.999_999)
  const pauses = Array.from({ length: 100 }, () => [shortest.next(), longest.next()] as const)
  t.strictSame(
    pauses.slice(0, 8).map(([low]) => low),
    [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000],
  )
  for (const [low, high] of pauses) t.ok(high < low * 2 && high > low * 1.99 && high < 30_000)
  shortest.reset()
  t.equal(shortest.next(), 250)
  t.end()
})

t.test('a pause ends early with the signal and leaves no listener', async (t) => {
  const stop = new AbortController()
  const startedAt = Date.now()
  const waiting = pause(60_000, stop.signal)
  stop.abort()
  await waiting
  await pause(60_000, stop.signal)
  t.ok(Date.now() - startedAt < 1000)
})
