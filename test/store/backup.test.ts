import {
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

import t from 'tap'

import { openStore, type Store } from '../../src/store/store.js'
import {
  deniedDecision,
  folderBytes,
  rawDatabase,
  sampleTemplate,
  temporaryFolder,
  temporaryStore,
} from './samples.js'

const PASSPHRASE = 'correct horse battery staple'

function fill(store: Store, count: number, marker = 'Person'): string[] {
  return Array.from({ length: count }, (_, index) => {
    const person = store.persons.create(`${marker} ${index}`, 'cli')
    store.templates.add(sampleTemplate(person.id, index), 'cli')
    store.decisions.record(deniedDecision())
    return person.id
  })
}

const namesIn = (store: Store): string[] => store.persons.list().map(({ name }) => name)

t.test('a backup holds everything of its moment and can be read with the key alone', async (t) => {
  const store = temporaryStore(t)
  fill(store, 12, 'Zaphod')
  const file = join(temporaryFolder(t), 'backup')
  const report = await store.backups.make(file, { actor: 'cli' })
  t.match(report, { path: file, persons: 12, templates: 12, decisions: 12 })
  t.equal(report.auditHead.sequence, 24, 'the audit chain came along')
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.notOk(readFileSync(file).includes('Zaphod'), 'no name can be read in it')
  t.strictSame(readdirSync(dirname(file)), ['backup'], 'nothing else is left beside it')
  t.match(await store.backups.verify(file), { persons: 12 })
  t.equal(store.audit.list({ limit: 1 })[0]?.action, 'backup.create')
  await t.rejects(store.backups.make(file, { actor: 'cli' }), { code: 'duplicate' })

  const other = temporaryStore(t)
  await t.rejects(other.backups.verify(file), { code: 'wrong-key' })
})

t.test('decisions go on being recorded while a backup is made', async (t) => {
  const store = temporaryStore(t)
  fill(store, 300)
  const making = { ended: false }
  const copying = store.backups
    .make(join(temporaryFolder(t), 'backup'), { actor: 'cli' })
    .finally(() => (making.ended = true))
  let meanwhile = 0
  while (!making.ended) {
    store.decisions.record(deniedDecision())
    meanwhile++
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { decisions } = await copying
  t.ok(meanwhile > 5, `${meanwhile} decisions meanwhile`)
  t.ok(decisions >= 300 && decisions <= 300 + meanwhile)
  t.equal(store.decisions.count(), 300 + meanwhile)
})

t.test('a backup with a passphrase needs the passphrase and no key', async (t) => {
  const store = temporaryStore(t)
  fill(store, 3)
  const file = join(temporaryFolder(t), 'backup')
  await store.backups.make(file, { actor: 'cli', passphrase: PASSPHRASE })
  const other = temporaryStore(t)
  t.match(await other.backups.verify(file, { passphrase: PASSPHRASE }), { persons: 3 })
  await t.rejects(other.backups.verify(file, { passphrase: `${PASSPHRASE}r` }), {
    code: 'wrong-key',
  })
  await t.rejects(store.backups.verify(file), { code: 'wrong-key' }, 'the key does not open it')
  await t.rejects(store.backups.verify(file, { passphrase: 'short' }), { code: 'invalid-value' })
})

t.test('a damaged, cut or foreign backup is refused and stages nothing', async (t) => {
  const store = temporaryStore(t)
  fill(store, 10)
  const file = join(temporaryFolder(t), 'backup')
  await store.backups.make(file, { actor: 'cli' })
  const whole = readFileSync(file)
  const bad: [string, () => void][] = [
    ['cut', () => truncateSync(file, whole.length - 4096)],
    ['empty', () => truncateSync(file, 0)],
    ['one bit', () => writeFileSync(file, Buffer.from(whole).fill(1, 9000, 9001))],
    ['noise', () => writeFileSync(file, Buffer.alloc(50_000, 'noise'))],
    ['absent', () => rmSync(file)],
  ]
  for (const [what, spoil] of bad) {
    spoil()
    const code = /^(corrupt|wrong-key|io)$/
    await t.rejects(store.backups.verify(file), { code }, what)
    await t.rejects(store.backups.stageRestore(file, { actor: 'cli' }), { code }, what)
    t.equal(store.backups.restoreIsStaged(), false)
    writeFileSync(file, whole)
  }
  t.match(await store.backups.verify(file), { persons: 10 })
})

t.test('a backup that somebody put a trigger into is refused', async (t) => {
  const store = temporaryStore(t)
  fill(store, 2)
  store.close()
  const folder = dirname(store.info.path)
  const raw = rawDatabase(folder)
  raw.exec(`CREATE TRIGGER sly AFTER INSERT ON persons BEGIN DELETE FROM outbox; END`)
  raw.close()
  const again = openStore({ folder, nowMs: Date.now })
  t.teardown(() => again.close())
  const file = join(temporaryFolder(t), 'backup')
  await t.rejects(again.backups.make(file, { actor: 'cli' }), {
    code: 'corrupt',
    what: /not the tables/,
  })
  t.throws(() => again.examine(), { code: 'corrupt' })
})

t.test('a restore takes effect at the next start and keeps the old database', async (t) => {
  const store = temporaryStore(t)
  const folder = dirname(store.info.path)
  fill(store, 5, 'Old')
  const file = join(temporaryFolder(t), 'backup')
  await store.backups.make(file, { actor: 'cli' })
  fill(store, 2, 'New')
  await store.backups.stageRestore(file, { actor: 'cli' })
  t.equal(store.backups.restoreIsStaged(), true)
  t.equal(namesIn(store).length, 7, 'nothing has changed yet')
  store.close()

  const restored = openStore({ folder, nowMs: Date.now })
  t.teardown(() => restored.close())
  t.equal(namesIn(restored).length, 5)
  t.ok(namesIn(restored).every((name) => name.startsWith('Old')))
  t.equal(restored.backups.restoreIsStaged(), false)
  t.equal(restored.audit.verify().intact, true)
  t.equal(restored.audit.list({ limit: 1 })[0]?.action, 'restore.apply')
  const aside = restored.info.restored?.keptAside ?? ''
  t.ok(statSync(aside).size > 0, 'the old one is kept')
  t.notOk(folderBytes(folder).includes('Old 1'))
  restored.close()
  renameSync(aside, restored.info.path)
  const old = openStore({ folder, nowMs: Date.now })
  t.teardown(() => old.close())
  t.equal(namesIn(old).length, 7, 'and whole')
})

t.test('who was deleted since the backup stays deleted after the restore', async (t) => {
  const store = temporaryStore(t)
  const folder = dirname(store.info.path)
  const [gone = '', kept = ''] = fill(store, 2)
  const file = join(temporaryFolder(t), 'backup')
  await store.backups.make(file, { actor: 'cli' })
  store.persons.delete(gone, 'cli')
  await store.backups.stageRestore(file, { actor: 'cli' })
  store.close()
  const restored = openStore({ folder, nowMs: Date.now })
  t.teardown(() => restored.close())
  t.equal(restored.info.restored?.erasedAgain, 1)
  t.equal(restored.persons.get(gone), undefined)
  t.ok(restored.persons.get(kept))
  t.equal(restored.audit.verify().intact, true)
})

t.test('a corrupt database is cured by a restore', async (t) => {
  const store = temporaryStore(t)
  const folder = dirname(store.info.path)
  fill(store, 5)
  const file = join(temporaryFolder(t), 'backup')
  await store.backups.make(file, { actor: 'cli' })
  await store.backups.stageRestore(file, { actor: 'cli' })
  store.close()
  truncateSync(store.info.path, 5000)
  const restored = openStore({ folder, nowMs: Date.now })
  t.teardown(() => restored.close())
  t.equal(namesIn(restored).length, 5)
  t.equal(restored.info.restored?.erasedAgain, 0)
})

t.test('a copy for sending is removed when sent, or at the next start', async (t) => {
  const store = temporaryStore(t)
  const folder = dirname(store.info.path)
  fill(store, 1)
  const sent = await store.backups.makeTemporary({ actor: 'cli' })
  sent.remove()
  const forgotten = await store.backups.makeTemporary({ actor: 'cli' })
  store.close()
  t.ok(statSync(forgotten.path))
  openStore({ folder, nowMs: Date.now }).close()
  t.notOk(readdirSync(folder).some((name) => name.includes('backup')))
})
