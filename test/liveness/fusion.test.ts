import fc from 'fast-check'
import t from 'tap'
import { asEvidenceOnly, type CueOutcome, type CueReading } from '../../src/liveness/cue.js'
import {
  fuseCues,
  LIVENESS_MODES,
  NEEDED_CUES,
  type LivenessMode,
} from '../../src/liveness/fusion.js'

const anyNumber = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.constantFrom(NaN, Infinity, -Infinity, -1, 2),
)
const anyOutcome: fc.Arbitrary<CueOutcome> = fc.oneof(
  fc.record({
    verdict: fc.constantFrom('live' as const, 'live' as const, 'attack' as const),
    score: anyNumber,
    reason: fc.string(),
  }),
  fc.record({
    verdict: fc.constant('not-enough-evidence' as const),
    score: fc.option(anyNumber),
    reason: fc.string(),
  }),
)
const names = [...NEEDED_CUES.challenge, 'bezel', 'pulse']
const anyReadings: fc.Arbitrary<CueReading[]> = fc.oneof(
  fc.array(fc.record({ name: fc.constantFrom(...names), outcome: anyOutcome }), { maxLength: 8 }),
  fc
    .tuple(...names.map(() => anyOutcome))
    .map((outcomes) => outcomes.map((outcome, i) => ({ name: names[i], outcome }))),
)
const anyMode = fc.constantFrom(...LIVENESS_MODES)
const manyRuns = { numRuns: 2000 }

const live: CueOutcome = { verdict: 'live', score: 0.95, reason: 'seen' }
const attack: CueOutcome = { verdict: 'attack', score: 0.03, reason: 'a print' }
const silence: CueOutcome = { verdict: 'not-enough-evidence', score: null, reason: 'none' }

function readings(outcomes: Readonly<Record<string, CueOutcome>>): CueReading[] {
  return Object.entries(outcomes).map(([name, outcome]) => ({ name, outcome }))
}

t.test('each mode opens on the cues it needs, and no earlier', (t) => {
  for (const mode of LIVENESS_MODES) {
    const all = Object.fromEntries(NEEDED_CUES[mode].map((name) => [name, live]))
    t.match(fuseCues(mode, readings(all)), { outcome: 'live' }, mode)
    for (const name of NEEDED_CUES[mode]) {
      const without = { ...all, [name]: silence }
      t.match(fuseCues(mode, readings(without)), { outcome: 'not-enough-evidence' }, name)
      const missing = readings(all).filter((reading) => reading.name !== name)
      const fused = fuseCues(mode, missing)
      t.match(fused, { outcome: 'not-enough-evidence', reason: `this build has no cue ${name}` })
    }
  }
  t.end()
})

t.test('the person is told what to do, the log which cue and which score', (t) => {
  const undecided: CueOutcome = {
    verdict: 'not-enough-evidence',
    score: 0.412,
    reason: 'texture undecided',
    prompt: 'Please come closer',
  }
  t.same(fuseCues('life', readings({ feed: live, texture: undecided, life: live })), {
    outcome: 'not-enough-evidence',
    prompt: 'Please come closer',
    reason: 'texture 0.41: texture undecided',
  })
  t.same(fuseCues('texture', readings({ feed: live, texture: live, bezel: attack })), {
    outcome: 'attack',
    reason: 'bezel 0.03: a print',
  })
  t.end()
})

t.test('an attack is never outvoted, whichever cue says it', (t) => {
  fc.assert(
    fc.property(anyMode, anyReadings, fc.nat(), fc.string(), (mode, cues, at, name) => {
      const place = at % (cues.length + 1)
      const withAttack = [...cues.slice(0, place), { name, outcome: attack }, ...cues.slice(place)]
      return fuseCues(mode, withAttack).outcome === 'attack'
    }),
    manyRuns,
  )
  t.end()
})

t.test('taking evidence away never makes live of what was not', (t) => {
  fc.assert(
    fc.property(anyMode, anyReadings, (mode, cues) => {
      if (fuseCues(mode, cues).outcome === 'live') return true
      return cues.every(({ name, outcome }, i) => {
        // An attack taken away is not evidence of life taken away.
        if (outcome.verdict === 'attack') return true
        const silenced = cues.with(i, { name, outcome: silence })
        return (
          fuseCues(mode, silenced).outcome !== 'live' &&
          (fuseCues(mode, cues.toSpliced(i, 1)).outcome !== 'live' ||
            // Of two cues of one name the silent one may go.
            cues.filter((other) => other.name === name).length > 1)
        )
      })
    }),
    manyRuns,
  )
  t.end()
})

t.test('live needs sound numbers from every cue that the mode asks for', (t) => {
  fc.assert(
    fc.property(anyMode, anyReadings, (mode, cues) => {
      if (fuseCues(mode, cues).outcome !== 'live') return true
      return NEEDED_CUES[mode].every((needed) =>
        cues.some(
          ({ name, outcome: { verdict, score } }) =>
            name === needed && verdict === 'live' && score >= 0 && score <= 1,
        ),
      )
    }),
    manyRuns,
  )
  t.end()
})

t.test('a stricter mode never accepts what a laxer one refuses', (t) => {
  fc.assert(
    fc.property(anyReadings, (cues) => {
      const isLive = (mode: LivenessMode) => fuseCues(mode, cues).outcome === 'live'
      return (!isLive('life') || isLive('texture')) && (!isLive('challenge') || isLive('life'))
    }),
    manyRuns,
  )
  t.end()
})

t.test('a cue that is evidence only keeps its score and loses its veto', (t) => {
  const cue = { name: 'bands', observe: () => undefined, outcome: () => attack, restart: () => {} }
  t.same(asEvidenceOnly(cue).outcome(), {
    verdict: 'not-enough-evidence',
    score: 0.03,
    reason: 'a print',
  })
  t.end()
})
