import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import sharp from 'sharp'
import t from 'tap'

import { decodeImage } from '../../src/frame/decode.js'
import { assetPath } from '../../src/models/registry.js'
import { toVectorBytes } from '../../src/store/vector-bytes.js'
import { rawDatabase, folderBytes } from '../store/samples.js'
import { clipFrames } from './clip-frames.js'
import { openRealDoor } from './real-door.js'

const [franck, franckLater] = await clipFrames('franck.mp4', 2, 8)
const lisa = new Uint8Array(await sharp(assetPath('joconde.jpg')).jpeg().toBuffer())
/** Of a group photograph: a face that the texture net takes for a printed one. */
const printed = new Uint8Array(
  await sharp(assetPath('sample6.jpg'))
    .extract({ left: 500, top: 11, width: 528, height: 927 })
    .jpeg()
    .toBuffer(),
)
const door = await openRealDoor(t)
const ask: typeof door.ask = (path, init) => door.ask(path, init)

const json = async (response: Response) => (await response.json()) as Record<string, unknown>

async function addPerson(name: string): Promise<string> {
  return String((await json(await ask('/api/persons', { method: 'POST', json: { name } })))['id'])
}

function form(...pictures: Uint8Array[]): FormData {
  const body = new FormData()
  for (const picture of pictures) body.append('picture', new Blob([new Uint8Array(picture)]))
  return body
}

t.test('a person is found by a part of the name, however it is written', async (t) => {
  const id = await addPerson('Ａｉｋｏ Tanaka')
  for (const search of ['aiko', 'TANAKA', 'ｔａｎ', 'ko ta']) {
    const page = await json(await ask(`/api/persons?search=${encodeURIComponent(search)}`))
    t.match(page, { items: [{ id }], nextCursor: null }, search)
  }
  t.match(await json(await ask('/api/persons?search=%25')), { items: [] })
  await ask(`/api/persons/${id}`, { method: 'DELETE' })
})

t.test('a change is bound to what was read, all of it or nothing', async (t) => {
  const id = await addPerson('Jun')
  const patch = (change: unknown, etag?: string) =>
    ask(`/api/persons/${id}`, {
      method: 'PATCH',
      json: change,
      ...(etag === undefined ? {} : { headers: { 'If-Match': etag } }),
    })
  const etag = (await ask(`/api/persons/${id}`)).headers.get('ETag') ?? ''
  const changed = await patch({ name: 'Jun Mori', validUntil: '2030-01-01T00:00:00+09:00' }, etag)
  t.equal(changed.status, 200)
  t.match(await json(changed), { name: 'Jun Mori', validUntil: '2029-12-31T15:00:00.000Z' })
  const stale = await patch({ active: false }, etag)
  t.equal(stale.status, 412)
  t.match(await json(stale), { code: 'changed-meanwhile' })
  const noGroup = await patch({ name: 'X', groups: ['nobody'] })
  t.match(await json(noGroup), { code: 'unknown-group', status: 422 })
  t.match(await json(await ask(`/api/persons/${id}`)), { name: 'Jun Mori', active: true })
  for (const bad of [{ nme: 'x' }, { validFrom: 'now' }, { groups: ['A B'] }]) {
    t.equal((await patch(bad)).status, 400)
  }
  t.match(await json(await patch({ active: false, validUntil: null })), {
    active: false,
    validUntil: null,
  })
  await ask(`/api/persons/${id}`, { method: 'DELETE' })
})

t.test('a repeated creation has its effect once', async (t) => {
  const create = (name: string, key: string) =>
    ask('/api/persons', { method: 'POST', json: { name }, headers: { 'Idempotency-Key': key } })
  const first = await create('Mei', 'k1')
  const again = await create('Mei', 'k1')
  t.equal(again.status, 201)
  t.equal(again.headers.get('Idempotency-Replayed'), 'true')
  t.equal(again.headers.get('Location'), first.headers.get('Location'))
  const person = await json(first)
  t.same(await json(again), person)
  t.equal((await create('Other', 'k1')).status, 422)
  const [one, two] = await Promise.all([create('Ren', 'k2'), create('Ren', 'k2')])
  t.same([one.status, two.status].sort(), [201, 409], 'one is under way')
  t.equal(door.store.persons.list().filter(({ name }) => name === 'Ren').length, 1)

  await ask(`/api/persons/${String(person['id'])}`, { method: 'DELETE' })
  t.equal((await create('Mei', 'k1')).headers.get('Idempotency-Replayed'), null, 'erased with her')
  for (const { id } of door.store.persons.list()) {
    await ask(`/api/persons/${id}`, { method: 'DELETE' })
  }
})

