import t from 'tap'
import { createClockWatch } from '../../src/watchdogs/clock-watch.js'

const DAY_MS = 24 * 3_600_000

function setUp() {
  let wallMs = Date.UTC(2027, 0, 1)
  let monotonicMs = 0
  const jumps: number[] = []
  const watch = createClockWatch({
    wallMs: () => wallMs,
    monotonicMs: () => monotonicMs,
    onJump: (byMs) => jumps.push(byMs),
  })
  return {
    watch,
    jumps,
    pass: (ms: number, wallRate = 1) => {
      monotonicMs += ms
      wallMs += ms * wallRate
    },
    set: (byMs: number) => (wallMs += byMs),
  }
}

t.test('a clock set back a day is noticed at the very next look, and trusted again later', (t) => {
  const { watch, jumps, pass, set } = setUp()
  pass(1000)
  t.equal(watch.check(), undefined)
  set(-DAY_MS)
  t.match(watch.check(), { cause: 'the clock jumped by -86400.0 s' })
  pass(9000)
  t.ok(watch.check(), 'not yet')
  pass(1000)
  t.equal(watch.check(), undefined)
  t.strictSame(jumps, [-DAY_MS], 'told once')
  t.end()
})

t.test('each further jump begins the wait anew', (t) => {
  const { watch, jumps, pass, set } = setUp()
  set(3600_000)
  watch.check()
  pass(9000)
  set(-3600_000)
  t.ok(watch.check())
  pass(9000)
  t.ok(watch.check())
  pass(1000)
  t.equal(watch.check(), undefined)
  t.equal(jumps.length, 2)
  t.end()
})

t.test('slewing is no jump, however long it goes on; many small steps are one', (t) => {
  const slewed = setUp()
  for (let second = 0; second < 3600; second++) {
    slewed.pass(1000, 1.0005)
    t.equal(slewed.watch.check(), undefined)
  }
  const stepped = setUp()
  for (let step = 0; step < 10; step++) {
    stepped.pass(1000)
    stepped.set(-500)
    stepped.watch.check()
  }
  t.ok(stepped.jumps.length > 0)
  t.end()
})
