import { dirname } from 'node:path'

import fc from 'fast-check'
import t from 'tap'
import { ulid } from 'ulid'

import { personNameSchema } from '../../src/store/person.js'
import type { NewTemplate } from '../../src/store/templates.js'
import { MAX_TEMPLATES_A_PERSON } from '../../src/store/templates.js'
import { rawDatabase, sampleTemplate, temporaryStore } from './samples.js'

t.test('create, get, list, activate, count, delete', (t) => {
  const store = temporaryStore(t, { nowMs: () => 77 })
  const ada = store.persons.create('  Ada Lovelace ', 'cli')
  const bob = store.persons.create('Bob', 'cli')
  t.match(ada, { name: 'Ada Lovelace', active: true, createdAtMs: 77 })
  t.strictSame(store.persons.list(), [ada, bob])
  t.equal(store.persons.countActive(), 2)
  t.equal(store.persons.setActive(bob.id, false, 'cli').active, false)
  t.equal(store.persons.countActive(), 1)
  t.equal(store.persons.get(bob.id)?.active, false)
  t.strictSame(store.persons.delete(ada.id, 'cli'), { templates: 0, erased: true })
  t.throws(() => store.persons.delete(ada.id, 'cli'), { code: 'not-found' })
  t.strictSame(
    store.persons.list().map((person) => person.id),
    [bob.id],
  )
  t.end()
})

t.test('names of the world are accepted, in one normal form', (t) => {
  for (const name of [
    'Ng',
    '王秀英',
    'María José',
    'نور\u200cالدین',
    "O'Brien-Smith",
    '👩‍🚀',
    'Ôi',
  ]) {
    t.equal(personNameSchema.parse(name), name.normalize('NFC'))
  }
  t.equal(personNameSchema.parse('e\u0301'), '\u00e9')
  t.end()
})

t.test('names that rewrite their surroundings are refused', (t) => {
  const bad = [
    '',
    '   ',
    'a\0b',
    'a\nb',
    '\u001b[2J',
    'a\u202eb',
    'a\u2066b',
    '\ud800',
    'a\u2028b',
    'x'.repeat(201),
    'x'.repeat(1e6),
  ]
  bad.forEach((name, index) => t.notOk(personNameSchema.safeParse(name).success, `name ${index}`))
  for (const name of [null, 7, {}, ['a']]) t.notOk(personNameSchema.safeParse(name).success)
  t.end()
})

t.test('any string is either refused as invalid or comes back the same', (t) => {
  const store = temporaryStore(t)
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ maxLength: 400 })), (name) => {
      const parsed = personNameSchema.safeParse(name)
      if (!parsed.success) {
        t.throws(() => store.persons.create(name, 'cli'), { code: 'invalid-value' })
        return true
      }
      const { id } = store.persons.create(name, 'cli')
      return store.persons.get(id)?.name === parsed.data && parsed.data.length <= 200
    }),
    { numRuns: 300 },
  )
  t.equal(store.audit.verify().intact, true)
  t.end()
})

t.test('unfit templates are refused', (t) => {
  const store = temporaryStore(t)
  const { id } = store.persons.create('Ada', 'cli')
  const good = sampleTemplate(id, 1)
  const vector = (edit: (values: Float32Array) => void): NewTemplate['embedding'] => {
    const copy = Float32Array.from(good.embedding.vector)
    edit(copy)
    return { modelId: 'm', vector: copy }
  }
  const bad: [string, NewTemplate][] = [
    ['short vector', { ...good, embedding: { modelId: 'm', vector: new Float32Array(127) } }],
    ['zero vector', { ...good, embedding: { modelId: 'm', vector: new Float32Array(128) } }],
    ['NaN', { ...good, embedding: vector((values) => (values[3] = NaN)) }],
    ['long', { ...good, embedding: vector((values) => (values[0] = 1)) }],
    ['no model', { ...good, embedding: { ...good.embedding, modelId: '' } }],
    ['quality', { ...good, quality: 1.1 }],
    ['source', { ...good, source: 'mail' as 'cli' }],
    ['no picture', { ...good, cropPng: Buffer.from('GIF89a') }],
    ['big picture', { ...good, cropPng: Buffer.concat([good.cropPng, Buffer.alloc(1024 * 1024)]) }],
    ['id', { ...good, personId: "' OR 1=1" }],
  ]
  for (const [what, template] of bad) {
    t.throws(() => store.templates.add(template, 'cli'), { code: 'invalid-value' }, what)
  }
  t.throws(() => store.templates.add({ ...good, personId: ulid() }, 'cli'), { code: 'not-found' })
  for (let index = 0; index < MAX_TEMPLATES_A_PERSON; index++) store.templates.add(good, 'cli')
  t.throws(() => store.templates.add(good, 'cli'), { code: 'invalid-value' })
  t.strictSame([...store.templates.counts()], [[id, MAX_TEMPLATES_A_PERSON]])
  t.end()
})

t.test('a damaged embedding is a typed error with the cure, never a face', (t) => {
  const store = temporaryStore(t)
  const { id } = store.persons.create('Ada', 'cli')
  const template = store.templates.add(sampleTemplate(id, 1), 'cli')
  const raw = rawDatabase(dirname(store.info.path))
  const damage = raw.prepare('UPDATE templates SET vector = ?')
  const notFinite = Buffer.alloc(512)
  notFinite.writeFloatLE(Infinity, 8)
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(511), Buffer.alloc(512), notFinite]) {
    damage.run(bytes)
    t.throws(() => store.templates.gallery(), {
      code: 'corrupt-row',
      cure: new RegExp(template.id),
    })
    t.throws(() => store.templates.byPerson(id), { code: 'corrupt-row' })
  }
  raw.close()
  t.equal(store.templates.delete(template.id, 'cli'), true, 'the cure works')
  t.strictSame(store.templates.gallery(), [])
  t.end()
})
