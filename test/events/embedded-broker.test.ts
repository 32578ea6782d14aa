import { randomBytes } from 'node:crypto'
import { connect, createServer } from 'node:net'

import { connectAsync } from 'mqtt'
import t from 'tap'

import { startEmbeddedBroker } from '../../src/events/embedded-broker.js'
import { printEvents } from '../../src/events/print-events.js'
import { startDoor } from './door.js'
import { until } from './mosquitto.js'
import { startReader } from './reader.js'

t.test('the first start needs no broker of its own', async (t) => {
  const broker = await startEmbeddedBroker({ port: 0 })
  t.teardown(() => broker.close())
  const reader = await startReader(t, broker.port, { protocolVersion: 4, clean: true })
  const door = startDoor(t, broker.clientOptions)
  await until(() => door.publisher.state().name === 'connected', 'the connection')
  door.deny()
  t.match(await door.grant(), { outcome: 'sent' })
  await until(() => reader.of('decision').length === 2, 'the decisions')
  t.equal(reader.of('grant').length, 1)
  await door.publisher.stop()
  await until(() => reader.of('status').at(-1)?.json['state'] === 'offline', 'the farewell')

  const latecomer = await startReader(t, broker.port, { protocolVersion: 4, clean: true })
  await until(() => latecomer.received.length > 0, 'the retained status')
  t.equal(latecomer.of('grant').length, 0)
})

t.test('others may read and not write', async (t) => {
  const broker = await startEmbeddedBroker({ port: 0 })
  t.teardown(() => broker.close())
  const reader = await startReader(t, broker.port, { protocolVersion: 4, clean: true })
  const forger = await connectAsync(broker.url, { protocolVersion: 4, reconnectPeriod: 0 })
  forger.publish('genkan/main/grant', '{"sequence":1}', { qos: 0 })
  forger.publish('genkan/main/status', '{"state":"online"}', { qos: 0, retain: true })
  await until(() => !forger.connected, 'the forger to be thrown out')
  t.equal(reader.received.length, 0)
  const willed = connectAsync(broker.url, {
    protocolVersion: 4,
    reconnectPeriod: 0,
    will: { topic: 'genkan/main/grant', payload: Buffer.from('{}'), qos: 0, retain: false },
  })
  ;(await willed).stream.destroy()
  await new Promise((resolve) => setTimeout(resolve, 300))
  t.equal(reader.received.length, 0, 'nor by a last will')
  await t.rejects(
    connectAsync(
      broker.url,
      { protocolVersion: 4, username: 'genkan', password: 'guess', reconnectPeriod: 0 },
      false,
    ),
  )
  await forger.endAsync(true)
})

t.test('garbage on the port harms nobody', async (t) => {
  const broker = await startEmbeddedBroker({ port: 0 })
  t.teardown(() => broker.close())
  const door = startDoor(t, broker.clientOptions)
  await until(() => door.publisher.state().name === 'connected', 'the connection')
  const openings = [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]),
    Buffer.from([0x10, 0, 0x30, 0, 0xe0]),
    ...Array.from({ length: 20 }, () => randomBytes(200)),
  ]
  for (const bytes of openings) {
    const socket = connect(broker.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.end(bytes)
    await new Promise((resolve) => setTimeout(resolve, 10))
    socket.destroy()
  }
  t.match(await door.grant(), { outcome: 'sent' })
  t.equal(door.publisher.counts().connections, 1)
})

t.test('a port that is taken is told with its cure', async (t) => {
  const first = await startEmbeddedBroker({ port: 0 })
  t.teardown(() => first.close())
  await t.rejects(startEmbeddedBroker({ port: first.port }), {
    name: 'BrokerFault',
    cause: /is taken/,
    cure: new RegExp(`mqtt.url to mqtt://127.0.0.1:${first.port}`),
  })
})

t.test('it listens on loopback alone', async (t) => {
  const broker = await startEmbeddedBroker({ port: 0 })
  t.teardown(() => broker.close())
  const other = createServer()
  await new Promise<void>((resolve, reject) => {
    other.on('error', reject)
    other.listen(broker.port, '127.0.0.2', resolve)
  })
  t.pass('another address has the port free')
  other.close()
})

t.test('the one-line subscriber prints what happens', async (t) => {
  const broker = await startEmbeddedBroker({ port: 0 })
  t.teardown(() => broker.close())
  const lines: string[] = []
  const stop = new AbortController()
  const printing = printEvents({
    broker: { url: broker.url },
    prefix: 'genkan',
    write: (line) => lines.push(line),
    signal: stop.signal,
  })
  const door = startDoor(t, broker.clientOptions)
  await until(() => lines.some((line) => line.includes('online')), 'the status')
  door.deny()
  await door.grant()
  await until(() => lines.length >= 4, 'the rest')
  t.ok(lines.some((line) => / main denied unknown: nobody enrolled$/.test(line)))
  t.ok(lines.some((line) => / main granted Ada$/.test(line)))
  t.ok(lines.some((line) => / main grant \d+ until /.test(line)))
  stop.abort()
  await printing
  await t.rejects(
    printEvents({
      broker: { url: 'mqtt://127.0.0.1:1' },
      prefix: 'genkan',
      write: () => undefined,
      signal: new AbortController().signal,
    }),
    { name: 'BrokerFault', cause: /nothing listens/ },
  )
})
