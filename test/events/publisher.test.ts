import t from 'tap'

import { freeLoopbackPort } from '../../src/bench/fleet/free-port.js'
import {
  decisionMessageSchema,
  grantMessageSchema,
  statusMessageSchema,
} from '../../src/events/messages.js'
import { deniedDecision } from '../store/samples.js'
import { startDoor } from './door.js'
import { noMosquitto, startMosquitto, until } from './mosquitto.js'
import { startReader, type Received } from './reader.js'

const skip = noMosquitto

t.test('status, decisions and grants are on the wire as documented', { skip }, async (t) => {
  const broker = await startMosquitto(t)
  const reader = await startReader(t, broker.port)
  const door = startDoor(t, { url: `mqtt://127.0.0.1:${broker.port}` })
  await until(() => door.publisher.state().name === 'connected', 'the connection')
  const denied = door.deny()
  t.match(await door.grant(), { outcome: 'sent' })
  await until(() => reader.of('decision').length === 2, 'both decisions')

  const [first, second] = reader.of('decision') as [Received, Received]
  t.equal(decisionMessageSchema.parse(first.json).id, denied)
  t.match(first.json, { outcome: 'denied', late: false })
  t.match(second.json, { outcome: 'granted', late: false })
  t.match(first.packet, {
    retain: false,
    qos: 1,
    properties: {
      contentType: 'application/json',
      payloadFormatIndicator: true,
      correlationData: Buffer.from(denied),
      userProperties: { schema: 'genkan.decision.v1' },
    },
  })
  t.notHas(first.packet.properties, { messageExpiryInterval: Number })

  const [grant] = reader.of('grant') as [Received]
  const content = grantMessageSchema.parse(grant.json)
  t.equal(content.id, second.json['id'])
  t.equal(Date.parse(content.expiresAt) - Date.parse(content.decidedAt), content.lifeMs)
  t.match(grant.packet, { retain: false, qos: 0, properties: { contentType: 'application/json' } })
  const expiry = grant.packet.properties?.messageExpiryInterval ?? 99
  t.ok(expiry >= 1 && expiry <= 5, `expires after ${expiry} s`)
  t.ok(
    reader.received.findIndex((message) => message === grant) <
      reader.received.findIndex((message) => message === second),
    'the grant goes before its record',
  )

  t.equal(statusMessageSchema.parse(reader.of('status')[0]?.json).state, 'online')
  door.publisher.setHealth({ state: 'degraded', cause: 'no camera', cure: 'plug it in' })
  await until(() => reader.of('status').at(-1)?.json['state'] === 'degraded', 'the bad news')
  await door.publisher.stop()
  await until(() => reader.of('status').at(-1)?.json['state'] === 'offline', 'the farewell')
  t.match(reader.of('status').at(-1)?.json, { cause: 'stopped' })
  for (const message of reader.of('status')) statusMessageSchema.parse(message.json)

  const latecomer = await startReader(t, broker.port)
  await until(() => latecomer.received.length > 0, 'the retained status')
  t.match(latecomer.received[0]?.packet.retain, true)
  await new Promise((resolve) => setTimeout(resolve, 300))
  t.strictSame(
    latecomer.received.map((message) => message.topic),
    ['genkan/main/status'],
    'who comes later gets the status alone: no grant, no decision',
  )
})

t.test('without a broker the door works, says so, and catches up in order', { skip }, async (t) => {
  const port = await freeLoopbackPort()
  const door = startDoor(t, { url: `mqtt://127.0.0.1:${port}` })
  await until(() => door.publisher.state().name === 'degraded', 'the fault')
  t.match(door.publisher.state(), { cause: /nothing listens/, cure: /start the broker/ })
  const ids = [door.deny(), door.deny()]
  t.match(await door.grant(), { outcome: 'refused', reason: 'not-connected' })
  t.equal(door.store.outbox.stats().pending, 3)
  await door.publisher.stop()
  t.strictSame(door.publisher.state(), { name: 'stopped' })
  t.equal(door.store.outbox.stats().pending, 3)
  t.equal(door.store.outbox.pending(3)[0]?.id, ids[0])
})

t.test('late decisions say so', { skip }, async (t) => {
  const broker = await startMosquitto(t)
  const reader = await startReader(t, broker.port)
  let now = Date.now()
  const door = startDoor(t, { url: `mqtt://127.0.0.1:${broker.port}` }, { nowMs: () => now })
  await until(() => door.publisher.state().name === 'connected', 'the connection')
  door.store.decisions.record(deniedDecision())
  now += 5000
  door.publisher.notify()
  await until(() => reader.of('decision').length === 1, 'the first')
  door.store.decisions.record(deniedDecision())
  now += 7000
  door.publisher.notify()
  await until(() => reader.of('decision').length === 2, 'the second')
  t.strictSame(
    reader.of('decision').map((message) => message.json['late']),
    [false, true],
  )
  t.match(door.publisher.counts(), { delivered: 2, late: 1 })
})

