import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import sharp from 'sharp'
import t, { type Test } from 'tap'

import { decodeImage } from '../../src/frame/decode.js'
import { assetPath } from '../../src/models/registry.js'
import { folderBytes, rawDatabase } from '../store/samples.js'
import { stripes } from '../style/jobs/painting.js'
import { openRealDoor, type AskInit } from './real-door.js'

const door = await openRealDoor(t)
const content = await stripes(0)
const style = await stripes(90)

const UPLOADS = { content: { kind: 'upload' }, style: { kind: 'upload' } } as const
const LIBRARY = {
  content: { kind: 'library', id: 'mona-lisa' },
  style: { kind: 'library', id: 'waves' },
} as const
/** Painted in no time, should its turn come before the test ends it. */
const SMALL = { sizePixels: 32, stepsPerLevel: 1 } as const

const json = async (response: Response) => (await response.json()) as Record<string, unknown>

function form(order: unknown, pictures: Record<string, Uint8Array | readonly Uint8Array[]> = {}) {
  const body = new FormData()
  body.set('order', typeof order === 'string' ? order : JSON.stringify(order))
  for (const [name, given] of Object.entries(pictures)) {
    for (const bytes of given instanceof Uint8Array ? [given] : given) {
      body.append(name, new Blob([new Uint8Array(bytes)]), `${name}.png`)
    }
  }
  return body
}

const submit = (init: AskInit) => door.ask('/api/style/jobs', { method: 'POST', ...init })

async function expectProblem(t: Test, response: Response, status: number, code: string) {
  t.equal(response.status, status)
  t.match(response.headers.get('Content-Type'), /^application\/problem\+json/)
  t.match(await json(response), { status, code, cause: String })
}

async function jobsNow(): Promise<number> {
  const page = await json(await door.ask('/api/style/jobs?limit=200'))
  return (page['items'] as unknown[]).length
}

/** Leaves nothing to be painted. */
async function removeAll(): Promise<void> {
  const { items } = await json(await door.ask('/api/style/jobs?limit=200'))
  for (const { id } of items as { id: string }[]) {
    await door.ask(`/api/style/jobs/${id}`, { method: 'DELETE' })
  }
}

t.test('an order of library pictures is taken, followed, ended and removed', async (t) => {
  const created = await submit({ role: 'enroller', json: { ...LIBRARY, settings: SMALL } })
  t.equal(created.status, 201)
  const job = await json(created)
  t.match(job, { ...LIBRARY, settings: SMALL, personId: null, createdBy: /^token:/ })
  const path = `/api/style/jobs/${String(job['id'])}`
  t.equal(created.headers.get('Location'), path)
  t.match(await json(await door.ask(path)), { id: job['id'] })
  await expectProblem(t, await door.ask(`${path}/result.png`), 404, 'no-style-picture')
  t.equal((await door.ask(path, { role: 'viewer' })).status, 403)
  const ended = await door.ask(`${path}/cancel`, { method: 'POST' })
  t.match(await json(ended), { state: 'cancelled', endedAt: String })
  const again = await door.ask(`${path}/cancel`, { method: 'POST' })
  await expectProblem(t, again, 409, 'style-job-ended')
  t.equal((await door.ask(path, { method: 'DELETE' })).status, 204)
  await expectProblem(t, await door.ask(path), 404, 'style-job-not-found')
})

t.test('uploads come in a form, once even when the form comes twice', async (t) => {
  const before = await jobsNow()
  const headers = { 'Idempotency-Key': 'paint-1' }
  const order = { ...UPLOADS, settings: SMALL }
  const first = await submit({ body: form(order, { content, style }), headers })
  t.equal(first.status, 201)
  const job = await json(first)
  t.match(job, UPLOADS)
  t.equal(await jobsNow(), before + 1)
  const again = await submit({ body: form(order, { content, style }), headers })
  t.equal(again.headers.get('Idempotency-Replayed'), 'true', 'though its boundary is another')
  t.equal((await json(again))['id'], job['id'])
  t.equal(await jobsNow(), before + 1)
  const other = await submit({ body: form(order, { content: style, style }), headers })
  await expectProblem(t, other, 422, 'idempotency-key-reused')
  t.equal(await jobsNow(), before + 1)
  await removeAll()
})

t.test('a form that is not whole is refused by name', async (t) => {
  const order = { ...UPLOADS, settings: SMALL }
  const cases: readonly (readonly [string, FormData, RegExp])[] = [
    ['no order', form('', { content, style }), /JSON/],
    ['an order that is no JSON', form('{', { content, style }), /JSON/],
    ['no style picture', form(order, { content }), /"style"/],
    ['two of them', form(order, { content, style: [style, style] }), /"style"/],
    ['an order of nothing', form({}, { content, style }), /style/],
    ['a misspelt field', form({ ...order, settngs: {} }, { content, style }), /settngs/],
    ['a size out of bounds', form({ ...order, settings: { sizePixels: 9999 } }), /sizePixels/],
    ['a weight of no number', form({ ...order, settings: { beta: 'much' } }), /beta/],
    ['no layer', form({ ...order, settings: { styleLayers: {} } }), /layer/],
  ]
  for (const [what, body, cause] of cases) {
    const response = await submit({ body })
    t.equal(response.status, 400, what)
    t.match(await json(response), { code: 'bad-request', cause }, what)
  }
  const torn = await submit({
    body: '--x\r\nContent-Disposition: form-data; name="order"\r\n\r\n{',
    headers: { 'Content-Type': 'multipart/form-data; boundary=x' },
  })
  await expectProblem(t, torn, 400, 'bad-request')
  const plain = await submit({ body: 'paint!', headers: { 'Content-Type': 'text/plain' } })
  await expectProblem(t, plain, 415, 'unsupported-media-type')
  const uploadsAsJson = await submit({ json: order })
  await expectProblem(t, uploadsAsJson, 400, 'bad-request')
  t.equal(await jobsNow(), 0)
})

