import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import t, { type Test } from 'tap'

import { createDatabase } from '../../src/store/database.js'
import { migrate, MIGRATIONS, schemaVersion, type Migration } from '../../src/store/migrations.js'
import { openStore, type Store } from '../../src/store/store.js'
import { fillAsVersion, type Content } from './earlier-versions.js'
import { deniedDecision, grantedDecision, rawDatabase, temporaryFolder } from './samples.js'

const upTo = (version: number): Migration[] =>
  MIGRATIONS.filter((migration) => migration.version <= version)

const KEY = Buffer.alloc(32, 3)

/** The whole schema as text. */
function schemaOf(folder: string, migrations = MIGRATIONS): unknown[] {
  const raw = rawDatabase(folder, migrations)
  const rows = raw.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all()
  raw.close()
  return rows
}

/** A folder with a database as genkan at `version` left it. */
function databaseAt(t: { teardown(action: () => void): unknown }, version: number): string {
  const folder = join(temporaryFolder(t), 'data')
  mkdirSync(folder, { mode: 0o700 })
  writeFileSync(join(folder, 'genkan.key'), KEY.toString('hex'), { mode: 0o600 })
  createDatabase(folder, KEY, upTo(version))
  return folder
}

t.test('versions are 1, 2, 3, … without gaps', (t) => {
  t.strictSame(
    MIGRATIONS.map((migration) => migration.version),
    MIGRATIONS.map((_, index) => index + 1),
  )
  t.end()
})

/** SHA-256 of the schema after each released step; a released step is never changed. */
const RELEASED: readonly string[] = [
  '2769a656a3e34eedb35fcbd978c5be8f1245e1be4079d15bc73936be77749dfa',
  '2c86f4f91155fcd2187268d9d7200d36c01f2d61a4cb16db24d0d31227c21000',
  '4d37d7ae74857367e2d71b77c802ae36bd47762760d44e1b1d5c140dc8da8922',
  '021cbd425e68fdc4ebb09d5d214980c52cdedbfe80fe4f28f14ca567d314e20a',
  'ed844efb9cf534569f2237f6557dedf5a2c8b3eba622b18d8b795aba8b93e564',
  'fdfc04fa2f240d2523d0008aa4436dae1b9332b923e0fee5ea96c30f0e7f1745',
  'eae2ed1f1e12c3c9876b446dfa3b66a97cf0f3cf96313cbea14b1b6ce9c5f1fd',
  '2d56d6d1167f40064fa24a31e42e96e4da3050b0a62f83b5b3d2416f749902a6',
  'c7bfda1b288e20e8d7df9f1e84ca74f8f9c9589aacea5a5d8c7f1adaddeae589',
]

t.test('released steps make the schema they always made', (t) => {
  RELEASED.forEach((hash, index) => {
    const schema = JSON.stringify(schemaOf(databaseAt(t, index + 1), upTo(index + 1)))
    t.equal(createHash('sha256').update(schema).digest('hex'), hash, `version ${index + 1}`)
  })
  t.end()
})

function expectContent(t: Test, store: Store, content: Content, version: number): void {
  const { personId, templateId, delivered, pending, tokenId, styleJobId } = content
  if (version >= 1) {
    t.equal(store.persons.get(personId)?.name, 'Ada')
    t.match(store.templates.byPerson(personId), [{ id: templateId, quality: 0.5, source: 'cli' }])
    t.equal(store.templates.gallery().length, 1)
  }
  if (version >= 2) {
    t.strictSame(store.decisions.get(delivered.id)?.decision, delivered)
    t.equal(store.decisions.get(delivered.id)?.delivery, 'delivered')
    t.match(store.outbox.pending(9), [{ id: pending.id }])
    t.match(store.outbox.stats(), { pending: 1, delivered: 1 })
    t.ok((store.decisions.record(grantedDecision()).grantSequence ?? 0) > 41)
  }
  if (version >= 3) {
    t.match(store.adminTokens.list(), [{ id: tokenId, label: 'console', role: 'admin' }])
    t.strictSame(
      store.audit.list({ limit: 9 }).map(({ action }) => action),
      ['template.add', 'person.create'],
    )
  }
  if (version >= 7) {
    t.match(store.styleJobs.next(), { id: styleJobId, state: 'running', personId })
    t.strictSame(store.styleJobs.picture(styleJobId, 'content'), Buffer.from('89504e47', 'hex'))
    t.match(store.displayPicture.get(), { jobId: styleJobId, personId, setAtMs: 11 })
  }
}

const latest = MIGRATIONS.length
for (let version = 0; version <= latest; version++) {
  t.test(`from version ${version} to ${latest}, with what was in it`, (t) => {
    const folder = databaseAt(t, version)
    const raw = rawDatabase(folder, upTo(version))
    t.equal(schemaVersion(raw), version)
    const content = fillAsVersion(raw, version)
    raw.close()
    const store = openStore({ folder, nowMs: Date.now })
    t.equal(store.info.schemaVersion, latest)
    t.equal(store.info.created, false)
    expectContent(t, store, content, version)
    store.decisions.record(deniedDecision())
    store.audit.append({ actor: 'cli', action: 'test.step' })
    t.equal(store.audit.verify().intact, true)
    t.equal(store.examine().schemaVersion, latest)
    store.close()
    t.strictSame(schemaOf(folder), schemaOf(databaseAt(t, latest)), 'the schema of a new database')
    t.end()
  })
}

t.test('a step that fails leaves the whole version before it', (t) => {
  const folder = databaseAt(t, latest)
  const raw = rawDatabase(folder)
  const failing = [
    ...MIGRATIONS,
    {
      version: latest + 1,
      title: 'works',
      apply: (database: typeof raw) => void database.exec('CREATE TABLE one (id)'),
    },
    {
      version: latest + 2,
      title: 'fails half way',
      apply: (database: typeof raw) => void database.exec('CREATE TABLE two (id); SELECT nonsense'),
    },
  ]
  t.throws(() => migrate(raw, failing))
  t.equal(schemaVersion(raw), latest + 1)
  const tables = raw.prepare(`SELECT name FROM sqlite_schema WHERE name IN ('one', 'two')`).all()
  t.strictSame(tables, [{ name: 'one' }])
  raw.close()
  t.end()
})
