import sharp from 'sharp'
import t from 'tap'

import { distanceSq } from '../../src/encoding/embedding.js'
import { decodeImage } from '../../src/frame/decode.js'
import { assetPath } from '../../src/models/registry.js'
import { grantedDecision } from '../store/samples.js'
import { clipFrames } from './clip-frames.js'
import { openRealDoor, realStages } from './real-door.js'

const [first, probe] = await clipFrames('franck.mp4', 2, 8)
const lisa = new Uint8Array(await sharp(assetPath('joconde.jpg')).jpeg().toBuffer())
const door = await openRealDoor(t)

async function embeddingOf(picture: Uint8Array) {
  const decoded = await decodeImage(picture)
  if (!decoded.ok) throw new Error(decoded.detail)
  const reading = await (await realStages()).readProbe(decoded.image)
  if (reading.kind === 'rejected') throw new Error(reading.detail)
  return reading.embedding
}

async function enrol(name: string, picture: Uint8Array): Promise<string> {
  const { id } = await door.ports.persons.create(name, 'test')
  await door.ports.faces.addFromPicture(id, picture, { actor: 'test', force: false })
  return id
}

const tell = async (id: string, json: unknown = {}) => {
  const path = `/api/decisions/${id}/not-this-person`
  const response = await door.ask(path, { method: 'POST', json, role: 'enroller' })
  return { status: response.status, answer: (await response.json()) as unknown }
}

t.test('a face that was wrongly taken for somebody is not taken for them again', async (t) => {
  const franck = await enrol('Franck', first)
  const other = await enrol('Lisa', lisa)
  const embedding = await embeddingOf(probe)
  t.match(door.recognition.identify(embedding), { outcome: 'match', personId: franck })

  const decision = grantedDecision({ id: franck, name: 'Franck' })
  door.store.decisions.record(decision)
  t.match(await tell(decision.id), { status: 409, answer: { code: 'nothing-to-learn' } })
  door.recentProbes.saw(franck, embedding)
  door.recentProbes.granted(decision.id, franck)
  t.match(await tell(decision.id, { was: other }), {
    status: 200,
    answer: { example: true, pair: true },
  })
  t.match(door.recognition.identify(embedding), { outcome: 'ambiguous' })
  const enrolled = await embeddingOf(first)
  const margin = door.recognition.threshold()?.margin ?? NaN
  const clear = distanceSq(enrolled.vector, embedding.vector) >= margin
  t.match(
    door.recognition.identify(enrolled),
    { outcome: clear ? 'match' : 'ambiguous' },
    'what is nearer to the person than to the example by the margin is a match as before',
  )
  t.match(door.recognition.identify(await embeddingOf(lisa)), { personId: other })
  const [{ action }] = door.store.audit.list({ limit: 1 })
  t.equal(action, 'decision.not-this-person')

  door.recognition.reload()
  t.match(door.recognition.identify(embedding), { outcome: 'ambiguous' }, 'also after a reload')
  await door.ports.persons.remove(franck, 'test')
  t.equal(door.store.negatives.list().length, 0, 'it goes with the person')
})

t.test('only a grant of somebody who is there can be wrong', async (t) => {
  t.match(await tell('01JD4QXNWZ8Y3Q4R5S6T7V8W9X'), { status: 404 })
  const gone = grantedDecision()
  door.store.decisions.record(gone)
  t.match(await tell(gone.id), { status: 404, answer: { code: 'person-not-found' } })
})

t.test('decisions are filtered and exported as a table and as lines', async (t) => {
  const formula = grantedDecision({ id: '01JD4QXNWZ8Y3Q4R5S6T7V8W9X', name: '=1+1,"x"' }, 1000)
  door.store.decisions.record(formula)
  const query = '?from=1970-01-01T00:00:00Z&to=1970-01-01T00:00:02Z'
  const csv = await (await door.ask(`/api/decisions/export.csv${query}`)).text()
  const lines = csv.trimEnd().split('\r\n')
  t.equal(lines.length, 2)
  t.match(lines[1], `,"'=1+1,""x""",`)
  const ndjson = await (await door.ask(`/api/decisions/export.ndjson${query}`)).text()
  t.same(JSON.parse(ndjson), formula)
  const denied = await door.ask('/api/decisions?outcome=denied')
  t.same(((await denied.json()) as { items: unknown[] }).items, [])
})
