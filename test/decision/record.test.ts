import t from 'tap'
import { ulid } from 'ulid'
import type { AttemptOutcome, EndedAttempt } from '../../src/decision/attempt.js'
import { decisionSchema } from '../../src/decision/decision.js'
import { judgeAccess } from '../../src/decision/policy.js'
import type { Person } from '../../src/store/person.js'
import { toDecision } from '../../src/decision/record.js'
import type { DecisionContext } from '../../src/decision/record.js'

const person: Person = {
  id: ulid(),
  name: 'Anna',
  active: true,
  createdAtMs: 0,
  validFromMs: null,
  validUntilMs: null,
  groups: [],
  retainUntilMs: null,
  version: 1,
}

const context: DecisionContext = {
  id: ulid(),
  decidedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  door: 'front',
  threshold: 1.2,
  galleryPersons: 3,
  liveness: { texture: 0.98, lifeEvents: 1 },
  models: { encoder: 'some-encoder' },
  latencyMs: 21,
  findPerson: (id) => (id === person.id ? person : undefined),
  judgeAccess: (subject) =>
    judgeAccess(subject, { scheduleOf: () => null, lockdown: false }, Date.now()),
}

function ended(result: AttemptOutcome): EndedAttempt {
  return {
    result,
    frames: 7,
    startedMs: 1000,
    endedMs: 1900,
    match: {
      outcome: 'match',
      personId: person.id,
      distanceSq: 0.4,
      runnerUpDistanceSq: 1.8,
    },
  }
}

const matched = ended({ outcome: 'granted', personId: person.id })

t.test('a grant names the person and the figures it rests on', (t) => {
  const decision = toDecision(matched, context)
  t.match(decision, {
    outcome: 'granted',
    person: { id: person.id, name: 'Anna' },
    decidedAt: '2026-01-02T03:04:05.000Z',
    attempt: { frames: 7, durationMs: 900 },
    match: { distanceSq: 0.4, runnerUpDistanceSq: 1.8, threshold: 1.2, galleryPersons: 3 },
  })
  t.same(decisionSchema.parse(decision), decision, 'fits its own schema')
  t.end()
})

t.test('an inactive person is recognised and not let in', (t) => {
  const inactive = { ...context, findPerson: () => ({ ...person, active: false }) }
  const decision = toDecision(matched, inactive)
  t.match(decision, { outcome: 'denied', reason: 'not-permitted' })
  t.notOk('person' in decision, 'a denial names nobody')
  t.end()
})

t.test('a person deleted during the attempt is unknown', (t) => {
  const decision = toDecision(matched, { ...context, findPerson: () => undefined })
  t.match(decision, { outcome: 'denied', reason: 'unknown' })
  t.end()
})

t.test('every denial fits the schema, with or without a match', (t) => {
  const denial = ended({ outcome: 'denied', reason: 'attack', detail: 'texture of a screen' })
  for (const match of [
    undefined,
    { outcome: 'unknown', nearestDistanceSq: null } as const,
    { outcome: 'unknown', nearestDistanceSq: 1.7 } as const,
    { outcome: 'ambiguous', distanceSq: 0.5, runnerUpDistanceSq: 0.52 } as const,
  ]) {
    const decision = toDecision({ ...denial, match }, context)
    t.same(decisionSchema.parse(decision), decision)
  }
  t.end()
})

t.test('the schema refuses anything more, such as an embedding', (t) => {
  const decision = toDecision(matched, context)
  t.notOk(decisionSchema.safeParse({ ...decision, embedding: [1, 2] }).success)
  t.end()
})
