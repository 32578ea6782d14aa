import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import t from 'tap'

import { readDocument, routesOf } from './api-document.js'
import type { ApiDocument, Operation, Schema } from './api-document.js'
import { openRealDoor } from './real-door.js'
import { deniedDecision } from './sample-decisions.js'

/** Requests a route; `GENKAN_FUZZ_RUNS=1000 tap build/test/admin/fuzz.test.js` for a long run. */
const RUNS = Number(process.env['GENKAN_FUZZ_RUNS'] ?? 12)
/** Longer than any answer takes on a busy machine; a request that hangs takes for ever. */
const HANGS_AFTER_MS = 20_000
const LEAK = /node_modules|\/src\/|\.[jt]s:\d+|\bat \S+ \(|ENOENT|SQLITE/

t.setTimeout(600_000)
const faults: unknown[] = []
const door = await openRealDoor(t, { onFault: ({ error }) => faults.push(error) })
const document = await readDocument(door.app)
const person = door.store.persons.create('Jun', 'test')
door.store.groups.create({ id: 'cleaners', name: 'Cleaners' }, 'test')
const decision = deniedDecision('unknown')
door.store.decisions.record(decision)
const KNOWN = [person.id, decision.id, 'cleaners', 'front']

const ajv = new Ajv2020({ strict: false, validateFormats: false })
ajv.addSchema(document, 'openapi')
const validators = new Map<string, ReturnType<typeof ajv.compile>>()

/** What a JSON answer has that its documentation does not allow; `undefined` when nothing. */
function deviation(path: string, method: string, status: number, body: unknown) {
  const parts = ['paths', path, method.toLowerCase(), 'responses', String(status)]
  const types = document.paths[path][method.toLowerCase()].responses[status]?.content ?? {}
  const type = Object.keys(types).find((name) => name.includes('json'))
  if (type === undefined) return undefined
  const pointer = [...parts, 'content', type, 'schema']
    .map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1'))
    .map(encodeURIComponent)
    .join('/')
  const validate = validators.get(pointer) ?? ajv.compile({ $ref: `openapi#/${pointer}` })
  validators.set(pointer, validate)
  return validate(body) ? undefined : ajv.errorsText(validate.errors)
}

const junk = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    '__proto__',
    '\u0000',
    '1e999',
    '-1',
    'NaN',
    '../..',
    '%00',
    'a'.repeat(3000),
  ),
)

function resolve(schema: Schema, document: ApiDocument): Schema {
  if (schema.$ref === undefined) return schema
  return document.components.schemas[schema.$ref.split('/').pop() ?? ''] ?? {}
}

/** Values as the schema asks for. */
function fitting(given: Schema): fc.Arbitrary<unknown> {
  const schema = resolve(given, document)
  const { enum: values, properties, items } = schema
  if (values !== undefined) return fc.constantFrom(...values)
  if (schema.const !== undefined) return fc.constant(schema.const)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return fc.oneof(...choices.map(fitting))
  if (properties !== undefined) {
    const fields = Object.fromEntries(
      Object.entries(properties).map(([name, inner]) => [name, valueFor(inner)]),
    )
    return fc.record(fields, { requiredKeys: [...(schema.required ?? [])] })
  }
  if (items !== undefined) return fc.array(fitting(items), { maxLength: 3 })
  const type = String([schema.type].flat().at(0))
  const { minimum = -10, maximum = 1000 } = schema
  switch (type) {
    case 'boolean':
      return fc.boolean()
    case 'integer':
      return fc.integer({ min: Math.ceil(minimum), max: Math.max(Math.ceil(minimum), maximum) })
    case 'number':
      return fc.double({ min: minimum, max: Math.max(minimum, maximum), noNaN: true })
    case 'null':
      return fc.constant(null)
    default:
      if (schema.format === 'date-time') {
        return fc.date({ noInvalidDate: true }).map((date) => date.toISOString())
      }
      return fc.oneof(fc.constantFrom(...KNOWN), fc.ulid(), fc.string({ minLength: 1 }))
  }
}

/** Mostly as asked for, and at times something else altogether. */
function valueFor(schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 4, arbitrary: fitting(schema) }, junk)
}

type Body = string | Uint8Array<ArrayBuffer> | FormData

