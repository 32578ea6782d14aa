import fc from 'fast-check'
import sharp from 'sharp'
import t from 'tap'
import type { Test } from 'tap'

import { createAdminApp } from '../../src/admin/app.js'
import { FACE_REJECTIONS } from '../../src/admin/ports/faces.js'
import type { EnrolmentResult } from '../../src/admin/ports/faces.js'
import { PROBLEMS } from '../../src/admin/problems.js'
import { createMemoryDoor } from './memory-door.js'

const SOMEBODY = '01JD4QXNWZ8Y3Q4R5S6T7V8W9X'

function solid(width: number, height: number) {
  return sharp({ create: { width, height, channels: 3, background: '#987' } })
}

const goodJpeg = await solid(320, 240).jpeg().toBuffer()

const MAX_UPLOAD_BYTES = 3 * 1024 * 1024

function setUp() {
  const door = createMemoryDoor(new Uint8Array(goodJpeg))
  const app = createAdminApp(door.ports, { maxUploadBytes: MAX_UPLOAD_BYTES })
  const authorization = { Authorization: `Bearer ${door.token}` }
  const post = (path: string, body: FormData | Uint8Array<ArrayBuffer> | string, type?: string) =>
    app.request(path, {
      method: 'POST',
      body,
      headers: { ...authorization, ...(type === undefined ? {} : { 'Content-Type': type }) },
    })
  const get = (path: string) => app.request(path, { headers: authorization })
  const remove = (path: string) => app.request(path, { method: 'DELETE', headers: authorization })
  const names = async () => {
    const page = (await (await get('/api/persons')).json()) as { items: { name: string }[] }
    return page.items.map(({ name }) => name)
  }
  return { door, app, post, get, remove, names }
}

function formOf(fields: Record<string, string | Uint8Array>): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') form.set(name, value)
    else form.set(name, new Blob([new Uint8Array(value)]), 'face.jpg')
  }
  return form
}

async function expectProblem(t: Test, response: Response, status: number, code: string) {
  t.equal(response.status, status, code)
  t.equal(response.headers.get('Content-Type'), 'application/problem+json')
  const problem = (await response.json()) as Record<string, unknown>
  t.match(problem, { code, status, type: `/docs#${code}`, title: String, cause: String })
  t.match(problem, { cure: String, detail: String, requestId: String })
  return problem
}

t.test('one multipart request enrols a person', async (t) => {
  const { post, get } = setUp()
  const response = await post('/api/persons', formOf({ name: ' Aiko Tanaka ', picture: goodJpeg }))
  t.equal(response.status, 201)
  const person = (await response.json()) as { id: string }
  t.match(person, { name: 'Aiko Tanaka', active: true, faces: 1, createdAt: /Z$/ })
  const location = response.headers.get('Location') ?? ''
  t.equal(location, `/api/persons/${person.id}`)
  t.same(await (await get(location)).json(), person)
  t.same(await (await get(location.toLowerCase())).json(), person)
})

t.test('a person whose face is not taken is not added', async (t) => {
  const { post, names } = setUp()
  const picture = await solid(600, 400).jpeg().toBuffer()
  await expectProblem(t, await post('/api/persons', formOf({ name: 'A', picture })), 422, 'no-face')
  t.same(await names(), [])
})

t.test('nor is one whose enrolment breaks', async (t) => {
  const { door, names } = setUp()
  const faults: unknown[] = []
  const app = createAdminApp(
    {
      ...door.ports,
      faces: {
        ...door.ports.faces,
        addFromPicture: () => Promise.reject(new Error('ENOENT: /var/lib/genkan/model.onnx')),
      },
    },
    { onFault: ({ error }) => faults.push(error) },
  )
  const response = await app.request('/api/persons', {
    method: 'POST',
    body: formOf({ name: 'A', picture: goodJpeg }),
    headers: { Authorization: `Bearer ${door.token}` },
  })
  const problem = await expectProblem(t, response, 500, 'internal')
  t.notMatch(JSON.stringify(problem), /ENOENT|\/var|onnx| at /, 'nothing of the fault leaks')
  t.equal(faults.length, 1, 'the fault is told to the log')
  t.same(await names(), [])
})

