import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

import t from 'tap'
import type { Test } from 'tap'

import { createAdminApp } from '../../src/admin/app.js'
import type { AdminOptions } from '../../src/admin/environment.js'
import { serveAdmin } from '../../src/admin/serve.js'
import { createMemoryDoor } from './memory-door.js'
import { deniedDecision } from './sample-decisions.js'

async function setUp(t: Test, options: AdminOptions = {}) {
  const door = createMemoryDoor()
  const app = createAdminApp(door.ports, options)
  const server = await serveAdmin({ app, host: '127.0.0.1', port: 0 })
  t.teardown(() => server.stop())
  const headers = { Authorization: `Bearer ${door.token}` }
  const follow = (signal?: AbortSignal) =>
    fetch(`${server.url}api/live/events`, { headers, ...(signal ? { signal } : {}) })
  return { door, app, server, headers, follow }
}

/** Reads server-sent events as [event, data] until told to stop. */
async function* readEvents(response: Response): AsyncGenerator<[string, unknown]> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const [first = '', second = ''] = block.split('\n')
      yield [first.replace('event: ', ''), JSON.parse(second.replace('data: ', '')) as unknown]
    }
  }
}

async function until(what: string, holds: () => boolean) {
  for (let i = 0; i < 500; i++) {
    if (holds()) return
    await pause(10)
  }
  throw new Error(`not reached: ${what}`)
}

t.test('events reach a viewer as they happen', async (t) => {
  const { door, follow } = await setUp(t)
  const leaving = new AbortController()
  const events = readEvents(await follow(leaving.signal))
  const next = async () => (await events.next()).value as [string, unknown]

  t.match(await next(), ['health', { status: 'ok', door: 'front-door', startedAt: String }])
  t.equal(door.listeners(), 1)
  const decision = deniedDecision('unknown')
  door.decide(decision)
  t.same(await next(), ['decision', decision])
  const faces = {
    sequence: 7,
    frame: { width: 640, height: 480 },
    faces: [
      {
        trackId: 1,
        box: { x: 1, y: 2, width: 3, height: 4 },
        standing: 'judging' as const,
        quality: 'good' as const,
        name: null,
        reason: null,
      },
    ],
  }
  door.tell({ type: 'faces', ...faces })
  t.same(await next(), ['faces', faces])
  door.tell({ type: 'prompt', prompt: { code: 'blink', text: 'Please blink' } })
  t.same(await next(), ['prompt', { code: 'blink', text: 'Please blink' }])
  door.tell({ type: 'prompt', prompt: null })
  t.same(await next(), ['prompt', null])
  door.setHealth({ status: 'degraded' })
  t.match(await next(), ['health', { status: 'degraded' }])

  leaving.abort()
  await until('nobody looks, so nothing is subscribed', () => door.listeners() === 0)
})

t.test('a quiet stream gives signs of life', async (t) => {
  const { follow } = await setUp(t, { heartbeatMs: 20 })
  const leaving = new AbortController()
  const events = readEvents(await follow(leaving.signal))
  for (let i = 0; i < 3; i++) t.match((await events.next()).value, ['health', {}])
  leaving.abort()
})

t.test('viewers are bounded, and a place becomes free again', async (t) => {
  const { door, follow } = await setUp(t, { maxViewers: 2 })
  const leaving = new AbortController()
  await follow(leaving.signal)
  const second = await follow()
  const third = await follow()
  t.equal(third.status, 503)
  t.equal(third.headers.get('Retry-After'), '10')
  t.match(await third.json(), { code: 'too-many-viewers' })
  leaving.abort()
  let again = await follow()
  for (let i = 0; i < 100 && again.status === 503; i++) {
    await again.body?.cancel()
    await pause(10)
    again = await follow()
  }
  t.equal(again.status, 200)
  t.equal(door.listeners(), 1, 'however many look, the line is listened to once')
  await second.body?.cancel()
  await again.body?.cancel()
})

t.test('a viewer that reads nothing is cut off, the others stay', async (t) => {
  const { door, server, follow } = await setUp(t)
  const leaving = new AbortController()
  const good = readEvents(await follow(leaving.signal))
  await good.next()

  const { port } = new URL(server.url)
  const slow = connect(Number(port), '127.0.0.1')
  slow.pause()
  slow.write(
    `GET /api/live/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${door.token}\r\n\r\n`,
  )
  slow.on('error', () => undefined)

  const text = 'x'.repeat(60_000)
  let received = 0
  for (let i = 0; i < 800 && !slow.closed; i++) {
    door.tell({ type: 'prompt', prompt: { code: 'blink', text } })
    t.match((await good.next()).value, ['prompt', {}])
    received += 1
    // A paused socket sees its end only when it reads on.
    if (i % 20 === 19) await pause(5)
    if (i === 400) slow.resume()
  }
  t.ok(slow.closed, `cut off after ${received} events`)
  door.tell({ type: 'prompt', prompt: null })
  t.same((await good.next()).value, ['prompt', null])
  leaving.abort()
})