t.test('a broker that stops and returns: no loss, in order', { skip }, async (t) => {
  const broker = await startMosquitto(t, [
    'allow_anonymous true',
    'persistence true',
    'persistence_location {folder}/',
  ])
  const reader = await startReader(t, broker.port)
  const door = startDoor(t, { url: `mqtt://127.0.0.1:${broker.port}` }, { random: () => 0 })
  const ids: string[] = []
  for (let round = 0; round < 3; round++) {
    if (round > 0) await until(() => door.publisher.state().name === 'connected', 'the broker')
    for (let index = 0; index < 20; index++) ids.push(door.deny())
    await new Promise((resolve) => setTimeout(resolve, round * 15))
    await broker.stop('SIGTERM')
    for (let index = 0; index < 20; index++) ids.push(door.deny())
    await until(() => door.publisher.state().name === 'degraded', 'the fault')
    await broker.start()
  }
  await until(() => reader.decisionIds().length === ids.length, 'everything', 60_000)
  t.strictSame(reader.decisionIds(), ids)
  await until(() => door.store.outbox.stats().pending === 0, 'the last mark')
  t.ok(door.publisher.counts().connections >= 2)
})

t.test('a broker killed and back without memory of its readers', { skip }, async (t) => {
  const broker = await startMosquitto(t)
  const reader = await startReader(t, broker.port, { reconnectPeriod: 700 })
  const door = startDoor(
    t,
    { url: `mqtt://127.0.0.1:${broker.port}` },
    { random: () => 0, waitForReader: true },
  )
  const ids = [door.deny(), door.deny()]
  await until(() => reader.decisionIds().length === 2, 'the first two')
  for (let round = 0; round < 2; round++) {
    await broker.stop('SIGKILL')
    for (let index = 0; index < 5; index++) ids.push(door.deny())
    await until(() => door.publisher.state().name === 'degraded', 'the fault')
    await broker.start()
    await until(() => reader.decisionIds().length === ids.length, 'everything', 60_000)
  }
  t.strictSame(reader.decisionIds(), ids)
  t.match(door.publisher.state(), { name: 'connected' })
})

t.test('nobody reading is said, where a reader is wanted', { skip }, async (t) => {
  const broker = await startMosquitto(t)
  const door = startDoor(
    t,
    { url: `mqtt://127.0.0.1:${broker.port}` },
    { waitForReader: true, random: () => 0 },
  )
  const id = door.deny()
  await until(() => door.publisher.state().name === 'degraded', 'the complaint')
  t.match(door.publisher.state(), { cause: /nobody reads/ })
  t.equal(door.store.outbox.stats().pending, 1)
  const reader = await startReader(t, broker.port)
  await until(() => reader.decisionIds().length === 1, 'the decision')
  t.strictSame(reader.decisionIds(), [id])
  await until(() => door.publisher.state().name === 'connected', 'the all-clear')
})

t.test('two doors with one client id notice', { skip }, async (t) => {
  const broker = await startMosquitto(t)
  const url = `mqtt://127.0.0.1:${broker.port}`
  const first = startDoor(t, { url })
  await until(() => first.publisher.state().name === 'connected', 'the first')
  const second = startDoor(t, { url })
  await until(() => first.states.some((state) => state.name === 'degraded'), 'the takeover')
  const fault = first.states.find((state) => state.name === 'degraded')
  t.match(fault, { cause: /closed the connection|same client id/ })
  t.match(JSON.stringify(fault), /client id/, 'with the likely reason')
  await second.publisher.stop()
})

t.test('what is given up beyond the bound is counted and told', { skip }, async (t) => {
  const told: number[] = []
  const port = await freeLoopbackPort()
  let now = Date.now()
  const bytes = Buffer.byteLength(JSON.stringify(deniedDecision()))
  const door = startDoor(
    t,
    { url: `mqtt://127.0.0.1:${port}` },
    { boundTrialMs: 400, onAbandoned: (count) => told.push(count), nowMs: () => now },
    { outboxBound: { maxBytes: 100 * bytes, maxAgeMs: 20_000 }, nowMs: () => now },
  )
  const ids = Array.from({ length: 7 }, () => door.deny())
  now += 25_000
  ids.push(...Array.from({ length: 3 }, () => door.deny()))
  t.strictSame(told, [], 'not before the drain had its chance')
  await until(() => told.length > 0, 'the bound')
  t.strictSame(told, [7])
  t.equal(door.publisher.counts().abandoned, 7)
  t.match(door.store.outbox.stats(), { pending: 3, abandoned: 7 })
  t.equal(door.store.decisions.count(), 10, 'the decisions themselves stay')
  t.equal(door.store.outbox.pending(1)[0]?.id, ids[7])
})
