import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { openStore } from '../../src/store/store.js'
import { deniedDecision, sampleTemplate, temporaryFolder } from './samples.js'

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

t.test('the first start makes a private folder, a key and a database', (t) => {
  const folder = join(temporaryFolder(t), 'deep', 'data')
  const store = openStore({ folder, nowMs: Date.now })
  t.equal(store.info.created, true)
  t.equal(store.info.keySource, 'folder')
  t.equal(modeOf(folder), '700')
  store.persons.create('Ada', 'cli')
  for (const name of readdirSync(folder)) t.equal(modeOf(join(folder, name)), '600', name)
  store.close()
  t.notOk(existsSync(join(folder, 'genkan.db.new')))
  t.end()
})

t.test('what was stored is there after reopening', (t) => {
  const folder = join(temporaryFolder(t), 'data')
  const first = openStore({ folder, nowMs: () => 1_700_000_000_000 })
  const ada = first.persons.create('Ada', 'cli')
  const template = first.templates.add(sampleTemplate(ada.id, 1), 'cli')
  const decision = deniedDecision()
  first.decisions.record(decision)
  first.close()

  const second = openStore({ folder, nowMs: Date.now })
  t.teardown(() => second.close())
  t.equal(second.info.created, false)
  t.strictSame(second.persons.list(), [ada])
  t.strictSame(second.templates.byPerson(ada.id), [template])
  const [entry] = second.templates.gallery()
  t.strictSame(entry, {
    templateId: template.id,
    personId: ada.id,
    embedding: template.embedding,
  })
  t.strictSame(second.decisions.get(decision.id)?.decision, decision)
  t.strictSame(
    second.outbox.pending(10).map((message) => message.id),
    [decision.id],
  )
  t.end()
})

t.test('two daemons on one folder are refused, a command is let in', (t) => {
  const folder = join(temporaryFolder(t), 'data')
  const daemon = openStore({ folder, nowMs: Date.now })
  t.throws(() => openStore({ folder, nowMs: Date.now }), { code: 'in-use' })
  const command = openStore({ folder, nowMs: Date.now, role: 'command' })
  const before = daemon.foreignChanges()
  daemon.persons.create('Bob', 'cli')
  t.equal(daemon.foreignChanges(), before, 'its own changes are none')
  command.persons.create('Ada', 'cli')
  t.equal(daemon.persons.list().length, 2, 'the daemon sees what the command wrote')
  t.not(daemon.foreignChanges(), before, 'and can tell that something was')
  command.close()
  daemon.close()
  openStore({ folder, nowMs: Date.now }).close()
  t.end()
})

t.test('a first start that was cut short is begun again', (t) => {
  const folder = join(temporaryFolder(t), 'data')
  openStore({ folder, nowMs: Date.now }).close()
  const other = join(temporaryFolder(t), 'data')
  mkdirSync(other, { mode: 0o700 })
  writeFileSync(join(other, 'genkan.db.new'), 'half a database', { mode: 0o600 })
  writeFileSync(join(other, 'genkan.key'), `${'ab'.repeat(32)}\n`, { mode: 0o600 })
  const store = openStore({ folder: other, nowMs: Date.now })
  t.equal(store.info.created, true)
  store.close()
  t.end()
})

t.test('an open folder is closed when ours and refused when it holds other things', (t) => {
  const ours = join(temporaryFolder(t), 'data')
  mkdirSync(ours, { mode: 0o755 })
  openStore({ folder: ours, nowMs: Date.now }).close()
  t.equal(modeOf(ours), '700')

  const shared = join(temporaryFolder(t), 'shared')
  mkdirSync(shared, { mode: 0o755 })
  writeFileSync(join(shared, 'letter.txt'), 'hello')
  t.throws(() => openStore({ folder: shared, nowMs: Date.now }), { code: 'folder-unsafe' })
  t.equal(modeOf(shared), '755', 'and left as it was')
  t.end()
})

t.test('closing twice is harmless, using a closed store is a typed error', (t) => {
  const store = openStore({ folder: join(temporaryFolder(t), 'data'), nowMs: Date.now })
  store.close()
  store.close()
  t.throws(() => store.persons.list(), { code: 'closed' })
  t.throws(() => store.decisions.record(deniedDecision()), { code: 'closed' })
  t.end()
})
