import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'
import { ulid } from 'ulid'

import { createDatabase } from '../../src/store/database.js'
import { migrate, MIGRATIONS, schemaVersion, type Migration } from '../../src/store/migrations.js'
import { openStore } from '../../src/store/store.js'
import { deniedDecision, rawDatabase, temporaryFolder } from './samples.js'

const upTo = (version: number): Migration[] =>
  MIGRATIONS.filter((migration) => migration.version <= version)

const KEY = Buffer.alloc(32, 3)

/** The whole schema as text. */
function schemaOf(folder: string): unknown[] {
  const raw = rawDatabase(folder)
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

const latest = MIGRATIONS.length
for (let version = 0; version <= latest; version++) {
  t.test(`from version ${version} to ${latest}, with what was in it`, (t) => {
    const folder = databaseAt(t, version)
    const person = ulid()
    if (version >= 1) {
      const raw = rawDatabase(folder, upTo(version))
      t.equal(schemaVersion(raw), version)
      raw
        .prepare(`INSERT INTO persons (id, name, active, created_at_ms) VALUES (?, 'Ada', 1, 5)`)
        .run(person)
      raw.close()
    }
    const store = openStore({ folder, nowMs: Date.now })
    t.equal(store.info.schemaVersion, latest)
    t.equal(store.info.created, false)
    t.equal(store.persons.get(person)?.name, version >= 1 ? 'Ada' : undefined)
    store.decisions.record(deniedDecision())
    store.audit.append({ actor: 'cli', action: 'test.step' })
    t.equal(store.audit.verify().intact, true)
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
