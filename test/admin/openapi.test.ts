import t from 'tap'

import { createAdminApp } from '../../src/admin/app.js'
import { readDocument } from './api-document.js'
import { createMemoryDoor } from './memory-door.js'

const LEAK = /node_modules|\/src\/|\.[jt]s:\d+|\bat \S+ \(|ENOENT|SQLITE/

t.test('the document is OpenAPI 3.1 and resolves within itself', async (t) => {
  const document = await readDocument(createAdminApp(createMemoryDoor().ports))
  t.match(document.openapi, /^3\.1\./)
  const text = JSON.stringify(document)
  for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)) {
    t.ok(document.components.schemas[name], `schema ${name}`)
  }
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const { responses, security, 'x-access': access } = operation
      t.equal(security !== undefined, access !== 'open', `${method} ${path} says its auth`)
      t.ok(Object.keys(responses).some((status) => status.startsWith('2')))
    }
  }
  for (const { cause, cure } of Object.values(document['x-problems'])) {
    t.match(cause, /\.$/)
    t.match(cure, /\.$/)
  }
})

t.test('a fault in any port ends as 500 without its words', async (t) => {
  const broken = () => {
    throw new Error('SQLITE_CORRUPT at /var/lib/genkan/genkan.db')
  }
  const { ports, token } = createMemoryDoor()
  const faults: unknown[] = []
  let started = false
  const app = createAdminApp(
    {
      ...ports,
      persons: {
        create: broken,
        list: broken,
        get: broken,
        update: broken,
        remove: broken,
        export: broken,
      },
      decisions: { list: broken, notThisPerson: broken },
      live: { latestJpeg: broken, subscribe: broken, recentCues: broken },
      health: () => (started ? broken() : ports.health()),
    },
    { onFault: ({ error, requestId }) => faults.push([error, requestId]) },
  )
  started = true
  const paths = [
    '/api/persons',
    '/api/persons/01JD4QXNWZ8Y3Q4R5S6T7V8W9X',
    '/api/decisions',
    '/api/live/snapshot.jpg',
    '/api/live/events',
    '/api/health',
    '/health',
  ]
  for (const path of paths) {
    const response = await app.request(path, { headers: { Authorization: `Bearer ${token}` } })
    t.equal(response.status, 500, path)
    const text = await response.text()
    t.match(text, /"code":"internal"/)
    t.notMatch(text, LEAK)
    t.notMatch(text, /genkan\.db/)
  }
  t.equal(faults.length, paths.length)
})

t.test('an answer that never comes is given up', async (t) => {
  const { ports, token } = createMemoryDoor()
  const app = createAdminApp(
    { ...ports, decisions: { ...ports.decisions, list: () => new Promise(() => undefined) } },
    { answerTimeoutMs: 20 },
  )
  const response = await app.request('/api/decisions', {
    headers: { Authorization: `Bearer ${token}` },
  })
  t.equal(response.status, 504)
  t.match(await response.json(), { code: 'timed-out' })
})
