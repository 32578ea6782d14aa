import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

import { connectAsync } from 'mqtt'
import t from 'tap'

import { createGrantSender } from '../../src/events/grant.js'
import { deniedDecision, grantedDecision } from '../store/samples.js'
import { startDoor } from './door.js'
import { noMosquitto, startMosquitto, until, type Test } from './mosquitto.js'
import { startReader } from './reader.js'

const skip = noMosquitto

t.test('only a fresh, new, granted decision is ever a grant', async (t) => {
  let now = 1_700_000_000_000
  const grants = createGrantSender({ topic: 'x', lifeMs: 3000, nowMs: () => now })
  const at = (ms: number) => grantedDecision(undefined, ms)
  t.match(await grants.send({ decision: deniedDecision(now), sequence: 1 }, undefined), {
    reason: 'not-granted',
  })
  t.match(await grants.send({ decision: at(now), sequence: 5 }, undefined), {
    reason: 'not-connected',
  })
  for (const sequence of [5, 4, 0, -1, NaN]) {
    const result = await grants.send({ decision: at(now), sequence }, undefined)
    t.not(result.outcome, 'sent')
    if (sequence === 5) t.match(result, { reason: 'repeated' })
  }
  t.match(await grants.send({ decision: at(now - 3000), sequence: 6 }, undefined), {
    reason: 'stale',
  })
  t.match(await grants.send({ decision: at(now + 10_000), sequence: 7 }, undefined), {
    reason: 'stale',
  })
  now -= 86_400_000
  t.match(
    await grants.send({ decision: at(now + 86_400_000), sequence: 8 }, undefined),
    { reason: 'stale' },
    'a clock set back a day makes no grant of yesterday',
  )
  for (const lifeMs of [0, -1, 5001, 1.5, NaN]) {
    t.throws(() => createGrantSender({ topic: 'x', lifeMs, nowMs: () => now }), RangeError)
  }
})

t.test('a grant made while the broker is away never arrives', { skip }, async (t) => {
  const broker = await startMosquitto(t)
  const reader = await startReader(t, broker.port)
  const door = startDoor(t, { url: `mqtt://127.0.0.1:${broker.port}` }, { random: () => 0 })
  await until(() => door.publisher.state().name === 'connected', 'the connection')
  t.match(await door.grant(), { outcome: 'sent' })
  await until(() => reader.of('grant').length === 1, 'a grant')

  await broker.stop()
  t.not((await door.grant()).outcome, 'sent')
  await until(() => door.publisher.state().name === 'degraded', 'the fault')
  t.match(await door.grant(), { outcome: 'refused', reason: 'not-connected' })
  await broker.start()
  await until(() => reader.of('decision').length === 3, 'all three decisions')
  await new Promise((resolve) => setTimeout(resolve, 500))
  t.equal(reader.of('grant').length, 1, 'history arrives, the grants do not')
  t.match(await door.grant(), { outcome: 'sent' }, 'and a fresh one works again')
  await until(() => reader.of('grant').length === 2, 'the fresh grant')
  const [before = NaN, after = NaN] = reader
    .of('grant')
    .map((message) => Number(message.json['sequence']))
  t.ok(after > before)
})

t.test('a controller that was away gets no grant when it returns', { skip }, async (t) => {
  const broker = await startMosquitto(t)
  const url = `mqtt://127.0.0.1:${broker.port}`
  const session = {
    clientId: 'controller',
    clean: false,
    protocolVersion: 5 as const,
    properties: { sessionExpiryInterval: 3600 },
  }
  const controller = await connectAsync(url, session)
  await controller.subscribeAsync('genkan/main/#', { qos: 1 })
  await controller.endAsync()

  const door = startDoor(t, { url })
  await until(() => door.publisher.state().name === 'connected', 'the connection')
  t.match(await door.grant(), { outcome: 'sent' })
  await until(() => door.store.outbox.stats().pending === 0, 'the decision')
  const back = await startReader(t, broker.port, session)
  await until(() => back.of('decision').length === 1, 'what the broker kept for it')
  await new Promise((resolve) => setTimeout(resolve, 300))
  t.equal(back.of('grant').length, 0)
})

/** A line to the broker that can be made to swallow everything, as a dead network does. */
async function startLine(
  t: Test,
  brokerPort: number,
): Promise<{ port: number; cut(): void; mend(): void }> {
  let dead = false
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(brokerPort, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      let swallowed = false
      from.on('data', (chunk) => {
        swallowed ||= dead
        if (!swallowed) to.write(chunk)
      })
      from.on('close', () => to.destroy())
      from.on('error', () => to.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    port,
    cut: () => {
      dead = true
    },
    mend: () => {
      dead = false
    },
  }
}

t.test(
  'a line that dies silently: the grant lapses, decisions follow later',
  { skip },
  async (t) => {
    const broker = await startMosquitto(t)
    const line = await startLine(t, broker.port)
    const reader = await startReader(t, broker.port)
    const door = startDoor(
      t,
      { url: `mqtt://127.0.0.1:${line.port}` },
      { random: () => 0, grantLifeMs: 1000 },
    )
    await until(() => door.publisher.state().name === 'connected', 'the connection')
    line.cut()
    const startedAt = Date.now()
    t.match(await door.grant(), { outcome: 'unconfirmed' })
    const tookMs = Date.now() - startedAt
    t.ok(tookMs >= 900 && tookMs < 2500, `told after ${tookMs} ms`)
    await until(() => door.publisher.state().name === 'degraded', 'the fault')
    t.match(door.publisher.state(), { cause: /did not answer/ })
    line.mend()
    await until(() => reader.of('decision').length === 1, 'the decision')
    await new Promise((resolve) => setTimeout(resolve, 500))
    t.equal(reader.of('grant').length, 0)
    t.match(door.publisher.counts(), { grantsUnconfirmed: 1, grantsSent: 0 })
  },
)

t.test('an unanswered grant is taken back by a reset, not left to the kernel', async (t) => {
  const ends: string[] = []
  const server = createServer((socket) => {
    socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? ''))
    socket.on('end', () => ends.push('FIN'))
    socket.once('data', () => socket.write(Buffer.from([0x20, 3, 0, 0, 0])))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  t.teardown(() => server.close())
  const door = startDoor(t, { url: `mqtt://127.0.0.1:${port}` }, { grantLifeMs: 300 })
  await until(() => door.publisher.state().name === 'connected', 'the connection')
  t.match(await door.grant(), { outcome: 'unconfirmed' })
  await until(() => ends.length > 0, 'the end')
  t.equal(ends[0], 'ECONNRESET')
  await door.publisher.stop()
})