t.test('a person by name, then faces one by one, then deleted', async (t) => {
  const { post, get, remove, names } = setUp()
  const created = await post('/api/persons', '{"name":"Jun"}', 'application/json')
  t.equal(created.status, 201)
  const { id, faces } = (await created.json()) as { id: string; faces: number }
  t.equal(faces, 0)

  const path = `/api/persons/${id}/faces`
  const uploads = [
    await post(path, formOf({ picture: goodJpeg })),
    await post(path, new Uint8Array(goodJpeg), 'image/jpeg'),
    await post(path, new Uint8Array(await solid(320, 240).png().toBuffer()), 'image/png'),
    await post(path, new Uint8Array(await solid(320, 240).webp().toBuffer()), 'image/webp'),
    await post(`${path}/from-camera`, ''),
  ]
  for (const upload of uploads) {
    t.equal(upload.status, 201)
    t.match(await upload.json(), { id: String, personId: id, quality: Number })
  }
  t.match(await (await get(`/api/persons/${id}`)).json(), { faces: 5 })

  t.equal((await remove(`/api/persons/${id}`)).status, 200)
  t.same(await names(), [])
  await expectProblem(t, await remove(`/api/persons/${id}`), 404, 'person-not-found')
  await expectProblem(t, await get(`/api/persons/${id}`), 404, 'person-not-found')
})

t.test('one JSON request enrols who is before the camera', async (t) => {
  const { door, post, names } = setUp()
  const body = '{"name":"Jun","face":"from-camera"}'
  t.match(await (await post('/api/persons', body, 'application/json')).json(), { faces: 1 })
  door.show(undefined)
  await expectProblem(t, await post('/api/persons', body, 'application/json'), 503, 'not-ready')
  t.same(await names(), ['Jun'])
})

t.test('hostile pictures are refused with a reason', async (t) => {
  const { post, names } = setUp()
  const noise = await sharp(
    Buffer.alloc(300 * 300 * 3, 0).map((_, i) => (i * 7919) % 251),
    {
      raw: { width: 300, height: 300, channels: 3 },
    },
  )
    .jpeg({ quality: 95 })
    .toBuffer()
  const cases = [
    { what: '0 bytes', bytes: Buffer.alloc(0), status: 422, code: 'broken-image' },
    { what: 'truncated', bytes: noise.subarray(0, 2000), status: 422, code: 'broken-image' },
    { what: 'a header alone', bytes: noise.subarray(0, 4), status: 422, code: 'broken-image' },
    {
      what: '100 megapixels',
      bytes: await solid(10_000, 10_000).png().toBuffer(),
      status: 413,
      code: 'too-large',
    },
    { what: 'text', bytes: Buffer.from('hello'), status: 415, code: 'not-an-image' },
    {
      what: 'an SVG',
      bytes: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      status: 415,
      code: 'not-an-image',
    },
    {
      what: 'no face',
      bytes: await solid(600, 400).jpeg().toBuffer(),
      status: 422,
      code: 'no-face',
    },
    {
      what: 'two faces',
      bytes: await solid(700, 400).jpeg().toBuffer(),
      status: 422,
      code: 'two-faces',
    },
    {
      what: 'too many bytes',
      bytes: Buffer.concat([goodJpeg, Buffer.alloc(MAX_UPLOAD_BYTES)]),
      status: 413,
      code: 'body-too-large',
    },
  ]
  for (const { what, bytes, status, code } of cases) {
    await t.test(what, async (t) => {
      const picture = new Uint8Array(bytes)
      await expectProblem(
        t,
        await post('/api/persons', formOf({ name: 'A', picture })),
        status,
        code,
      )
      if (picture.length === 0) return
      const created = await post('/api/persons', '{"name":"B"}', 'application/json')
      const { id } = (await created.json()) as { id: string }
      const upload = await post(`/api/persons/${id}/faces`, picture, 'image/jpeg')
      await expectProblem(t, upload, status, code)
    })
  }
  t.notOk((await names()).includes('A'))
})

