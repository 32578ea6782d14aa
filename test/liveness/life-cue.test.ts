import t from 'tap'
import { judgeLife } from '../../src/liveness/life-cue.js'

const blink = { kind: 'blink' as const, monotonicMs: 4000, sinceMs: 3600, strength: 2 }
const seen = {
  events: [blink],
  eventCount: 1,
  comparedFrames: 40,
  observedMs: 5000,
  obstacle: undefined,
}

t.test('a blink is life for a while', (t) => {
  t.match(judgeLife(seen, 5000), { verdict: 'live', reason: 'blink seen', eventCount: 1 })
  t.match(judgeLife(seen, 15_000), { verdict: 'not-enough-evidence' }, 'it grows old')
  t.match(judgeLife(seen, 3000), { verdict: 'not-enough-evidence' }, 'it lies ahead')
  t.match(judgeLife(seen, NaN), { verdict: 'not-enough-evidence' }, 'no time')
  const weak = { ...seen, events: [{ ...blink, strength: NaN }] }
  t.match(judgeLife(weak, 5000), { verdict: 'not-enough-evidence' })
  t.end()
})

t.test('without one the display asks for it after a while', (t) => {
  const quiet = { ...seen, events: [], eventCount: 0 }
  t.match(judgeLife(quiet, 5000), { verdict: 'not-enough-evidence', prompt: /blink, or/i })
  const long = judgeLife({ ...quiet, observedMs: 7000 }, 7000)
  t.match(long, { prompt: /cap/ }, 'asked in vain: perhaps eyes and mouth are covered')
  const early = judgeLife({ ...quiet, observedMs: 900 }, 5000)
  t.match(early, { verdict: 'not-enough-evidence' })
  t.notOk('prompt' in early)
  t.match(judgeLife({ ...quiet, obstacle: 'face-too-small' }, 5000), { prompt: /closer/ })
  t.end()
})
