import t from 'tap'
import { ulid } from 'ulid'

import type { Actuator, ActuatorAnswer, OpenOrder } from '../../src/actuation/actuator.js'
import { createAntiPassback } from '../../src/actuation/anti-passback.js'
import { createDoorContact } from '../../src/actuation/door-contact.js'
import { createDoorKeeper, type DoorKeeper } from '../../src/actuation/door-keeper.js'
import type { GrantedDecision } from '../../src/decision/decision.js'
import { openStore, type Store } from '../../src/store/store.js'
import { grantedDecision, temporaryFolder, temporaryStore } from '../store/samples.js'

interface Tried {
  readonly keeper: DoorKeeper
  readonly orders: OpenOrder[]
  readonly faults: unknown[]
}

/** A keeper over a real store, with an actuator that answers as told. */
function keep(store: Store, clock: { now: number }, answer?: ActuatorAnswer | null): Tried {
  const orders: OpenOrder[] = []
  const faults: unknown[] = []
  const actuator: Actuator = {
    kind: 'gpio',
    open(order) {
      orders.push(order)
      return Promise.resolve(answer ?? { outcome: 'opened', confirmed: true })
    },
    close: () => undefined,
  }
  const keeper = createDoorKeeper({
    door: 'main',
    actuator: answer === null ? undefined : actuator,
    contact: createDoorContact({ expectedMs: 8000, heldOpenMs: 30_000 }),
    records: store.doorLog,
    pulseMs: 3000,
    grantLifeMs: 3000,
    nowMs: () => clock.now,
    monotonicMs: () => clock.now,
    newId: () => ulid(),
    onRecordFault: (error) => faults.push(error),
  })
  return { keeper, orders, faults }
}

const granted = (atMs: number): GrantedDecision =>
  ({ ...grantedDecision(undefined, atMs), id: ulid(atMs) }) as GrantedDecision

t.test('a fresh grant opens once, on record before the relay and after', async (t) => {
  const clock = { now: Date.now() }
  const store = temporaryStore(t)
  const { keeper, orders } = keep(store, clock)
  const decision = granted(clock.now)
  clock.now += 500
  t.match(await keeper.openFor(decision), { outcome: 'opened', confirmed: true })
  t.match(orders, [{ pulseMs: 3000, withinMs: 2500, cause: { decisionId: decision.id } }])
  t.match(await keeper.openFor(decision), { outcome: 'refused', reason: 'repeated' })
  t.equal(orders.length, 1)
  const actions = store.audit.list({ limit: 9 }).map(({ action }) => action)
  t.strictSame(actions, ['door.open.refused', 'door.open.opened', 'door.open.ordered'])
  t.match(store.doorLog.list(9), [
    { kind: 'actuation', result: { reason: 'repeated' } },
    { kind: 'actuation', result: { outcome: 'opened' }, cause: { decisionId: decision.id } },
  ])
  t.match(
    store.outbox.pending(9).map(({ kind }) => kind),
    ['door', 'door'],
  )
})

t.test('a late grant, and one from the future, open nothing', async (t) => {
  const clock = { now: Date.now() }
  const { keeper, orders } = keep(temporaryStore(t), clock)
  t.match(await keeper.openFor(granted(clock.now - 3000)), { reason: 'late' })
  t.match(await keeper.openFor(granted(clock.now - 3_600_000)), { reason: 'late' })
  t.match(await keeper.openFor(granted(clock.now + 86_400_000)), { reason: 'late' })
  t.equal(orders.length, 0)
})

t.test('locked down, nothing opens, also after a restart, until it is lifted', async (t) => {
  const clock = { now: Date.now() }
  const folder = temporaryFolder(t)
  const open = () => openStore({ folder: `${folder}/data`, nowMs: () => clock.now })
  const store = open()
  const first = keep(store, clock)
  const heard: unknown[] = []
  first.keeper.subscribe((event) => heard.push(event))
  first.keeper.setLockdown(true, 'token:abc', 'drill')
  t.match(await first.keeper.openFor(granted(clock.now)), { reason: 'locked-down' })
  t.match(await first.keeper.open('token:abc', 'let me in'), { reason: 'locked-down' })
  t.match(heard[0], { kind: 'lockdown', on: true, by: 'token:abc', reason: 'drill' })
  store.close()

  const again = open()
  t.teardown(() => again.close())
  const second = keep(again, clock)
  t.match(second.keeper.state().lockdown, { by: 'token:abc', reason: 'drill' })
  t.match(await second.keeper.openFor(granted(clock.now)), { reason: 'locked-down' })
  t.equal(second.orders.length + first.orders.length, 0)
  second.keeper.setLockdown(false, 'token:abc', 'drill over')
  t.match(await second.keeper.open('token:abc', 'visitor'), { outcome: 'opened' })
  t.match(second.orders, [{ cause: { kind: 'order', by: 'token:abc', reason: 'visitor' } }])
})