t.test('a broken health document does not reach the line that tells of it', async (t) => {
  const faults: unknown[] = []
  const door = createMemoryDoor()
  let broken = false
  const app = createAdminApp(
    {
      ...door.ports,
      health() {
        if (broken) throw new Error('broken')
        return door.ports.health()
      },
    },
    { onFault: ({ error }) => faults.push(error) },
  )
  const server = await serveAdmin({ app, host: '127.0.0.1', port: 0 })
  t.teardown(() => server.stop())
  const response = await fetch(`${server.url}api/live/events`, {
    headers: { Authorization: `Bearer ${door.token}` },
  })
  broken = true
  t.doesNotThrow(() => door.tell({ type: 'system' }))
  t.equal(faults.length, 1)
  await response.body?.cancel()
})

t.test('stopping ends streams at once and twice does no harm', async (t) => {
  const { server, door, follow } = await setUp(t)
  const response = await follow()
  const events = readEvents(response)
  await events.next()
  const startedMs = performance.now()
  await Promise.all([server.stop(), server.stop()])
  t.ok(performance.now() - startedMs < 1500, 'without waiting for the viewer')
  t.equal((await events.next()).done, true)
  t.equal(door.listeners(), 0)
  await t.rejects(fetch(server.url))
})

function askWithHost(url: string, host: string, token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(
      `${url}api/persons`,
      { headers: { Host: host, Authorization: `Bearer ${token}` } },
      (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      },
    )
    asked.on('error', reject).end()
  })
}

t.test('a name that a stranger makes resolve to this machine is refused', async (t) => {
  const { server, door } = await setUp(t)
  const { port } = new URL(server.url)
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, '127.0.0.2', `[::1]:${port}`]) {
    t.equal(await askWithHost(server.url, host, door.token), 200, host)
  }
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '10.0.0.1',
    '0.0.0.0',
  ]) {
    t.equal(await askWithHost(server.url, host, door.token), 421, host)
  }
})

t.test('clear text stays on loopback unless the operator says otherwise', async (t) => {
  const door = createMemoryDoor()
  const app = createAdminApp(door.ports)
  for (const host of ['0.0.0.0', '::', '192.168.1.2', 'door.example']) {
    await t.rejects(serveAdmin({ app, host, port: 0 }), { message: /refusing.*allowPlainHttp/ })
  }
  const server = await serveAdmin({
    app,
    host: '0.0.0.0',
    port: 0,
    allowPlainHttp: true,
    hostNames: ['Door.Example'],
  })
  t.teardown(() => server.stop())
  const { port, hostname } = new URL(server.url)
  t.equal(hostname, 'door.example', 'a configured name is what people are told')
  const reachable = `http://127.0.0.1:${port}/`
  t.equal(await askWithHost(reachable, 'door.example', door.token), 200)
  t.equal(await askWithHost(reachable, '192.168.1.2', door.token), 200)
  t.equal(await askWithHost(reachable, 'evil.example', door.token), 421)
})

t.test(
  'the address that is told can be opened, also where every address is listened at',
  async (t) => {
    const app = createAdminApp(createMemoryDoor().ports)
    const server = await serveAdmin({ app, host: '0.0.0.0', port: 0, allowPlainHttp: true })
    t.teardown(() => server.stop())
    t.notMatch(server.url, /0\.0\.0\.0/)
    t.equal((await fetch(`${server.url}health`)).status, 200)
  },
)

t.test('a port that is taken is named with the cure', async (t) => {
  const { app, server } = await setUp(t)
  const port = Number(new URL(server.url).port)
  await t.rejects(serveAdmin({ app, host: '127.0.0.1', port }), {
    message: /can't listen at 127\.0\.0\.1:\d+: another program listens there; stop it/,
  })
})

t.test('a request that is no HTTP is answered and forgotten', async (t) => {
  const { server, headers } = await setUp(t)
  const { port } = new URL(server.url)
  for (const junk of [
    '\x00\x01\x02\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n',
    'GET /\r\n\r\n',
  ]) {
    const socket = connect(Number(port), '127.0.0.1')
    socket.on('error', () => undefined)
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.end(junk)
    await once(socket, 'close')
    t.notMatch(Buffer.concat(chunks).toString(), /node_modules|\.js:/)
  }
  t.equal((await fetch(`${server.url}api/persons`, { headers })).status, 200)
})

t.test('an upload larger than allowed is refused over the wire', async (t) => {
  const { server, headers } = await setUp(t, { maxUploadBytes: 1000 })
  const response = await fetch(`${server.url}api/persons`, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'x'.repeat(5000) }),
  })
  t.equal(response.status, 413)
  t.match(await response.json(), { code: 'body-too-large' })
})