t.test('faces come one by one or several at once, are listed, shown and deleted', async (t) => {
  const id = await addPerson('Franck')
  const nobody = new Uint8Array(
    await sharp({ create: { width: 640, height: 480, channels: 3, background: '#888' } })
      .jpeg()
      .toBuffer(),
  )
  const several = await ask(`/api/persons/${id}/faces`, {
    method: 'POST',
    body: form(franck, nobody, new Uint8Array([1, 2, 3]), franckLater),
  })
  t.equal(several.status, 207)
  t.match(await json(several), {
    items: [
      { outcome: 'enrolled', face: { personId: id } },
      { outcome: 'rejected', problem: { code: 'no-face' } },
      { outcome: 'rejected', problem: { code: 'not-an-image' } },
      { outcome: 'enrolled' },
    ],
  })
  const decoded = await decodeImage(franck)
  if (!decoded.ok) throw new Error(decoded.detail)
  door.live.showFrame({ image: decoded.image, sequence: 1, capturedAtMs: 0, monotonicMs: 0 })
  const atDoor = await ask(`/api/persons/${id}/faces/from-camera`, { method: 'POST' })
  t.equal(atDoor.status, 201)

  const { items } = (await json(await ask(`/api/persons/${id}/faces`, { role: 'viewer' }))) as {
    items: { id: string; picture: string; source: string }[]
  }
  t.same(
    items.map(({ source }) => source),
    ['upload', 'upload', 'camera'],
  )
  const [face] = items
  t.equal((await ask(face.picture, { role: 'viewer' })).status, 403)
  const picture = await ask(face.picture, { role: 'enroller' })
  t.equal(picture.headers.get('Content-Type'), 'image/png')
  t.equal(picture.headers.get('Cache-Control'), 'no-store')
  t.match(await sharp(Buffer.from(await picture.arrayBuffer())).metadata(), { format: 'png' })
  t.equal((await ask(`/api/persons/${id}/faces/${face.id}`, { method: 'DELETE' })).status, 204)
  t.equal((await ask(face.picture)).status, 404)
  t.equal(door.recognition.gallery.templateCount, 2)
})

t.test('a face of somebody else is refused, unless an admin forces it', async (t) => {
  const [known] = door.store.persons.list()
  const id = await addPerson('Double')
  const add = (query: string, role: 'admin' | 'enroller') =>
    ask(`/api/persons/${id}/faces${query}`, { method: 'POST', role, body: form(franck) })
  const refused = await add('', 'admin')
  t.equal(refused.status, 409)
  t.match(await json(refused), { code: 'same-as-person', personId: known.id })
  t.equal((await add('?force=true', 'enroller')).status, 403)
  t.equal((await add('?force=true', 'admin')).status, 201)
  const actions = door.store.audit.list({ limit: 5 }).map(({ action, actor }) => [action, actor])
  t.match(actions[0], ['template.force', /^token:/])
  await ask(`/api/persons/${id}`, { method: 'DELETE' })
})

t.test('what looks like a photograph is refused, unless an admin forces it', async (t) => {
  const id = await addPerson('Printed')
  const add = (query: string) =>
    ask(`/api/persons/${id}/faces${query}`, { method: 'POST', body: form(printed) })
  const refused = await add('')
  t.equal(refused.status, 422)
  t.match(await json(refused), { code: 'looks-like-a-photo', cause: /print or screen/ })
  t.equal((await add('?force=true')).status, 201)
  t.match(door.store.audit.list({ limit: 1 }), [{ action: 'template.force' }])
  await ask(`/api/persons/${id}`, { method: 'DELETE' })
})

t.test('an erasure leaves no byte of picture or template, and proves it', async (t) => {
  const id = await addPerson('Lisa Markerbrox')
  t.equal((await ask(`/api/persons/${id}/faces`, { method: 'POST', body: form(lisa) })).status, 201)
  const [template] = door.store.templates.byPerson(id)
  const [content, style, idle] = [randomBytes(5000), randomBytes(200), randomBytes(9000)]
  const job = door.store.styleJobs.create({ personId: id, request: {}, content, style }, 'test')
  door.store.displayPicture.set({ jpeg: idle, jobId: job.id, personId: id }, 'test')
  const held = await json(await ask(`/api/persons/${id}/export`))
  t.match(held, {
    faces: [{ picturePng: /^iVBOR/ }],
    styleJobs: [{ id: job.id, contentPng: content.toString('base64'), resultPng: null }],
    idlePictureJpeg: idle.toString('base64'),
  })
  const vector = toVectorBytes(template.embedding.vector)
  const things = [Buffer.from(template.cropPng), vector, content, idle]
  const parts = things.map((bytes) => bytes.subarray(bytes.length / 2, bytes.length / 2 + 24))
  const inPages = (part: Buffer) => {
    const raw = rawDatabase(door.folder)
    const found = raw.serialize().includes(part)
    raw.close()
    return found
  }
  for (const part of parts) t.ok(inPages(part), 'is in the decrypted pages before')
  const response = await ask(`/api/persons/${id}`, { method: 'DELETE' })
  t.equal(response.status, 200)
  t.match(await json(response), {
    erased: { templates: 1, pictures: 1, stylePictures: 3 },
    decisionsKept: 0,
    proof: { proven: true, found: 0, logBytes: 0, inGallery: false },
  })
  for (const part of parts) {
    t.notOk(inPages(part), 'is in no decrypted page')
    t.notOk(folderBytes(door.folder).includes(part), 'is in no file')
  }
  t.notOk(inPages(Buffer.from('Markerbrox')))
  t.equal(readFileSync(join(door.folder, 'genkan.db-wal')).length, 0)
  t.equal((await ask(`/api/persons/${id}`, { method: 'DELETE' })).status, 404)
})

t.test('the proof is no formality: bytes that are there are found', async (t) => {
  const [{ id }] = door.store.persons.list()
  const [template] = door.store.templates.byPerson(id)
  const { found } = await door.store.erasure.search([template.cropPng])
  t.equal(found, 2)
})
