import sharp from 'sharp'
import t from 'tap'
import type { Test } from 'tap'

import { createAdminApp } from '../../src/admin/app.js'
import { FACE_REJECTIONS } from '../../src/admin/ports/faces.js'
import type { Principal } from '../../src/admin/ports/sign-in.js'
import { PROBLEMS } from '../../src/admin/problems.js'
import { createMemoryDoor } from './memory-door.js'

const NOBODY = '01JD4QXNWZ8Y3Q4R5S6T7V8W9X'

const jpeg = (width: number) =>
  sharp({ create: { width, height: 240, channels: 3, background: '#987' } })
    .jpeg()
    .toBuffer()
const face = new Uint8Array(await jpeg(320))
const otherFace = new Uint8Array(await jpeg(321))
const noFace = new Uint8Array(await jpeg(600))

function formOf(picture: Uint8Array<ArrayBuffer> | string, name = 'picture'): FormData {
  const form = new FormData()
  if (typeof picture === 'string') form.set(name, picture)
  else form.set(name, new Blob([picture]), 'face.jpg')
  return form
}

async function setUp() {
  const door = createMemoryDoor()
  const { id } = await door.ports.persons.create('Aiko', 'test')
  await door.ports.faces.addFromPicture(id, face, { actor: 'test', force: false })
  const app = createAdminApp(door.ports)
  const ask = (
    path: string,
    body: FormData | Uint8Array<ArrayBuffer> | string | undefined,
    type?: string,
    token: string | undefined = door.token,
  ) =>
    app.request(path, {
      method: body === undefined ? 'GET' : 'POST',
      ...(body === undefined ? {} : { body }),
      headers: {
        ...(token === '' ? {} : { Authorization: `Bearer ${token}` }),
        ...(type === undefined ? {} : { 'Content-Type': type }),
      },
    })
  return { door, ask, id, paths: ['/api/identify', `/api/persons/${id}/verify`] }
}

async function expectProblem(t: Test, response: Response, status: number, code: string) {
  t.equal(response.status, status, code)
  t.equal(response.headers.get('Content-Type'), 'application/problem+json')
  const problem = (await response.json()) as Record<string, unknown>
  t.match(problem, { code, status, cause: String, cure: String, requestId: String })
  return problem
}

t.test('a picture is taken as a form or as the body', async (t) => {
  const { ask, id } = await setUp()
  for (const response of [
    await ask('/api/identify', formOf(face)),
    await ask('/api/identify', face, 'image/jpeg'),
  ]) {
    t.equal(response.status, 200)
    t.equal(response.headers.get('Cache-Control'), 'no-store')
    t.match(await response.json(), {
      outcome: 'match',
      person: { id, name: 'Aiko' },
      distanceSq: 0,
      runnerUpDistanceSq: null,
      threshold: 1.18,
      margin: 0.05,
      galleryPersons: 1,
    })
  }
  const verify = `/api/persons/${id}/verify`
  t.same(await (await ask(verify, formOf(face))).json(), {
    outcome: 'same',
    distanceSq: 0,
    threshold: 1.41,
  })
  t.match(await (await ask(verify, otherFace, 'image/jpeg')).json(), { outcome: 'different' })
  t.match(await (await ask('/api/identify', formOf(otherFace))).json(), { outcome: 'unknown' })
})

t.test('without a token nothing is compared', async (t) => {
  const { ask, paths } = await setUp()
  for (const path of paths) {
    await expectProblem(t, await ask(path, formOf(face), undefined, ''), 401, 'unauthorized')
    await expectProblem(t, await ask(path, formOf(face), undefined, 'x'), 401, 'unauthorized')
  }
  await expectProblem(t, await ask('/api/threshold', undefined, undefined, ''), 401, 'unauthorized')
})

