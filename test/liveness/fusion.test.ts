import fc from 'fast-check'
import t from 'tap'
import {
  fuseCues,
  LIVENESS_MODES,
  type Cues,
  type LivenessMode,
} from '../../src/liveness/fusion.js'
import type { LifeEvidence } from '../../src/liveness/life.js'
import type { CueOutcome } from '../../src/liveness/texture.js'

const anyNumber = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.constantFrom(NaN, Infinity, -Infinity, -1, 2),
)
const anyCue: fc.Arbitrary<CueOutcome> = fc.oneof(
  fc.record({
    verdict: fc.constantFrom('live' as const, 'attack' as const),
    score: anyNumber,
    reason: fc.string(),
  }),
  fc.record({
    verdict: fc.constant('not-enough-evidence' as const),
    score: fc.option(anyNumber),
    reason: fc.string(),
  }),
)
const anyTime = fc.oneof(fc.double({ min: 0, max: 60_000, noNaN: true }), fc.constantFrom(NaN))
const anyLife: fc.Arbitrary<LifeEvidence> = fc.record({
  events: fc.array(
    fc.record({
      kind: fc.constantFrom('blink' as const, 'speech' as const),
      monotonicMs: anyTime,
      sinceMs: anyTime,
      strength: anyNumber,
    }),
    { maxLength: 4 },
  ),
  eventCount: fc.nat(9),
  comparedFrames: fc.nat(900),
  observedMs: fc.nat(60_000),
  obstacle: fc.constantFrom(undefined, 'face-too-small' as const),
})
const anyCues: fc.Arbitrary<Cues> = fc.record({
  monotonicMs: anyTime,
  texture: anyCue,
  feed: anyCue,
  life: anyLife,
})
const anyMode = fc.constantFrom(...LIVENESS_MODES)

const live: CueOutcome = { verdict: 'live', score: 0.95, reason: 'seen' }
const blink = { kind: 'blink' as const, monotonicMs: 4000, sinceMs: 3600, strength: 2 }
const aliveCues: Cues = {
  monotonicMs: 5000,
  texture: live,
  feed: live,
  life: {
    events: [blink],
    eventCount: 1,
    comparedFrames: 40,
    observedMs: 5000,
    obstacle: undefined,
  },
}

t.test('a live texture, a changing feed and a blink are a live person', (t) => {
  t.match(fuseCues('life', aliveCues), { outcome: 'live', reason: 'blink seen' })
  t.match(fuseCues('texture', { ...aliveCues, life: { ...aliveCues.life, events: [] } }), {
    outcome: 'live',
  })
  t.end()
})

t.test('without a sign of life there is no life, and the display asks for it', (t) => {
  const silent = { ...aliveCues, life: { ...aliveCues.life, events: [] } }
  t.match(fuseCues('life', silent), { outcome: 'not-enough-evidence', prompt: /blink/i })
  const early = { ...silent, life: { ...silent.life, observedMs: 900 } }
  t.match(fuseCues('life', early), { outcome: 'not-enough-evidence', prompt: /look/i })
  t.end()
})

t.test('an event grows old', (t) => {
  t.match(fuseCues('life', { ...aliveCues, monotonicMs: 15_000 }), {
    outcome: 'not-enough-evidence',
  })
  t.match(fuseCues('life', { ...aliveCues, monotonicMs: 3000 }), {
    outcome: 'not-enough-evidence',
  })
  t.end()
})

t.test('challenge mode refuses until there is a challenge', (t) => {
  t.match(fuseCues('challenge', aliveCues), { outcome: 'not-enough-evidence' })
  t.end()
})

t.test('an attack is never outvoted', (t) => {
  fc.assert(
    fc.property(anyMode, anyCues, fc.constantFrom('texture', 'feed'), (mode, cues, name) => {
      const attack: CueOutcome = { verdict: 'attack', score: 0, reason: 'print' }
      return fuseCues(mode, { ...cues, [name]: attack }).outcome === 'attack'
    }),
  )
  t.end()
})

t.test('taking evidence away never makes live of what was not', (t) => {
  const silence: CueOutcome = { verdict: 'not-enough-evidence', score: null, reason: 'none' }
  fc.assert(
    fc.property(anyMode, anyCues, (mode, cues) => {
      if (fuseCues(mode, cues).outcome === 'live') return true
      const poorer: Cues[] = [
        { ...cues, life: { ...cues.life, events: [] } },
        { ...cues, life: { ...cues.life, events: cues.life.events.slice(1) } },
      ]
      // An attack taken away is not evidence of life taken away.
      if (cues.texture.verdict !== 'attack') poorer.push({ ...cues, texture: silence })
      if (cues.feed.verdict !== 'attack') poorer.push({ ...cues, feed: silence })
      return poorer.every((other) => fuseCues(mode, other).outcome !== 'live')
    }),
  )
  t.end()
})

t.test('live needs sound numbers from every cue that the mode asks for', (t) => {
  fc.assert(
    fc.property(anyMode, anyCues, (mode, cues) => {
      if (fuseCues(mode, cues).outcome !== 'live') return true
      const sound = [cues.texture, cues.feed].every(
        ({ verdict, score }) => verdict === 'live' && score >= 0 && score <= 1,
      )
      const event = cues.life.events.some(
        ({ monotonicMs, strength }) => strength >= 1 && monotonicMs <= cues.monotonicMs,
      )
      return sound && mode !== 'challenge' && (mode === 'texture' || event)
    }),
    { numRuns: 2000 },
  )
  t.end()
})

t.test('a stricter mode never accepts what a laxer one refuses', (t) => {
  fc.assert(
    fc.property(anyCues, (cues) => {
      const isLive = (mode: LivenessMode) => fuseCues(mode, cues).outcome === 'live'
      return (!isLive('life') || isLive('texture')) && (!isLive('challenge') || isLive('life'))
    }),
    { numRuns: 2000 },
  )
  t.end()
})
