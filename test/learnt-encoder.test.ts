import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import t from 'tap'
import { configSchema } from '../src/config/schema.js'
import { distanceSq } from '../src/encoding/embedding.js'
import { createSeededRandom } from '../src/evaluation/statistics/random.js'
import { decodeImage } from '../src/frame/decode.js'
import { createEnrolmentService } from '../src/enrolment.js'
import { LearntRecordError, type LearntProjection } from '../src/learning/learnt-record.js'
import { identityHead } from '../src/learning/triplet.js'
import {
  encoderInForce,
  exportLearntEncoder,
  readEncoderFiles,
  storedHead,
} from '../src/learnt-encoder.js'
import { assetPath } from '../src/models/registry.js'
import { createRecognition, listNegatives, loadGallery } from '../src/recognition.js'
import { loadStages } from '../src/stages.js'
import { openStore } from '../src/store/store.js'
import { createThresholdSource, readCalibrationFile } from '../src/threshold-source.js'

const folder = mkdtempSync(join(tmpdir(), 'genkan-learnt-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const config = configSchema.parse({ store: { folder } })
const base = readEncoderFiles(config.models.encoder)

/** Some head that is near to doing nothing, so that the shipped thresholds are not absurd for it. */
function record(seed: number): LearntProjection {
  const random = createSeededRandom(seed)
  const head = identityHead(128)
  const { file } = storedHead(
    {
      ...head,
      weights: head.weights.map((value) => value + 0.02 * (random() - 0.5)),
      bias: head.bias.map(() => 0.02 * (random() - 0.5)),
    },
    { data: 'test', persons: 1, pictures: 1, method: 'chance' },
  )
  const { manifest } = exportLearntEncoder(base, file)
  const model = { id: manifest.id, sha256: manifest.file.sha256 }
  const own = { id: base.manifest.id, sha256: base.manifest.file.sha256 }
  return {
    format: 'genkan-learnt-projection/1',
    base: own,
    encoder: model,
    head: file,
    calibration: { ...readCalibrationFile(config.matching, own), model },
  }
}

async function picture() {
  const decoded = await decodeImage(readFileSync(assetPath('joconde.jpg')))
  if (!decoded.ok) throw new Error(decoded.detail)
  return decoded.image
}

t.test('a head in the graph, adopted and rolled back, leaves no template behind', async (t) => {
  const store = openStore({ folder, nowMs: Date.now })
  t.teardown(() => store.close())
  const shipped = encoderInForce(config, store)
  t.equal(shipped.config, config)
  t.equal(shipped.headId, undefined)
  const before = await loadStages(shipped.config.models)
  const image = await picture()
  const reading = await before.readEnrolment(image)
  if (reading.kind !== 'readable') throw new Error(reading.detail)
  const early = store.persons.create('Lisa', 'test')
  const recognitionBefore = createRecognition(
    () => loadGallery(store, before.encoder.modelId).gallery,
    createThresholdSource(config.matching, before.nets.encoder),
  )
  const enrolBefore = createEnrolmentService({
    store,
    recognition: recognitionBefore,
    readEnrolment: before.readEnrolment,
  })
  const first = await enrolBefore.fromImage(early.id, image, { source: 'cli', actor: 'test' })
  t.equal(first.outcome, 'enrolled')
  store.negatives.add(
    { personId: early.id, otherId: null, embedding: reading.embedding, decisionId: 'x' },
    'test',
  )

  const adopted = record(1)
  store.learntHeads.adopt('projection', JSON.stringify(adopted), 'test')
  const now = encoderInForce(config, store)
  t.equal(now.ignored, undefined)
  const stages = await loadStages(now.config.models)
  t.equal(stages.encoder.modelId, adopted.encoder.id)
  const again = await stages.readProbe(image)
  if (again.kind !== 'readable') throw new Error(again.detail)
  const { embedding } = again
  t.ok(Math.abs(Math.hypot(...embedding.vector) - 1) < 1e-6, 'unit length out of the graph')
  t.ok(distanceSq(embedding.vector, reading.embedding.vector) > 1e-4, 'and another direction')
  t.equal(embedding.origin?.modelId, base.manifest.id)
  const projected = now.current(reading.embedding)
  t.ok(
    distanceSq(projected.vector, embedding.vector) < 1e-10,
    'a stored embedding through the head is what the graph gives',
  )

  const recognition = createRecognition(
    () => loadGallery(store, stages.encoder.modelId, now.current).gallery,
    createThresholdSource(now.config.matching, stages.nets.encoder),
  )
  t.match(recognition.identify(embedding), { outcome: 'match', personId: early.id })
  t.match(
    createRecognition(
      () => loadGallery(store, stages.encoder.modelId, now.current).gallery,
      createThresholdSource(now.config.matching, stages.nets.encoder),
      () => listNegatives(store, now.current),
    ).identify(embedding),
    { outcome: 'ambiguous' },
    'a mistake pointed out before is remembered',
  )

  const mirrored = await sharp(assetPath('joconde.jpg')).flop().jpeg().toBuffer()
  const enrol = createEnrolmentService({ store, recognition, readEnrolment: stages.readEnrolment })
  const second = await enrol.fromBytes(early.id, mirrored, { source: 'cli', actor: 'test' })
  t.equal(second.outcome, 'enrolled')
  t.same(
    store.templates.byPerson(early.id).map((template) => template.embedding.modelId),
    [base.manifest.id, base.manifest.id],
    'whatever is enrolled while a head is in force is stored as the encoder shipped sees it',
  )

  store.learntHeads.rollback('projection', 'test')
  const back = encoderInForce(config, store)
  t.equal(back.config, config)
  const gallery = loadGallery(store, before.encoder.modelId, back.current)
  t.equal(gallery.otherModelTemplates, 0)
  t.equal(gallery.gallery.templateCount, 2)
})

t.test('the store is the truth: files that are gone or changed are made anew', (t) => {
  const store = openStore({ folder, nowMs: Date.now })
  t.teardown(() => store.close())
  const adopted = record(2)
  store.learntHeads.adopt('projection', JSON.stringify(adopted), 'test')
  const { config: now } = encoderInForce(config, store)
  const manifest = now.models.encoder ?? ''
  const model = manifest.replace(/json$/, 'onnx')
  rmSync(manifest)
  writeFileSync(model, 'nothing')
  encoderInForce(config, store)
  t.ok(existsSync(manifest))
  t.equal(readFileSync(model).length, exportLearntEncoder(base, adopted.head).model.length)
  t.end()
})

t.test('a head behind another encoder is passed over, a broken one is an error', (t) => {
  const store = openStore({ folder, nowMs: Date.now })
  t.teardown(() => store.close())
  const adopted = record(3)
  const other = { ...adopted, base: { ...adopted.base, id: 'another' } }
  store.learntHeads.adopt('projection', JSON.stringify(other), 'test')
  const passed = encoderInForce(config, store)
  t.equal(passed.headId, undefined)
  t.match(passed.ignored, /learnt behind another/)
  const wrong = { ...adopted, encoder: { ...adopted.encoder, sha256: '0'.repeat(64) } }
  for (const body of ['', '{}', JSON.stringify(wrong)]) {
    store.learntHeads.adopt('projection', body, 'test')
    t.throws(() => encoderInForce(config, store), LearntRecordError)
  }
  t.end()
})