t.test('every rejection has its status, and its detail is told', async (t) => {
  for (const reason of FACE_REJECTIONS) {
    const { door } = setUp()
    const result: EnrolmentResult = {
      outcome: 'rejected',
      reason,
      detail: `seen: ${reason}; do this`,
      ...(reason === 'same-as-person' ? { personId: SOMEBODY } : {}),
    }
    const app = createAdminApp({
      ...door.ports,
      faces: { ...door.ports.faces, addFromPicture: () => result, addFromCamera: () => result },
    })
    const response = await app.request(`/api/persons/${SOMEBODY}/faces/from-camera`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${door.token}` },
    })
    const problem = await expectProblem(t, response, PROBLEMS[reason].status, reason)
    t.match(problem, { cause: `Seen: ${reason}.`, cure: 'Do this.' })
    if (reason === 'same-as-person') t.equal(problem['personId'], SOMEBODY)
  }
})

t.test('malformed requests are refused', async (t) => {
  const { post, get, names } = setUp()
  const boundary = 'multipart/form-data; boundary=x'
  const cases: [body: string, type: string | undefined, status: number][] = [
    ['', 'application/json', 400],
    ['{', 'application/json', 400],
    ['[]', 'application/json', 400],
    ['{}', 'application/json', 400],
    ['{"name":""}', 'application/json', 400],
    ['{"name":"   "}', 'application/json', 400],
    ['{"name":7}', 'application/json', 400],
    ['{"name":"A","admin":true}', 'application/json', 400],
    ['{"name":"A\\u0000"}', 'application/json', 400],
    ['{"name":"\\ud800"}', 'application/json', 400],
    ['{"name":"\\u202eA"}', 'application/json', 400],
    [JSON.stringify({ name: 'a'.repeat(201) }), 'application/json', 400],
    ['name=A', 'application/x-www-form-urlencoded', 415],
    ['name', 'text/plain', 415],
    ['name', 'x'.repeat(300), 415],
    ['', boundary, 400],
    ['--x', boundary, 400],
    ['--x--', boundary, 400],
    ['--x\r\n\r\n--x--', boundary, 400],
    ['--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nA', boundary, 400],
    ['--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nA\r\n', boundary, 400],
    ['abc', 'multipart/form-data', 400],
    ['abc', 'multipart/form-data; boundary=', 400],
    ['abc', `multipart/form-data; boundary=${'x'.repeat(500)}`, 400],
  ]
  for (const [body, type, status] of cases) {
    const response = await post('/api/persons', body, type)
    t.equal(response.status, status, `${type ?? ''} ${body.slice(0, 60)}`)
    t.match(await response.json(), { cause: String, cure: String })
  }
  const twice = formOf({ picture: goodJpeg })
  twice.append('name', 'A')
  twice.append('name', 'B')
  t.equal((await post('/api/persons', twice)).status, 400)
  const two = formOf({ name: 'A', picture: goodJpeg })
  two.append('picture', new Blob([new Uint8Array(goodJpeg)]), 'b.jpg')
  t.equal((await post('/api/persons', two)).status, 400)
  t.equal((await post('/api/persons', formOf({ name: 'A', picture: 'text' }))).status, 400)
  for (const query of [
    'limit=0',
    'limit=201',
    'limit=x',
    'cursor=',
    'cursor=%00',
    'cursor=a%20b',
  ]) {
    t.equal((await get(`/api/persons?${query}`)).status, 400, query)
    t.equal((await get(`/api/decisions?${query}`)).status, 400, query)
  }
  t.same(await names(), [])
})

t.test('whatever the id in the path, nothing breaks or leaks', async (t) => {
  const { get, remove, post } = setUp()
  const ids = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom(
      '..',
      '../../etc/passwd',
      '%2e%2e',
      '__proto__',
      'null',
      '0'.repeat(26),
      "' OR 1=1",
    ),
  )
  await fc.assert(
    fc.asyncProperty(ids, async (id) => {
      // A lone surrogate has no encoding, so it can't be sent.
      if (/\p{Cs}/u.test(id)) return
      const path = `/api/persons/${encodeURIComponent(id)}`
      for (const response of [
        await get(path),
        await remove(path),
        await post(`${path}/faces/from-camera`, ''),
      ]) {
        const text = await response.text()
        if (id === '' && response.status === 200) continue
        t.ok([400, 404, 405].includes(response.status), `${path}: ${response.status}`)
        t.notMatch(text, /\.js|node_modules|\bat .*:\d+/)
      }
    }),
    { numRuns: 60 },
  )
})

t.test('a long list is paged without gaps or repeats', async (t) => {
  const { door, get } = setUp()
  for (let i = 0; i < 23; i++) await door.ports.persons.create(`P${i}`, 'test')
  const seen: string[] = []
  let next: string | null = ''
  while (next !== null) {
    const response = await get(`/api/persons?limit=5${next === '' ? '' : `&cursor=${next}`}`)
    const page = (await response.json()) as { items: { name: string }[]; nextCursor: string | null }
    seen.push(...page.items.map(({ name }) => name))
    next = page.nextCursor
  }
  t.same(
    seen,
    Array.from({ length: 23 }, (_, i) => `P${i}`),
  )
})
