import { join } from 'node:path'
import t from 'tap'
import { createTemplateAgeing } from '../src/age-templates.js'
import { createImage } from '../src/frame/image.js'
import { assetPath } from '../src/models/registry.js'
import { createRecognition, loadGallery } from '../src/recognition.js'
import { openStore } from '../src/store/store.js'
import type { ThresholdSource } from '../src/threshold-source.js'
import { EAGER, enrolMan, newHome, startDaemon, until } from './faults/running-daemon.js'
import { runCli } from './run-cli.js'
import { sampleTemplate, temporaryStore } from './store/samples.js'

// The daemon starts, and waits for somebody to come.
t.setTimeout(300_000)

interface Waiting {
  readonly waiting: readonly { readonly id: string; readonly personId: string }[]
}

t.test(
  'pictures of grants wait for a yes, become templates by it, and go by one command',
  { timeout: 240_000 },
  async (t) => {
    const home = newHome(t)
    const daemon = await startDaemon(t, home, {
      ...EAGER,
      GENKAN_CAMERA_SOURCE: 'file',
      GENKAN_CAMERA_PATH: assetPath('franck.mp4'),
      GENKAN_LEARNING_AGEING: 'review',
    })
    const personId = await enrolMan(daemon)
    await until(() => daemon.log().includes('"outcome":"wanted"'), 'a picture worth it', 120_000)
    const grants = () => daemon.decisions().length
    const before = grants()
    await until(() => grants() >= before + 2, 'further grants')
    await daemon.kill('SIGINT')

    const ageing = async (...args: string[]) => {
      const ended = await runCli(home.folder, 'ageing', ...args, '--json')
      t.equal(ended.exitCode, 0, ended.err)
      return JSON.parse(ended.out) as unknown
    }
    const sources = () => {
      const store = openStore({
        folder: join(home.folder, 'data'),
        nowMs: Date.now,
        role: 'command',
      })
      try {
        return store.templates.byPerson(personId).map(({ source }) => source)
      } finally {
        store.close()
      }
    }
    const enrolled = sources()
    t.notOk(enrolled.includes('grant'), 'nothing was added unasked')
    const { waiting } = (await ageing('list')) as Waiting
    t.equal(waiting.length, 1, 'one, however often the door opened')
    t.equal(waiting[0].personId, personId)
    await ageing('accept', waiting[0].id)
    t.same(sources(), [...enrolled, 'grant'])
    t.same(await ageing('list'), { waiting: [] })
    t.same(await ageing('undo', personId), { removed: 1 })
    t.same(sources(), enrolled, 'as before')
    const gone = await runCli(home.folder, 'ageing', 'accept', waiting[0].id)
    t.equal(gone.exitCode, 1)
    t.match(gone.err, /no picture with this id waits/)
  },
)

t.test('without review: at once, for the door as well, and rarely', async (t) => {
  const store = temporaryStore(t)
  const { id: personId } = store.persons.create('Ada', 'test')
  const own = sampleTemplate(personId, 1)
  store.templates.add(own, 'test')
  const inForce = { value: 1, margin: 0, targetFpir: 0.001, advice: undefined }
  const source: ThresholdSource = {
    kind: 'ready',
    targetFpir: () => 0.001,
    forGallery: () => inForce,
    forVerification: () => inForce,
  }
  const recognition = createRecognition(
    () => loadGallery(store, own.embedding.modelId).gallery,
    source,
  )
  let nowMs = Date.now()
  const ageing = createTemplateAgeing({
    store,
    recognition,
    rules: { mode: 'auto', everyDays: 30, maxPerPerson: 3 },
    current: (stored) => stored,
    nowMs: () => nowMs,
  })
  /** So far from the enrolment, in a direction of its own. */
  const face = (distanceSq: number, axis: number) => {
    const { vector } = own.embedding
    const side = vector.map((value, k) => (k === axis ? 1 : 0) - vector[axis] * value)
    const length = Math.hypot(...side)
    const cosine = 1 - distanceSq / 2
    const sine = Math.sqrt(1 - cosine ** 2)
    const probe = {
      modelId: own.embedding.modelId,
      vector: vector.map((value, k) => cosine * value + (sine * side[k]) / length),
    }
    const aligned = createImage(8, 8, new Uint8Array(8 * 8 * 3))
    return { personId, probe, aligned, quality: 0.9, leadSq: null }
  }
  t.equal(await ageing.granted('d0', personId), undefined, 'no face was seen')
  ageing.saw(face(0.8, 3))
  t.match(await ageing.granted('d1', personId), { why: 'too far from an enrolment' })
  ageing.saw(face(0.3, 3))
  t.equal(await ageing.granted('d2', 'somebody else'), undefined, 'the face is of another')
  ageing.saw(face(0.3, 3))
  t.match(await ageing.granted('d3', personId), { outcome: 'wanted' })
  t.same(
    store.templates.byPerson(personId).map(({ source }) => source),
    [own.source, 'grant'],
  )
  t.equal(recognition.gallery.templateCount, 2)
  ageing.saw(face(0.3, 9))
  t.match(await ageing.granted('d4', personId), { why: 'the last one is too recent' })
  nowMs += 31 * 24 * 3_600_000
  ageing.saw(face(0.3, 9))
  t.match(await ageing.granted('d5', personId), { outcome: 'wanted' })
  t.equal(store.audit.about(personId).length > 0, true)
})
