import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'

import t from 'tap'

import type { Store } from '../../src/store/store.js'
import {
  folderBytes,
  grantedDecision,
  rawDatabase,
  sampleEmbedding,
  sampleTemplate,
  temporaryStore,
} from './samples.js'

const NAME = 'Zaphod Markerbrox'
const CROP = 'crop-marker-7f3a9c'

/** Sixteen bytes out of the middle of a stored vector. */
function vectorMarker(seed: number): Buffer {
  const { vector } = sampleEmbedding(seed)
  const bytes = Buffer.alloc(16)
  for (let index = 0; index < 4; index++) bytes.writeFloatLE(vector[40 + index] ?? 0, index * 4)
  return bytes
}

const MARKERS: [string, Buffer][] = [
  ['name', Buffer.from(NAME)],
  ['crop', Buffer.from(CROP)],
  ['embedding', vectorMarker(5)],
]

function fill(store: Store): string {
  for (let index = 10; index < 30; index++) {
    const other = store.persons.create(`Other ${index}`, 'cli')
    store.templates.add(sampleTemplate(other.id, index), 'cli')
  }
  const person = store.persons.create(NAME, 'cli')
  store.templates.add(sampleTemplate(person.id, 5, CROP), 'cli')
  return person.id
}

t.test('no name, crop or embedding can be read from the files', (t) => {
  const store = temporaryStore(t)
  const folder = dirname(store.info.path)
  const id = fill(store)
  store.decisions.record(grantedDecision({ id, name: NAME }))
  const raw = rawDatabase(folder)
  const decrypted = raw.serialize()
  raw.close()
  for (const [what, marker] of MARKERS) {
    t.ok(decrypted.includes(marker), `${what} is in the decrypted pages`)
    t.notOk(folderBytes(folder).includes(marker), `${what} is in no file`)
  }
  store.close()
  for (const [what, marker] of MARKERS) t.notOk(folderBytes(folder).includes(marker), what)
  t.end()
})

t.test('deleting a person leaves no byte of theirs, even decrypted', (t) => {
  const store = temporaryStore(t)
  const folder = dirname(store.info.path)
  const id = fill(store)
  t.strictSame(store.persons.delete(id, 'cli'), { templates: 1, erased: true })
  t.equal(statSync(join(folder, 'genkan.db-wal')).size, 0, 'the log is empty')
  const raw = rawDatabase(folder)
  const decrypted = raw.serialize()
  raw.close()
  for (const [what, marker] of MARKERS) t.notOk(decrypted.includes(marker), what)
  t.equal(store.persons.get(id), undefined)
  t.strictSame(store.templates.byPerson(id), [])
  t.equal(store.templates.gallery().length, 20, 'the others are untouched')
  t.end()
})

t.test('this is the zeroing, not luck: without it the bytes stay', (t) => {
  const store = temporaryStore(t)
  const folder = dirname(store.info.path)
  const id = fill(store)
  store.close()
  const raw = rawDatabase(folder)
  raw.pragma('secure_delete = OFF')
  raw.prepare('DELETE FROM persons WHERE id = ?').run(id)
  t.ok(MARKERS.some(([, marker]) => raw.serialize().includes(marker)))
  raw.close()
  t.end()
})

t.test('a reader in another process delays the erasure and is told', (t) => {
  const store = temporaryStore(t)
  const id = fill(store)
  const reader = rawDatabase(dirname(store.info.path))
  const rows = reader.prepare('SELECT id FROM persons').iterate()
  rows.next()
  t.equal(store.persons.delete(id, 'cli').erased, false)
  rows.return?.()
  reader.close()
  t.end()
})