t.test('what is no picture, or shows no face, is refused', async (t) => {
  const { ask, paths } = await setUp()
  const text = new Uint8Array(Buffer.from('hello'))
  for (const path of paths) {
    await expectProblem(t, await ask(path, '{}', 'application/json'), 415, 'unsupported-media-type')
    await expectProblem(t, await ask(path, face, 'image/gif'), 415, 'unsupported-media-type')
    await expectProblem(t, await ask(path, text, 'image/jpeg'), 415, 'not-an-image')
    await expectProblem(t, await ask(path, formOf(text)), 415, 'not-an-image')
    await expectProblem(t, await ask(path, formOf(noFace)), 422, 'no-face')
    await expectProblem(t, await ask(path, face.subarray(0, 40), 'image/jpeg'), 422, 'broken-image')
    await expectProblem(t, await ask(path, formOf('text')), 400, 'bad-request')
    await expectProblem(t, await ask(path, formOf(face, 'file')), 400, 'bad-request')
    const huge = new Uint8Array(13 * 1024 * 1024).fill(0xff)
    await expectProblem(t, await ask(path, huge, 'image/jpeg'), 413, 'body-too-large')
    await expectProblem(t, await ask(path, undefined), 405, 'method-not-allowed')
  }
})

t.test('a claim names somebody who is there', async (t) => {
  const { door, ask } = await setUp()
  await expectProblem(
    t,
    await ask(`/api/persons/${NOBODY}/verify`, formOf(face)),
    404,
    'person-not-found',
  )
  await expectProblem(t, await ask('/api/persons/aiko/verify', formOf(face)), 400, 'bad-request')
  const { id } = await door.ports.persons.create('Jun', 'test')
  const response = await ask(`/api/persons/${id}/verify`, formOf(face))
  t.equal(response.status, 200)
  t.match(await response.json(), { outcome: 'not-enrolled', distanceSq: null })
})

t.test('every refusal of a probe is told in the same words as that of a face', async (t) => {
  for (const reason of FACE_REJECTIONS) {
    const { door } = await setUp()
    const refusal = { outcome: 'rejected', reason, detail: `seen: ${reason}; do this` } as const
    const app = createAdminApp({
      ...door.ports,
      recognition: {
        ...door.ports.recognition,
        identify: () => refusal,
        verify: () => refusal,
      },
    })
    for (const path of ['/api/identify', `/api/persons/${NOBODY}/verify`]) {
      const response = await app.request(path, {
        method: 'POST',
        body: formOf(face),
        headers: { Authorization: `Bearer ${door.token}` },
      })
      const problem = await expectProblem(t, response, PROBLEMS[reason].status, reason)
      t.match(problem, { cause: `Seen: ${reason}.`, cure: 'Do this.' })
    }
  }
})

t.test('the port is told who asks', async (t) => {
  const { door } = await setUp()
  const asked: Principal[] = []
  const app = createAdminApp({
    ...door.ports,
    recognition: {
      ...door.ports.recognition,
      identify(bytes, by) {
        asked.push(by)
        return door.ports.recognition.identify(bytes, by)
      },
    },
  })
  await app.request('/api/identify', {
    method: 'POST',
    body: formOf(face),
    headers: { Authorization: `Bearer ${door.token}` },
  })
  t.match(asked, [{ id: /^[0-9A-Z]{26}$/, name: 'first' }])
})

t.test('both thresholds are shown with what they cost', async (t) => {
  const { door, ask } = await setUp()
  t.match(await (await ask('/api/threshold', undefined)).json(), {
    identification: {
      threshold: 1.18,
      margin: 0.05,
      persons: 1,
      targetFpir: 0.001,
      expectedFpir: { estimate: 0.0004, low: 0.0001, high: 0.001 },
      expectedFnir: { estimate: 0.021, low: 0.015, high: 0.028 },
      supported: false,
      reasons: [/calibrate with more people/],
      source: 'calibration',
    },
    verification: { threshold: 1.41, targetFmr: 0.001, supported: true, reasons: [] },
  })
  const app = createAdminApp({
    ...door.ports,
    recognition: { ...door.ports.recognition, thresholds: () => undefined },
  })
  const response = await app.request('/api/threshold', {
    headers: { Authorization: `Bearer ${door.token}` },
  })
  await expectProblem(t, response, 503, 'not-ready')
})
