import t from 'tap'
import { judgeForAgeing, type GrantedFace, type KnownTemplate } from '../../src/learning/ageing.js'

const DAY_MS = 24 * 3_600_000
const RULES = { mode: 'auto', everyDays: 30, maxPerPerson: 3 } as const
const NOW = 1000 * DAY_MS

/** At a squared distance from the first axis. */
function embedding(distanceSq: number, modelId = 'm') {
  const cosine = 1 - distanceSq / 2
  return { modelId, vector: Float32Array.of(cosine, Math.sqrt(1 - cosine * cosine)) }
}

const enrolled: KnownTemplate = { embedding: embedding(0), source: 'upload', enrolledAtMs: 0 }
const face: GrantedFace = { probe: embedding(0.4), quality: 0.8, leadSq: 1 }

function judge(
  changed: Partial<GrantedFace> = {},
  known: readonly KnownTemplate[] = [enrolled],
  rules: Parameters<typeof judgeForAgeing>[3] = RULES,
) {
  const verdict = judgeForAgeing({ ...face, ...changed }, known, 1, rules, NOW)
  return verdict.outcome === 'wanted' ? 'wanted' : verdict.why
}

t.test('only a face far above the threshold, good, alone and new becomes a template', (t) => {
  t.equal(judge(), 'wanted')
  t.equal(judge({}, [enrolled], { ...RULES, mode: 'off' }), 'off')
  t.equal(judge({ probe: embedding(0.7) }), 'too far from an enrolment')
  t.equal(judge({ quality: 0.5 }), 'not good enough')
  t.equal(judge({ quality: NaN }), 'not good enough')
  t.equal(judge({ leadSq: 0.2 }), 'somebody else is too alike')
  t.equal(judge({ leadSq: null }), 'wanted', 'with nobody else there')
  t.equal(judge({ probe: embedding(0.01) }), 'no news')
  t.equal(judge({ probe: embedding(0.4, 'other') }), 'too far from an enrolment')
  t.equal(judge({}, []), 'too far from an enrolment')
  t.end()
})

t.test('rarely, seldom more than a few, and never away from what people enrolled', (t) => {
  const aged = (distanceSq: number, enrolledAtMs: number): KnownTemplate => ({
    embedding: embedding(distanceSq),
    source: 'grant',
    enrolledAtMs,
  })
  t.equal(judge({}, [enrolled, aged(0.2, NOW - 10 * DAY_MS)]), 'the last one is too recent')
  t.equal(judge({}, [enrolled, aged(0.02, NOW - 31 * DAY_MS)]), 'wanted')
  const three = [0.1, 0.2, 0.3].map((distance) => aged(distance, 0))
  t.equal(judge({}, [enrolled, ...three]), 'this person has as many as may be')
  t.equal(
    judge({ probe: embedding(0.8) }, [enrolled, aged(0.55, 0)]),
    'too far from an enrolment',
    'near to an aged template is not enough: step by step it would be somebody else',
  )
  t.end()
})
