import t from 'tap'

import { contentHash } from '../../../src/store/replica/record.js'
import type { Edits, Payload, PayloadOf, RemoteRecord } from '../../../src/store/replica/record.js'
import { temporaryStore } from '../samples.js'

const HERE = '01JD4QXNWZ8Y3Q4R5S6T7V8W9A'
const ELSEWHERE = '01JD4QXNWZ8Y3Q4R5S6T7V8W9B'
const ADA = '01JD4QXNWZ8Y3Q4R5S6T7V8W9X'

const person = (groups: string[], edits: Edits): PayloadOf<'person'> => ({
  kind: 'person',
  id: ADA,
  name: 'Ada',
  active: true,
  createdAtMs: 1,
  validFromMs: null,
  validUntilMs: null,
  retainUntilMs: null,
  groups,
  edits,
})

const CREW: PayloadOf<'group'> = {
  kind: 'group',
  id: 'crew',
  name: 'Crew',
  createdAtMs: 1,
  edits: { [ELSEWHERE]: 1 },
}

const record = (payload: Payload, version: number): RemoteRecord => ({
  kind: payload.kind,
  subject: payload.id,
  version,
  hash: contentHash(payload),
  payload,
  mine: false,
  outdated: false,
})

/** A kiosk that was told of somebody, and then that she is in a group of which it has not heard. */
function kioskThatWaits(t: Parameters<typeof temporaryStore>[0]) {
  const store = temporaryStore(t)
  const { replica } = store
  replica.begin(HERE)
  const take = (payload: Payload, version: number) =>
    replica.apply([record(payload, version)], replica.cursor())
  take(person([], { [ELSEWHERE]: 1 }), 1)
  take(person(['crew'], { [ELSEWHERE]: 2 }), 2)
  return { store, replica, take }
}

t.test('whoever is deleted while a group is awaited stays deleted', (t) => {
  const { store, replica, take } = kioskThatWaits(t)
  t.equal(store.persons.get(ADA)?.active, false, 'nobody enters by what was')
  store.persons.delete(ADA, 'cli')
  replica.announce()
  take(person(['crew'], { [ELSEWHERE]: 3 }), 3)
  take(CREW, 1)
  t.equal(store.persons.get(ADA), undefined)
  const pending = replica.pending(10).find(({ kind }) => kind === 'person')
  t.equal(pending?.payload, null, 'and the record is told')
  t.end()
})

t.test('whoever is revoked while a group is awaited stays revoked', (t) => {
  const { store, replica, take } = kioskThatWaits(t)
  t.equal(store.persons.get(ADA)?.active, false, 'nobody enters by what was')
  store.persons.update(ADA, { active: false }, 'cli')
  replica.announce()
  take(person(['crew'], { [ELSEWHERE]: 3 }), 3)
  take(CREW, 1)
  t.equal(store.persons.get(ADA)?.active, false)
  const pending = replica.pending(10).find(({ kind }) => kind === 'person')
  t.match(pending?.payload, { active: false, edits: { [HERE]: 1 } }, 'and the record is told')
  t.end()
})

t.test('what a push learns was deleted is named to the gallery', (t) => {
  const { store, replica, take } = kioskThatWaits(t)
  t.equal(store.persons.get(ADA)?.active, false, 'nobody enters by what was')
  take(CREW, 1)
  t.equal(store.persons.get(ADA)?.active, true)
  store.persons.update(ADA, { name: 'Bea' }, 'cli')
  const change = replica.pending(10).at(0)
  if (change === undefined) throw new Error('nothing is pending')
  const check = { sequence: 9, commit: 'a' }
  const changes = replica.settle([{ change, outcome: 'deleted', version: 3 }], check)
  t.same(changes.personsGone, [ADA])
  t.equal(store.persons.get(ADA), undefined)
  t.end()
})
