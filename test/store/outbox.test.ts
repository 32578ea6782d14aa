import t from 'tap'

import { deniedDecision, temporaryStore } from './samples.js'

t.test('messages leave in order and are settled in the decision', (t) => {
  const store = temporaryStore(t, { nowMs: () => 42_000 })
  const decisions = Array.from({ length: 5 }, () => deniedDecision())
  for (const decision of decisions) store.decisions.record(decision)
  const pending = store.outbox.pending(3)
  t.strictSame(
    pending.map((message) => message.id),
    decisions.slice(0, 3).map((decision) => decision.id),
  )
  for (const message of pending) store.outbox.markDelivered(message.sequence)
  for (const message of pending) store.outbox.markDelivered(message.sequence)
  t.match(store.outbox.stats(), {
    pending: 2,
    oldestAtMs: 42_000,
    delivered: 3,
    abandoned: 0,
  })
  t.match(store.decisions.get(decisions[0]?.id ?? ''), {
    delivery: 'delivered',
    deliveredAtMs: 42_000,
  })
  t.end()
})

t.test('beyond the bound the oldest are given up, counted, audited, and kept as decisions', (t) => {
  let now = 0
  const decisions = Array.from({ length: 14 }, () => deniedDecision())
  const bytes = Buffer.byteLength(JSON.stringify(decisions[0]))
  const store = temporaryStore(t, {
    nowMs: () => now,
    outboxBound: { maxBytes: 10 * bytes, maxAgeMs: 1000 },
  })
  for (const decision of decisions) store.decisions.record(decision)
  t.match(store.outbox.stats(), { pending: 14, pendingBytes: 14 * bytes, fill: 1 })
  t.equal(store.outbox.enforceBound({ byAge: false }), 4)
  t.equal(store.outbox.enforceBound({ byAge: true }), 0)
  t.match(store.outbox.stats(), { pending: 10, abandoned: 4, delivered: 0 })
  t.strictSame(
    decisions.map((decision) => store.decisions.get(decision.id)?.delivery),
    [...Array<string>(4).fill('abandoned'), ...Array<string>(10).fill('pending')],
  )
  t.match(store.audit.list({ limit: 1 }), [
    { action: 'outbox.abandon', subjectId: `${decisions[0]?.id}..${decisions[3]?.id}` },
  ])
  t.equal(store.outbox.pending(1)[0]?.id, decisions[4]?.id, 'the order of the rest stays')
  now = 1001
  t.equal(store.outbox.enforceBound({ byAge: false }), 0, 'not while the clock is not trusted')
  t.equal(store.outbox.enforceBound({ byAge: true }), 10, 'by age')
  t.match(store.outbox.stats(), { pending: 0, pendingBytes: 0, oldestAtMs: null, abandoned: 14 })
  t.end()
})
