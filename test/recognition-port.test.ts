import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import t from 'tap'
import { createAdminApp } from '../src/admin/app.js'
import { loadConfig } from '../src/config/load.js'
import { createEnrolmentService } from '../src/enrolment.js'
import { assetPath } from '../src/models/registry.js'
import { createRecognitionPort } from '../src/recognition-port.js'
import { createRecognition, loadGallery } from '../src/recognition.js'
import { loadStages } from '../src/stages.js'
import { openStore } from '../src/store/store.js'
import { createThresholdSource } from '../src/threshold-source.js'
import { clipFrames } from './admin/clip-frames.js'
import { createMemoryDoor } from './admin/memory-door.js'

const NOBODY = '01JD4QXNWZ8Y3Q4R5S6T7V8W9X'

const folder = mkdtempSync(join(tmpdir(), 'genkan-recognition-'))
const { config } = loadConfig({ configPath: undefined, board: undefined })
const store = openStore({ folder, nowMs: Date.now })
t.teardown(() => {
  store.close()
  rmSync(folder, { recursive: true, force: true })
})

const stages = await loadStages(config.models)
const frames = await clipFrames('franck.mp4', 12, 8)
const probe = frames.at(-1) ?? new Uint8Array()
const stranger = new Uint8Array(await sharp(assetPath('joconde.jpg')).jpeg().toBuffer())

/** The admin API over real nets, a real store and real pictures; only camera and broker are absent. */
function open(matching: typeof config.matching = config.matching) {
  const recognition = createRecognition(
    () => loadGallery(store, stages.encoder.modelId).gallery,
    createThresholdSource(matching, stages.nets.encoder),
  )
  let readings = 0
  const readProbe: typeof stages.readProbe = (image) => {
    readings += 1
    return stages.readProbe(image)
  }
  const door = createMemoryDoor()
  const app = createAdminApp({
    ...door.ports,
    recognition: createRecognitionPort({ store, recognition, readProbe }),
    health: () => ({
      ...door.ports.health(),
      gallery: { persons: recognition.gallery.personCount, templates: 0 },
    }),
  })
  const headers = { Authorization: `Bearer ${door.token}`, 'Content-Type': 'image/jpeg' }
  const post = async (path: string, picture: Uint8Array) => {
    const response = await app.request(path, {
      method: 'POST',
      headers,
      body: new Uint8Array(picture),
    })
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> }
  }
  const get = async (path: string) => {
    const response = await app.request(path, { headers })
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> }
  }
  return { recognition, post, get, readings: () => readings }
}

async function enrol(name: string, picture: Uint8Array): Promise<string> {
  const { recognition } = open()
  const { readEnrolment } = stages
  const person = store.persons.create(name, 'test')
  const service = createEnrolmentService({ store, recognition, readEnrolment })
  const result = await service.fromBytes(person.id, picture, { source: 'cli', actor: 'test' })
  if (result.outcome !== 'enrolled') throw new Error(result.detail)
  return person.id
}

t.test('an empty gallery knows nobody', async (t) => {
  const { post } = open()
  const { status, answer } = await post('/api/identify', probe)
  t.equal(status, 200)
  t.match(answer, { outcome: 'unknown', distanceSq: null, galleryPersons: 0 })
})

t.test('1:K and 1:1 are two operations, each at its own threshold', async (t) => {
  const franck = await enrol('Franck', frames[0])
  const lisa = await enrol('Lisa', stranger)
  const { post, get, readings } = open()

  const found = await post('/api/identify', probe)
  t.equal(found.status, 200)
  t.match(found.answer, {
    outcome: 'match',
    person: { id: franck, name: 'Franck' },
    galleryPersons: 2,
    margin: Number,
  })
  t.ok(Number(found.answer['distanceSq']) <= Number(found.answer['threshold']))
  t.ok(Number(found.answer['runnerUpDistanceSq']) > Number(found.answer['threshold']))

  const same = await post(`/api/persons/${franck}/verify`, probe)
  t.match(same, { status: 200, answer: { outcome: 'same' } })
  t.equal(same.answer['distanceSq'], found.answer['distanceSq'])
  t.ok(
    Number(same.answer['threshold']) > Number(found.answer['threshold']),
    'one claim may be farther than one of many',
  )
  const different = await post(`/api/persons/${lisa}/verify`, probe)
  t.match(different, { status: 200, answer: { outcome: 'different' } })
  t.equal(different.answer['distanceSq'], found.answer['runnerUpDistanceSq'])
  t.equal(readings(), 3, 'only the probe is encoded, once a request')

  const { answer } = await get('/api/threshold')
  t.match(answer, {
    identification: {
      persons: 2,
      threshold: found.answer['threshold'],
      margin: found.answer['margin'],
      targetFpir: 0.001,
      source: 'calibration',
      supported: Boolean,
    },
    verification: { threshold: same.answer['threshold'], targetFmr: 0.001, supported: true },
  })
  const { expectedFpir, expectedFnir } = answer['identification'] as Record<
    'expectedFpir' | 'expectedFnir',
    { low: number; estimate: number; high: number }
  >
  t.ok(expectedFpir.high <= 0.001 * 1.001, 'the upper bound keeps the target')
  t.ok(expectedFnir.low <= expectedFnir.estimate && expectedFnir.estimate <= expectedFnir.high)
})

