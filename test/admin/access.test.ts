import t from 'tap'

import { createAdminApp } from '../../src/admin/app.js'
import { createMemoryDoor } from './memory-door.js'

const SOMEBODY = '01JD4QXNWZ8Y3Q4R5S6T7V8W9X'

/** Every route with what the right token gives at an empty door with no picture. */
const ROUTES = [
  { method: 'GET', path: '/api/health', status: 200 },
  { method: 'GET', path: '/api/persons', status: 200 },
  { method: 'POST', path: '/api/persons', status: 415 },
  { method: 'GET', path: `/api/persons/${SOMEBODY}`, status: 404 },
  { method: 'DELETE', path: `/api/persons/${SOMEBODY}`, status: 404 },
  { method: 'POST', path: `/api/persons/${SOMEBODY}/faces`, status: 415 },
  { method: 'POST', path: `/api/persons/${SOMEBODY}/faces/from-camera`, status: 503 },
  { method: 'GET', path: '/api/decisions', status: 200 },
  { method: 'GET', path: '/api/live/snapshot.jpg', status: 503 },
  { method: 'GET', path: '/api/live/events', status: 200 },
  { method: 'GET', path: '/api/nothing', status: 404 },
  { method: 'GET', path: '/nothing', status: 404 },
  { method: 'PUT', path: '/api/persons', status: 405 },
] as const

const OPEN = ['/', '/docs', '/openapi.json', '/health', '/console/main.js'] as const

t.test('every route answers 401 without a token and with a wrong one', async (t) => {
  const door = createMemoryDoor()
  const app = createAdminApp(door.ports, { maxFailedAuthPerMinute: 1000 })
  const wrong = [
    undefined,
    `Bearer ${'A'.repeat(43)}`,
    `Bearer ${door.token}x`,
    `Bearer ${door.token.toLowerCase()}`,
    `Basic ${door.token}`,
    `Bearer  ${'A'.repeat(5000)}`,
    'Bearer ',
    '',
  ]
  for (const { method, path } of ROUTES) {
    for (const header of wrong) {
      const response = await app.request(path, {
        method,
        ...(header === undefined ? {} : { headers: { Authorization: header } }),
      })
      t.equal(response.status, 401, `${method} ${path}`)
      t.equal(response.headers.get('Content-Type'), 'application/problem+json')
      t.match(response.headers.get('WWW-Authenticate'), /^Bearer/)
      t.match(await response.json(), { code: 'unauthorized', status: 401, cure: String })
    }
  }
})

t.test('the right token opens every route', async (t) => {
  const door = createMemoryDoor()
  const app = createAdminApp(door.ports)
  for (const { method, path, status } of ROUTES) {
    const response = await app.request(path, {
      method,
      headers: { Authorization: `Bearer ${door.token}` },
    })
    t.equal(response.status, status, `${method} ${path}`)
    t.equal(response.headers.get('Cache-Control'), 'no-store')
    await response.body?.cancel()
  }
})

t.test('pages, documentation and the plain health need no token', async (t) => {
  const app = createAdminApp(createMemoryDoor().ports)
  for (const path of OPEN) {
    const response = await app.request(path)
    t.equal(response.status, 200, path)
    t.match(response.headers.get('Content-Security-Policy'), /default-src 'self'/)
    t.equal(response.headers.get('X-Content-Type-Options'), 'nosniff')
    t.equal(response.headers.get('X-Frame-Options'), 'DENY')
    t.ok(response.headers.get('X-Request-Id'))
  }
})

t.test('the plain health says whether a door can open, and nothing else', async (t) => {
  const door = createMemoryDoor()
  const app = createAdminApp(door.ports)
  t.same(await (await app.request('/health')).json(), { status: 'ok' })
  door.setHealth({ status: 'degraded' })
  t.equal((await app.request('/health')).status, 200)
  door.setHealth({ status: 'down' })
  const down = await app.request('/health')
  t.equal(down.status, 503)
  t.same(await down.json(), { status: 'down' })
})

t.test('readiness names what it waits for, and nothing else', async (t) => {
  const door = createMemoryDoor()
  const app = createAdminApp(door.ports)
  const { broker, camera } = door.ports.health()
  const cause = { name: 'degraded', cause: 'refused at 10.0.0.7', cure: 'start it' } as const
  door.setHealth({ broker: { ...broker, state: cause } })
  const answer = await app.request('/ready')
  t.same([answer.status, await answer.json()], [503, { ready: false, lacks: ['broker'] }])
  door.setHealth({ camera: { ...camera, state: { name: 'stopped' } }, threshold: null })
  t.same(await (await app.request('/ready')).json(), {
    ready: false,
    lacks: ['camera', 'calibration', 'broker'],
  })
})

t.test('an address that guesses tokens has to wait, even with the right one', async (t) => {
  const door = createMemoryDoor()
  let nowMs = 0
  const app = createAdminApp(door.ports, { maxFailedAuthPerMinute: 3, now: () => nowMs })
  const ask = (token: string) =>
    app.request('/api/persons', { headers: { Authorization: `Bearer ${token}` } })

  for (let i = 0; i < 3; i++) t.equal((await ask(`guess${i}`)).status, 401)
  nowMs = 20_000
  const refused = await ask(door.token)
  t.equal(refused.status, 429)
  t.equal(refused.headers.get('Retry-After'), '40')
  t.match(await refused.json(), { code: 'too-many-attempts' })
  nowMs = 60_001
  t.equal((await ask(door.token)).status, 200, 'a minute later the right token is taken')
})

t.test('asking without any token is not guessing', async (t) => {
  const door = createMemoryDoor()
  const app = createAdminApp(door.ports, { maxFailedAuthPerMinute: 2 })
  for (let i = 0; i < 5; i++) t.equal((await app.request('/api/persons')).status, 401)
})

t.test('a revoked token ends at once', async (t) => {
  const door = createMemoryDoor()
  let valid = true
  const app = createAdminApp({
    ...door.ports,
    tokens: {
      ...door.ports.tokens,
      verify: (token) => (valid ? door.ports.tokens.verify(token) : undefined),
    },
  })
  const headers = { Authorization: `Bearer ${door.token}` }
  t.equal((await app.request('/api/persons', { headers })).status, 200)
  valid = false
  t.equal((await app.request('/api/persons', { headers })).status, 401)
})