const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => new Uint8Array(array))

function bodyFor(type: string, schema: Schema): fc.Arbitrary<Body> {
  if (type === 'application/json') {
    const json = valueFor(schema).map((value) => JSON.stringify(value))
    return fc.oneof({ weight: 5, arbitrary: json }, fc.string(), bytes)
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

interface Sent {
  readonly values: Readonly<Record<string, unknown>>
  readonly content: { readonly body: Body; readonly type: string } | undefined
}

function requestFor({ parameters = [], requestBody }: Operation): fc.Arbitrary<Sent> {
  const values = fc.record(
    Object.fromEntries(
      parameters.map(({ name, in: place, schema }) => [
        name,
        place === 'path'
          ? fc.oneof(fitting(schema), fc.constantFrom(...KNOWN), junk)
          : fc.option(valueFor(schema), { nil: undefined }),
      ]),
    ),
  )
  const declared = Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) => ({
    weight: 4,
    arbitrary: bodyFor(type, resolve(schema, document)).map((body) => ({ body, type })),
  }))
  const strange = fc.record({
    body: bytes,
    type: fc.constantFrom('', 'text/html', 'application/json; charset=x', 'multipart/form-data'),
  })
  const content =
    requestBody === undefined ? fc.constant(undefined) : fc.oneof(...declared, strange)
  return fc.record({ values, content })
}

const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

/** A request, or `undefined` where the values can't be put into one. */
function toRequest(path: string, method: string, operation: Operation, { values, content }: Sent) {
  const query = new URLSearchParams()
  const headers = new Headers(door.headers.admin)
  let address = path
  for (const { name, in: place } of operation.parameters ?? []) {
    const value = values[name]
    if (value === undefined) continue
    const text = asText(value)
    switch (place) {
      case 'path':
        // Nothing, "." and ".." lead to another address.
        if (/^\.{0,2}$|\p{Cs}/u.test(text)) return undefined
        address = address.replace(`{${name}}`, encodeURIComponent(text))
        break
      case 'query':
        query.set(name, text)
        break
      case 'header':
        if (!/^[\x20-\x7e]*$/.test(text)) return undefined
        headers.set(name, text)
    }
  }
  const isForm = content?.body instanceof FormData
  if (content !== undefined && !isForm && content.type !== '') {
    headers.set('Content-Type', content.type)
  }
  const url = `${address}?${query.toString()}`
  return { url, init: { method, headers, ...(content && { body: content.body }) } }
}

/** Each answer of these copies a database, derives a key from a passphrase, or runs a net. */
const SLOW = /^\/api\/(backups|restore$|style\/see)/

for (const { method, path, operation } of routesOf(document)) {
  t.test(`${method} ${path}: no fault, no hang, no leak, nothing undocumented`, async (t) => {
    const runs = SLOW.test(path) ? Math.ceil(RUNS / 5) : RUNS
    await fc.assert(
      fc.asyncProperty(requestFor(operation), async (sent) => {
        const request = toRequest(path, method, operation, sent)
        if (request === undefined) return
        const response = await door.app.request(request.url, request.init)
        const { status } = response
        const type = response.headers.get('Content-Type') ?? ''
        if (type === 'text/event-stream') {
          await response.body?.cancel()
          return
        }
        const text = await response.text()
        const where = `${method} ${request.url} → ${status} ${text.slice(0, 500)}`
        if (operation.responses[status] === undefined) throw new Error(`undocumented: ${where}`)
        const leaks = LEAK.test(text) || text.includes(door.folder)
        if (status === 500 || (leaks && status >= 400)) throw new Error(`leaks: ${where}`)
        if (status >= 400 && status !== 503 && type !== 'application/problem+json') {
          throw new Error(`no problem document: ${where}`)
        }
        if (!/^application\/(problem\+)?json/.test(type)) return
        const wrong = deviation(path, method, status, JSON.parse(text))
        if (wrong !== undefined) throw new Error(`not as documented (${wrong}): ${where}`)
      }),
      { numRuns: runs, timeout: HANGS_AFTER_MS, endOnFailure: true },
    )
    t.same(
      faults.map((fault) => (fault instanceof Error ? fault.message : fault)),
      [],
    )
  })
}
