import { dirname } from 'node:path'

import t from 'tap'
import { ulid } from 'ulid'

import type { Decision } from '../../src/decision/decision.js'
import { interruptedDecision } from '../../src/decision/open-attempt.js'
import { openStore } from '../../src/store/store.js'
import {
  deniedDecision,
  grantedDecision,
  rawDatabase,
  temporaryFolder,
  temporaryStore,
} from './samples.js'

t.test('a decision comes back as it was recorded, with its message', (t) => {
  const store = temporaryStore(t)
  const granted = grantedDecision({ id: ulid(), name: 'Grüße 日本 👩‍🚀' })
  const recorded = store.decisions.record(granted)
  t.strictSame(recorded.decision, granted)
  t.type(recorded.grantSequence, 'number')
  t.equal(store.decisions.record(deniedDecision()).grantSequence, null)
  t.strictSame(store.decisions.get(granted.id), {
    decision: granted,
    delivery: 'pending',
    deliveredAtMs: null,
  })
  t.strictSame(store.outbox.pending(1)[0]?.body, granted)
  t.equal(store.decisions.get(ulid()), undefined)
  t.end()
})

t.test('an attempt noted as open is so until a decision of its id is written', (t) => {
  const folder = temporaryFolder(t)
  const store = openStore({ folder, nowMs: Date.now })
  t.equal(store.openAttempts.left(), undefined)
  const attempt = { id: ulid(), door: 'front', startedAt: new Date().toISOString(), frames: 3 }
  store.openAttempts.begin(attempt)
  store.decisions.record(deniedDecision())
  store.close()

  const next = openStore({ folder, nowMs: Date.now })
  t.teardown(() => next.close())
  t.strictSame(next.openAttempts.left(), attempt, 'it outlives the process and other decisions')
  const found = { decidedAtMs: Date.now(), models: {} }
  next.decisions.record(interruptedDecision(attempt, found))
  t.equal(next.openAttempts.left(), undefined)
  t.match(next.decisions.get(attempt.id)?.decision, { outcome: 'denied', reason: 'fault' })
  next.openAttempts.begin(attempt)
  t.throws(() => next.decisions.record(interruptedDecision(attempt, found)), { code: 'duplicate' })
  t.end()
})

t.test('decision and message are written together or not at all', (t) => {
  const store = temporaryStore(t)
  const decision = grantedDecision()
  const raw = rawDatabase(dirname(store.info.path))
  raw
    .prepare(
      `INSERT INTO outbox (message_id, kind, body, created_at_ms) VALUES (?, 'decision', '{}', 1)`,
    )
    .run(decision.id)
  raw.close()
  t.throws(() => store.decisions.record(decision), { code: 'duplicate' })
  t.equal(store.decisions.get(decision.id), undefined, 'no decision without its own message')
  t.throws(
    () => {
      store.decisions.record(deniedDecision())
      const twice = deniedDecision()
      store.decisions.record(twice)
      store.decisions.record(twice)
    },
    { code: 'duplicate' },
  )
  t.equal(store.decisions.count(), 2)
  t.equal(store.outbox.stats().pending, 3)
  t.end()
})

t.test('malformed decisions are refused', (t) => {
  const store = temporaryStore(t)
  const good = grantedDecision()
  const bad: unknown[] = [
    { ...good, id: 'x' },
    { ...good, outcome: 'maybe' },
    { ...good, person: { id: 'x', name: 'y' } },
    { ...good, decidedAt: 'yesterday' },
    { ...good, latencyMs: NaN },
    { ...good, models: { encoder: 'x'.repeat(20_000) } },
    null,
  ]
  for (const decision of bad) {
    t.throws(() => store.decisions.record(decision as Decision), { code: 'invalid-value' })
  }
  t.equal(store.decisions.count(), 0)
  t.end()
})

t.test('grant numbers only rise: within a millisecond, over restarts, clock set back', (t) => {
  const folder = temporaryFolder(t)
  let last = 0
  for (const startMs of [1_700_000_000_000, 1_700_000_000_000, 1_600_000_000_000]) {
    const store = openStore({ folder, nowMs: () => startMs })
    for (let index = 0; index < 5; index++) {
      const sequence = store.decisions.record(grantedDecision()).grantSequence ?? 0
      t.ok(sequence > last, `${sequence} > ${last}`)
      last = sequence
    }
    store.close()
  }
  t.end()
})

t.test('an emptied store goes on above the old numbers, by the clock', (t) => {
  const before = temporaryStore(t, { nowMs: () => 1_700_000_000_000 })
  const after = temporaryStore(t, { nowMs: () => 1_700_000_060_000 })
  const old = before.decisions.record(grantedDecision()).grantSequence ?? 0
  t.ok((after.decisions.record(grantedDecision()).grantSequence ?? 0) > old)
  t.end()
})

t.test('lists newest first, page by page, also while more arrive', (t) => {
  const store = temporaryStore(t)
  const ids: string[] = []
  for (let index = 0; index < 25; index++) {
    const decision = index % 5 === 0 ? grantedDecision() : deniedDecision()
    store.decisions.record(decision)
    ids.unshift(decision.id)
  }
  const seen: string[] = []
  let cursor: string | null = null
  do {
    const page = store.decisions.list({ limit: 10, ...(cursor !== null && { cursor }) })
    seen.push(...page.decisions.map((stored) => stored.decision.id))
    cursor = page.nextCursor
    store.decisions.record(deniedDecision())
  } while (cursor !== null)
  t.strictSame(seen, ids)

  const granted = store.decisions.list({ outcome: 'granted' })
  t.equal(granted.decisions.length, 5)
  t.ok(granted.decisions.every((stored) => stored.decision.outcome === 'granted'))
  t.equal(store.decisions.list({ reason: 'attack' }).decisions.length, 0)
  t.equal(store.decisions.list({ reason: 'unknown', limit: 500 }).decisions.length, 23)
  const first = granted.decisions.at(0)
  const person = first?.decision.outcome === 'granted' ? first.decision.person.id : ''
  t.equal(store.decisions.list({ personId: person }).decisions.length, 1)
  t.end()
})

t.test('malformed queries are refused', (t) => {
  const store = temporaryStore(t)
  const bad: unknown[] = [
    { limit: 0 },
    { limit: 501 },
    { limit: 1.5 },
    { cursor: '-1' },
    { cursor: '1; DROP TABLE decisions' },
    { outcome: 'open' },
    { reason: 'bad' },
    { unknown: 1 },
  ]
  for (const query of bad) {
    t.throws(() => store.decisions.list(query as object), { code: 'invalid-value' })
  }
  t.end()
})