t.test('hostile pictures are refused with a reason, as content and as style', async (t) => {
  const solid = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: 'teal' } })
  const bomb = await solid(8, 8).png().toBuffer()
  bomb.writeUInt32BE(30_000, 16)
  bomb.writeUInt32BE(30_000, 20)
  const jpeg = readFileSync(assetPath('sample1.jpg'))
  const cases: readonly (readonly [string, Uint8Array, number, string])[] = [
    ['0 bytes', new Uint8Array(), 422, 'broken-image'],
    ['truncated', jpeg.subarray(0, jpeg.length / 3), 422, 'broken-image'],
    ['text', Buffer.from('hello'), 415, 'not-an-image'],
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 415, 'not-an-image'],
    ['bomb-like PNG', bomb, 413, 'too-large'],
    ['100 megapixels', await solid(10_000, 10_000).png().toBuffer(), 413, 'too-large'],
  ]
  const order = { ...UPLOADS, settings: SMALL }
  for (const [what, hostile, status, code] of cases) {
    await t.test(what, async (t) => {
      const asContent = await submit({ body: form(order, { content: hostile, style }) })
      await expectProblem(t, asContent, status, code)
      const asStyle = await submit({ body: form(order, { content, style: hostile }) })
      await expectProblem(t, asStyle, status, code)
    })
  }
  t.equal(await jobsNow(), 0)
})

t.test('pictures and persons that are not there are named', async (t) => {
  const order = { ...LIBRARY, settings: SMALL }
  const wrong = { kind: 'library', id: 'starry-night' } as const
  const content = await submit({ json: { ...order, content: wrong } })
  await expectProblem(t, content, 404, 'library-picture-not-found')
  const style = await submit({ json: { ...order, style: { kind: 'library', id: 'mona-lisa' } } })
  await expectProblem(t, style, 404, 'library-picture-not-found')
  const person = await submit({ json: { ...order, personId: '01JD4QXNWZ8Y3Q4R5S6T7V8W9X' } })
  await expectProblem(t, person, 404, 'person-not-found')
})

t.test('a still of the camera needs the consent of whoever is in it', async (t) => {
  const order = (consent?: boolean) => ({
    content: { kind: 'camera', ...(consent === undefined ? {} : { consent }) },
    style: LIBRARY.style,
    settings: SMALL,
  })
  const noFrame = await submit({ json: order(true) })
  await expectProblem(t, noFrame, 503, 'no-picture')
  const decoded = await decodeImage(readFileSync(assetPath('sample1.jpg')))
  if (!decoded.ok) throw new Error(decoded.detail)
  door.live.showFrame({ image: decoded.image, sequence: 1, capturedAtMs: 0, monotonicMs: 0 })
  await expectProblem(t, await submit({ json: order() }), 422, 'consent-needed')
  await expectProblem(t, await submit({ json: order(false) }), 422, 'consent-needed')
  const asStyle = await submit({ json: { ...LIBRARY, style: { kind: 'camera', consent: true } } })
  t.equal(asStyle.status, 400, 'nobody becomes a style')
  t.equal(await jobsNow(), 0)
  const agreed = await submit({ json: order(true) })
  t.equal(agreed.status, 201)
  t.match(await json(agreed), { content: { kind: 'camera', consent: true } })
  await removeAll()
})

t.test('with a person goes every picture painted of them, and that is proven', async (t) => {
  const made = await door.ask('/api/persons', { method: 'POST', json: { name: 'Ada' } })
  const personId = String((await json(made))['id'])
  const order = { ...UPLOADS, settings: SMALL, personId }
  const created = await submit({ body: form(order, { content, style }) })
  const id = String((await json(created))['id'])
  const kept = door.store.styleJobs.picturesOfPerson(personId)
  t.equal(kept.length, 2)
  const jpeg = await sharp(content).resize(200).jpeg().toBuffer()
  door.store.displayPicture.set({ jpeg, jobId: id, personId }, 'cli')
  const parts = [...kept, jpeg].map((bytes) =>
    Buffer.from(bytes.subarray(bytes.length / 2, bytes.length / 2 + 24)),
  )
  const inPages = (part: Buffer) => {
    const raw = rawDatabase(door.folder)
    const found = raw.serialize().includes(part)
    raw.close()
    return found
  }
  for (const part of parts) t.ok(inPages(part), 'is in the decrypted pages before')
  const erased = await door.ask(`/api/persons/${personId}`, { method: 'DELETE' })
  t.match(await json(erased), {
    erased: { stylePictures: 3 },
    proof: { proven: true, found: 0, logBytes: 0 },
  })
  for (const part of parts) {
    t.notOk(inPages(part), 'is in no decrypted page')
    t.notOk(folderBytes(door.folder).includes(part), 'is in no file')
  }
  t.equal(readFileSync(join(door.folder, 'genkan.db-wal')).length, 0)
  await expectProblem(t, await door.ask(`/api/style/jobs/${id}`), 404, 'style-job-not-found')
  await expectProblem(t, await door.ask('/api/kiosk/idle.jpg'), 404, 'no-idle-picture')
})