t.test('without a store no order is carried out, and a lockdown still holds', async (t) => {
  const clock = { now: Date.now() }
  const store = temporaryStore(t)
  const { keeper, orders, faults } = keep(store, clock)
  store.close()
  t.match(await keeper.openFor(granted(clock.now)), { outcome: 'failed', cure: 'mend the store' })
  t.match(await keeper.open('token:abc', ''), { outcome: 'failed' })
  t.equal(orders.length, 0)
  t.ok(faults.length >= 2)
  t.throws(() => keeper.setLockdown(true, 'token:abc', ''), { code: 'closed' })
  t.not(keeper.state().lockdown, null)
})

t.test('a relay that fails is told, and a door without one says so', async (t) => {
  const clock = { now: Date.now() }
  const store = temporaryStore(t)
  const broken = keep(store, clock, { outcome: 'failed', cause: 'no answer', cure: 'look' })
  t.match(await broken.keeper.openFor(granted(clock.now)), { outcome: 'failed' })
  t.match(broken.keeper.state().lastActuation, { result: { cause: 'no answer' } })
  t.match(store.audit.list({ limit: 1 }), [{ action: 'door.open.failed' }])
  const none = keep(temporaryStore(t), clock, null)
  t.match(await none.keeper.open('token:abc', ''), { reason: 'no-actuator' })
  t.equal(none.keeper.state().actuator, 'none')
  broken.keeper.stop()
  t.match(await broken.keeper.open('token:abc', ''), { reason: 'stopping' })
})

t.test('alarms of the contact are recorded as they begin and end', async (t) => {
  const clock = { now: Date.now() }
  const store = temporaryStore(t)
  const { keeper } = keep(store, clock)
  keeper.seeContact('closed')
  keeper.seeContact('open')
  t.strictSame(keeper.state().alarms, ['forced-open'])
  clock.now += 30_000
  keeper.tick()
  keeper.tick()
  t.strictSame(keeper.state().alarms, ['forced-open', 'held-open'])
  keeper.seeContact('closed')
  t.strictSame(keeper.state().alarms, [])
  t.match(await keeper.openFor(granted(clock.now)), { outcome: 'opened' })
  clock.now += 7000
  keeper.seeContact('open')
  t.strictSame(keeper.state().alarms, [], 'an opening that was expected')
  keeper.seeContact('closed')
  const alarms = store.doorLog.list(20).filter((event) => event.kind === 'alarm')
  t.match(alarms.reverse(), [
    { alarm: 'forced-open', raised: true },
    { alarm: 'held-open', raised: true },
    { alarm: 'forced-open', raised: false },
    { alarm: 'held-open', raised: false },
  ])
})

t.test('a contact seen open first, or unknown before, forces nothing', (t) => {
  const contact = createDoorContact({ expectedMs: 1000, heldOpenMs: 10_000 })
  t.strictSame(contact.see('open', 0), [])
  t.strictSame(contact.tick(9999), [])
  t.match(contact.tick(10_000), [{ alarm: 'held-open', raised: true }])
  t.strictSame(contact.see('unknown', 10_500), [])
  t.strictSame(contact.alarms(), ['held-open'], 'a cut wire ends no alarm')
  t.match(contact.see('closed', 11_000), [{ alarm: 'held-open', raised: false }])
  t.end()
})

t.test('nobody enters twice without leaving, also after a restart', (t) => {
  let now = Date.now()
  const store = temporaryStore(t, { nowMs: () => now })
  const { id } = store.persons.create('Ada', 'cli')
  const make = () =>
    createAntiPassback({ inside: store.personsInside, withinMs: 60_000, nowMs: () => now })
  t.equal(make().refuses(id), undefined)
  make().entered(id)
  t.match(make().refuses(id), /anti-passback/)
  now -= 86_400_000
  t.match(make().refuses(id), /anti-passback/, 'a clock that was set back lets nobody in')
  now += 86_400_000 + 60_000
  t.equal(make().refuses(id), undefined)
  make().entered(id)
  t.equal(store.personsInside.leave(id), true)
  t.equal(make().refuses(id), undefined)
  make().entered(id)
  store.persons.delete(id, 'cli')
  t.equal(store.personsInside.enteredAtMs(id), undefined, 'gone with the person')
  t.end()
})