t.test('a second template of the same person tightens 1:1', (t) => {
  const { recognition } = open()
  const one = recognition.verificationThreshold(1)?.value ?? 0
  const five = recognition.verificationThreshold(5)?.value ?? 4
  t.ok(five < one)
  t.end()
})

t.test('a poor probe is refused with a reason, not matched', async (t) => {
  const [franck] = store.persons.list()
  const grey = sharp({ create: { width: 320, height: 240, channels: 3, background: 'grey' } })
  const cases = [
    ['no-face', 422, await grey.jpeg().toBuffer()],
    ['two-faces', 422, readFileSync(assetPath('sample1.jpg'))],
    ['blurred', 422, await sharp(probe).blur(9).jpeg().toBuffer()],
    ['too-dark', 422, await sharp(probe).linear(0.08).jpeg().toBuffer()],
    ['broken-image', 422, probe.subarray(0, probe.length / 3)],
    ['not-an-image', 415, Buffer.from('hello')],
  ] as const
  const { post } = open()
  for (const [reason, status, picture] of cases) {
    for (const path of ['/api/identify', `/api/persons/${franck.id}/verify`]) {
      const { status: told, answer } = await post(path, picture)
      t.equal(told, status, `${path} ${reason}: ${JSON.stringify(answer)}`)
      t.match(answer, { cause: String, cure: String })
      t.notOk('outcome' in answer)
    }
  }
})

t.test('nobody, a person without a face, and a person just deleted', async (t) => {
  const { post } = open()
  t.match(await post(`/api/persons/${NOBODY}/verify`, probe), {
    status: 404,
    answer: { code: 'person-not-found' },
  })
  const faceless = store.persons.create('Jun', 'test')
  t.match(await post(`/api/persons/${faceless.id}/verify`, probe), {
    status: 200,
    answer: { outcome: 'not-enrolled', distanceSq: null },
  })
  const franck = store.persons.list().find(({ name }) => name === 'Franck')
  if (franck === undefined) throw new Error('nobody to delete')
  store.persons.delete(franck.id, 'test')
  const { status, answer } = await post('/api/identify', probe)
  t.match({ status, answer }, { status: 200, answer: { outcome: 'unknown' } })
  t.notOk('person' in answer, 'a gallery that is behind names nobody')
})

t.test(
  'without a calibration nothing is compared; a threshold set by hand says what it is',
  async (t) => {
    const calibrationFile = join(folder, 'none.json')
    const [lisa] = store.persons.list()
    const { post, get } = open({ ...config.matching, calibrationFile })
    for (const path of ['/api/identify', `/api/persons/${lisa.id}/verify`]) {
      t.match(await post(path, stranger), { status: 503, answer: { code: 'not-ready' } }, path)
    }
    t.match(await get('/api/threshold'), { status: 503, answer: { code: 'not-ready' } })

    const byHand = open({ ...config.matching, calibrationFile, threshold: 0.9 })
    t.match(await byHand.get('/api/threshold'), {
      status: 200,
      answer: {
        identification: {
          threshold: 0.9,
          source: 'override',
          supported: false,
          expectedFpir: null,
        },
        verification: { threshold: 0.9, supported: false, reasons: [/by hand/] },
      },
    })
  },
)

t.test('every request is in the audit with who asked, and without a name', (t) => {
  const entries = store.audit.list({ limit: 100 }).filter(({ action }) => /^face\./.test(action))
  t.ok(entries.some(({ action, subjectId }) => action === 'face.identify' && subjectId === null))
  t.ok(entries.some(({ action, subjectId }) => action === 'face.verify' && subjectId !== null))
  t.ok(entries.every(({ actor }) => /^token:[0-9A-Z]{26}$/.test(actor)))
  t.notMatch(JSON.stringify(entries), /Franck|Lisa|Jun/)
  t.ok(store.audit.verify().intact)
  t.end()
})

t.test('no trace, no answer', async (t) => {
  const { recognition } = open()
  const audit = {
    ...store.audit,
    append: () => {
      throw new Error('the disk is full')
    },
  }
  const port = createRecognitionPort({
    store: { persons: store.persons, templates: store.templates, audit },
    recognition,
    readProbe: stages.readProbe,
  })
  const [lisa] = store.persons.list()
  const by = { id: NOBODY, name: 'console', role: 'admin' } as const
  await t.rejects(async () => port.identify(stranger, by), /disk is full/)
  await t.rejects(async () => port.verify(lisa.id, stranger, by), /disk is full/)
})
