import t from 'tap'
import { createSeededRandom } from '../src/evaluation/statistics/random.js'
import { LearntRecordError } from '../src/learning/learnt-record.js'
import type { SiameseRecord } from '../src/learning/siamese-record.js'
import { createGallery } from '../src/matching/gallery.js'
import { createRecognition } from '../src/recognition.js'
import { openSecondOpinion, type SecondOpinion } from '../src/second-opinion.js'
import { configSchema } from '../src/config/schema.js'
import type { ThresholdSource } from '../src/threshold-source.js'
import { temporaryStore } from './store/samples.js'

const MODEL = { id: 'm', sha256: 'a'.repeat(64) }
const TAU = 1
const random = createSeededRandom(1)

function direction(): Float32Array {
  const raw = Float32Array.from({ length: 128 }, () => random() - 0.5)
  const length = Math.hypot(...raw)
  return raw.map((value) => value / length)
}

function near(vector: Float32Array, noise: number): Float32Array {
  const raw = vector.map((value) => value + noise * (random() - 0.5))
  const length = Math.hypot(...raw)
  return raw.map((value) => value / length)
}

const inForce = { value: TAU, margin: 0, targetFpir: 0.001, advice: undefined }
const source: ThresholdSource = {
  kind: 'ready',
  targetFpir: () => 0.001,
  forGallery: () => inForce,
  forVerification: () => inForce,
}

/** Says less the farther apart, and has had enough at so much. */
const record: SiameseRecord = {
  format: 'genkan-learnt-siamese/1',
  model: MODEL,
  form: 'difference',
  weights: Array.from({ length: 128 }, () => -1),
  bias: 4,
  scale: 1,
  offset: 0,
  refuseBelow: 0.5,
}
const { matching } = configSchema.parse({})

function open(
  t: { teardown(action: () => void): unknown },
  mode: 'off' | 'advise' | 'refuse',
  body?: string,
) {
  const store = temporaryStore(t)
  if (body !== undefined) store.learntHeads.adopt('siamese', body, 'test')
  return openSecondOpinion({ ...matching, secondOpinion: mode }, store, MODEL)
}

t.test('it may refuse or advise, and never lets through what the threshold refuses', (t) => {
  const body = JSON.stringify(record)
  const second = {
    off: open(t, 'off', body),
    advise: open(t, 'advise', body),
    refuse: open(t, 'refuse', body),
  }
  const template = direction()
  const load = () => {
    const gallery = createGallery(MODEL.id)
    gallery.add({
      templateId: 't',
      personId: 'p',
      embedding: { modelId: MODEL.id, vector: template },
    })
    return gallery
  }
  const door = (opinion: SecondOpinion) => {
    const recognition = createRecognition(load, source, () => [], opinion)
    return (vector: Float32Array) =>
      recognition.verify({ modelId: MODEL.id, vector }, { personId: 'p', templates: 1 })
  }
  const [off, advise, refuse] = [second.off, second.advise, second.refuse].map(door)
  let disagreed = 0
  for (let i = 0; i < 300; i++) {
    const vector = near(template, 0.01 * i)
    const plain = off(vector)
    const advised = advise(vector)
    const guarded = refuse(vector)
    t.equal(advised.outcome, plain.outcome)
    if (plain.outcome !== 'same') t.equal(guarded.outcome, plain.outcome)
    if (plain.outcome === 'same' && guarded.outcome === 'different') {
      disagreed++
      t.notOk(guarded.opinion?.agrees)
    }
    if (guarded.outcome === 'same') t.ok(guarded.opinion?.agrees)
  }
  t.ok(disagreed > 0, `${disagreed} of 300 refused by the second opinion alone`)
  t.end()
})

t.test('asked for and not there, no claim is let through', (t) => {
  const foreign = JSON.stringify({ ...record, model: { ...MODEL, id: 'other' } })
  for (const missing of [open(t, 'refuse'), open(t, 'refuse', foreign)]) {
    t.equal(missing.mode, 'missing')
    const template = direction()
    const gallery = createGallery(MODEL.id)
    gallery.add({
      templateId: 't',
      personId: 'p',
      embedding: { modelId: MODEL.id, vector: template },
    })
    const verdict = createRecognition(
      () => gallery,
      source,
      () => [],
      missing,
    ).verify({ modelId: MODEL.id, vector: template }, { personId: 'p', templates: 1 })
    t.equal(verdict.outcome, 'no-opinion')
  }
  t.equal(open(t, 'advise').mode, 'off', 'advice that is not there is no advice')
  for (const broken of ['', '{}', JSON.stringify({ ...record, bias: null })]) {
    t.throws(() => open(t, 'refuse', broken), LearntRecordError)
  }
  t.end()
})
