import fc from 'fast-check'
import t from 'tap'
import { backoffMs, CAPTURE_BACKOFF } from '../../src/capture/backoff.js'

t.test('the wait doubles with each failure up to the limit', (t) => {
  const waits = [1, 2, 3, 4, 100].map((failures) => backoffMs(failures, 0.999999))
  t.same(
    waits.map((wait) => Math.round(wait)),
    [250, 500, 1000, 1000, 1000],
  )
  t.end()
})

t.test('half of the wait is random', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (failures, random) => {
        const full = backoffMs(failures, 1)
        const wait = backoffMs(failures, random)
        return wait >= full / 2 && wait <= full && full <= CAPTURE_BACKOFF.maxMs
      },
    ),
  )
  t.pass()
  t.end()
})
