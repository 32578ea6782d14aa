import t from 'tap'

import { createBoundGate } from '../../src/events/bound-gate.js'

const HOUR = 3_600_000

t.test('opens after the trial, and closes again when the clock leaps', (t) => {
  let wall = 0
  let monotonic = 500
  const gate = createBoundGate({ nowMs: () => wall, monotonicMs: () => monotonic }, HOUR)
  const pass = (ms: number): boolean => {
    wall += ms
    monotonic += ms
    return gate.isOpen()
  }
  t.equal(gate.isOpen(), false)
  t.equal(pass(HOUR - 1), false)
  t.equal(pass(1), true)
  wall += 40 * 24 * HOUR
  t.equal(gate.isOpen(), false, 'a time server was reached')
  t.equal(pass(HOUR - 1), false)
  t.equal(pass(1), true)
  wall -= 24 * HOUR
  t.equal(gate.isOpen(), false, 'set back a day')
  t.equal(pass(HOUR), true)
  for (let minute = 0; minute < 600; minute++) {
    wall += 5
    t.equal(pass(60_000), true, 'a clock that drifts is not one that leaps')
  }
  t.end()
})
