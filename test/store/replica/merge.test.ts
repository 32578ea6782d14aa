import fc from 'fast-check'
import t from 'tap'

import { compareEdits, mergeEdits } from '../../../src/store/replica/merge.js'
import { payloadText } from '../../../src/store/replica/record.js'
import type { Edits, PayloadOf } from '../../../src/store/replica/record.js'

const KIOSKS = ['01JD4QXNWZ8Y3Q4R5S6T7V8W9A', '01JD4QXNWZ8Y3Q4R5S6T7V8W9B'] as const
const edits: fc.Arbitrary<Edits> = fc
  .tuple(fc.nat(3), fc.nat(3))
  .map(([a, b]) => ({ ...(a > 0 ? { [KIOSKS[0]]: a } : {}), ...(b > 0 ? { [KIOSKS[1]]: b } : {}) }))
const moment = fc.option(fc.integer({ min: 0, max: 9 }))
const person: fc.Arbitrary<PayloadOf<'person'>> = fc.record({
  kind: fc.constant('person' as const),
  id: fc.constant('01JD4QXNWZ8Y3Q4R5S6T7V8W9X'),
  name: fc.constantFrom('Ada', 'Bob'),
  active: fc.boolean(),
  createdAtMs: fc.constant(1),
  validFromMs: moment,
  validUntilMs: moment,
  retainUntilMs: moment,
  groups: fc.subarray(['a', 'b', 'c']),
  edits,
})

/** Whether the person may enter at a time by one group's door; without a group by any. */
function enters(one: PayloadOf<'person'>, atMs: number, group: string): boolean {
  return (
    one.active &&
    (one.validFromMs === null || atMs >= one.validFromMs) &&
    (one.validUntilMs === null || atMs < one.validUntilMs) &&
    (one.groups.length === 0 || one.groups.includes(group))
  )
}

t.test('a join is the same in either order, and again with itself', (t) => {
  fc.assert(
    fc.property(person, person, (a, b) => {
      const joined = mergeEdits(a, b).payload
      t.equal(payloadText(joined), payloadText(mergeEdits(b, a).payload))
      const again = mergeEdits(joined, joined).payload
      t.equal(payloadText(again), payloadText(joined))
    }),
    { numRuns: 50 },
  )
  t.end()
})

t.test('nobody enters by a join who could not by both', (t) => {
  fc.assert(
    fc.property(person, person, fc.nat(9), fc.constantFrom('a', 'b', 'c'), (a, b, atMs, group) => {
      const { payload } = mergeEdits(a, b)
      if (payload.kind !== 'person') return
      if (enters(payload, atMs, group)) t.ok(enters(a, atMs, group) && enters(b, atMs, group))
    }),
  )
  t.end()
})

t.test('a join knows both', (t) => {
  fc.assert(
    fc.property(person, person, (a, b) => {
      const { payload } = mergeEdits(a, b)
      for (const one of [a, b]) t.match(compareEdits(payload.edits, one.edits), /same|ahead/)
    }),
    { numRuns: 50 },
  )
  t.end()
})

const KIOSK = '01JD4QXNWZ8Y3Q4R5S6T7V8W9X'
const admits = fc.option(fc.subarray(['cleaners', 'guests', 'night', 'staff']))
const doorEdits = fc.record({ [KIOSK]: fc.integer({ min: 1, max: 9 }) })

t.test('two who say whom a door admits, in ignorance of each other, let in whom both do', (t) => {
  fc.assert(
    fc.property(admits, admits, doorEdits, doorEdits, (one, other, oneEdits, otherEdits) => {
      const a = { kind: 'door', id: KIOSK, admits: one, edits: oneEdits } as const
      const b = { kind: 'door', id: KIOSK, admits: other, edits: otherEdits } as const
      const { payload } = mergeEdits(a, b)
      t.same(payload, mergeEdits(b, a).payload)
      if (payload.kind !== 'door') return false
      for (const group of ['cleaners', 'guests', 'night', 'staff']) {
        const isIn = (groups: readonly string[] | null) => groups?.includes(group) ?? true
        if (isIn(payload.admits) && !(isIn(one) && isIn(other))) return false
      }
      return true
    }),
    { numRuns: 60 },
  )
  t.end()
})
