import fc from 'fast-check'
import t from 'tap'

import { createAdminApp } from '../../src/admin/app.js'
import { createMemoryDoor } from './memory-door.js'
import { deniedDecision } from './sample-decisions.js'

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly string[]
  readonly const?: string
  readonly properties?: Record<string, Schema>
}

interface Operation {
  readonly parameters?: readonly { name: string; in: string; schema: Schema }[]
  readonly requestBody?: { content: Record<string, { schema: Schema }> }
  readonly responses: Partial<Record<string, { content?: Record<string, unknown> }>>
  readonly security?: readonly unknown[]
  readonly 'x-access': string
}

interface Document {
  readonly openapi: string
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { schemas: Record<string, Schema> }
  readonly 'x-problems': Record<string, { status: number; cause: string; cure: string }>
}

async function readDocument(app: ReturnType<typeof createAdminApp>): Promise<Document> {
  return (await (await app.request('/openapi.json')).json()) as Document
}

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

/** Values near what a schema asks for, and far from it. */
function valueFor(schema: Schema, document: Document): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').pop() ?? ''
    return valueFor(document.components.schemas[name] ?? {}, document)
  }
  const junk = fc.oneof(
    fc.jsonValue(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', '__proto__', '\u0000', '1e999', '-1', 'NaN', '../..', 'a'.repeat(3000)),
  )
  if (schema.enum !== undefined) return fc.oneof(fc.constantFrom(...schema.enum), junk)
  if (schema.const !== undefined) return fc.oneof(fc.constant(schema.const), junk)
  if (schema.properties !== undefined) {
    const fields = Object.fromEntries(
      Object.entries(schema.properties).map(([name, inner]) => [name, valueFor(inner, document)]),
    )
    return fc.oneof({ weight: 4, arbitrary: fc.record(fields, { requiredKeys: [] }) }, junk)
  }
  if (schema.type === 'integer') return fc.oneof(fc.integer(), fc.double(), junk)
  return fc.oneof(fc.string(), fc.ulid(), junk)
}

type Body = string | Uint8Array<ArrayBuffer> | FormData

const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

function bodyFor(type: string, schema: Schema, document: Document): fc.Arbitrary<Body> {
  const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => new Uint8Array(array))
  if (type === 'application/json') {
    return fc.oneof(
      valueFor(schema, document).map((value) => JSON.stringify(value)),
      fc.string(),
      bytes,
    )
  }
  if (type !== 'multipart/form-data') {
    const magic = fc.constantFrom([], [0xff, 0xd8, 0xff, 0xe0], [0x89, 0x50, 0x4e, 0x47])
    return fc.tuple(magic, bytes).map(([head, rest]) => new Uint8Array([...head, ...rest]))
  }
  const names = fc.oneof(fc.constantFrom(...Object.keys(schema.properties ?? {})), fc.string())
  const part = fc.tuple(names, fc.oneof(fc.string(), bytes))
  return fc.oneof(
    fc.array(part, { maxLength: 4 }).map((parts) => {
      const form = new FormData()
      for (const [name, value] of parts) {
        form.append(name, typeof value === 'string' ? value : new Blob([value]))
      }
      return form
    }),
    bytes,
  )
}

t.test('no request made from the document breaks the app or tells of its inside', async (t) => {
  const door = createMemoryDoor()
  door.decide(deniedDecision('unknown'))
  const faults: unknown[] = []
  const app = createAdminApp(door.ports, { onFault: ({ error }) => faults.push(error) })
  const document = await readDocument(app)
  const { id } = await door.ports.persons.create('Jun', 'test')

  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const { parameters = [], requestBody, responses } = operation
      const types = Object.entries(requestBody?.content ?? {})
      const declared = types.map(([type, { schema }]) =>
        bodyFor(type, schema, document).map((body) => ({ body, type })),
      )
      const strange = fc.record({
        body: fc.uint8Array({ maxLength: 100 }).map((array) => new Uint8Array(array)),
        type: fc.constantFrom(
          '',
          'text/html',
          'application/json; charset=x',
          'multipart/form-data',
        ),
      })
      const values = fc.record(
        Object.fromEntries(
          parameters.map(({ name, schema }) => [
            name,
            name === 'id'
              ? fc.oneof(fc.constant(id), fc.ulid(), fc.string({ minLength: 1 }))
              : fc.option(valueFor(schema, document), { nil: undefined }),
          ]),
        ),
      )
      const content =
        requestBody === undefined ? fc.constant(undefined) : fc.oneof(...declared, strange)

      await fc.assert(
        fc.asyncProperty(values, content, async (given, sent) => {
          const query = new URLSearchParams()
          let address = path
          for (const { name, in: place } of parameters) {
            const value = given[name]
            if (value === undefined) continue
            const text = asText(value)
            if (place === 'path') {
              if (text === '' || /\p{Cs}/u.test(text)) return
              address = address.replace(`{${name}}`, encodeURIComponent(text))
            } else query.set(name, text)
          }
          const isForm = sent?.body instanceof FormData
          const response = await app.request(`${address}?${query.toString()}`, {
            method: method.toUpperCase(),
            headers: {
              Authorization: `Bearer ${door.token}`,
              ...(sent === undefined || isForm || sent.type === ''
                ? {}
                : { 'Content-Type': sent.type }),
            },
            ...(sent === undefined ? {} : { body: sent.body }),
          })
          const type = response.headers.get('Content-Type') ?? ''
          if (type === 'text/event-stream') {
            await response.body?.cancel()
            return
          }
          const text = await response.text()
          const where = `${method} ${address} → ${response.status} ${text}`
          const documented = responses[response.status]
          // "." and ".." as an id lead to another address.
          const elsewhere =
            address.includes('/./') || /\/\.{1,2}(\/|$)/.test(decodeURIComponent(address))
          if (documented === undefined && !elsewhere) throw new Error(`undocumented: ${where}`)
          if (response.status === 500 || LEAK.test(text)) throw new Error(`leaks: ${where}`)
          if (response.status >= 400 && type !== 'application/problem+json') {
            throw new Error(`no problem document: ${where}`)
          }
        }),
        { numRuns: 80 },
      )
      t.pass(`${method.toUpperCase()} ${path}`)
    }
  }
  t.same(faults, [])
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
