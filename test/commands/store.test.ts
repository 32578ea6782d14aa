import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { openStore } from '../../src/store/store.js'
import { rawDatabase, sampleTemplate, temporaryFolder } from '../store/samples.js'

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url))

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** A folder with a store of three persons, and the command line on it. */
function setUp(t: { teardown(action: () => void): unknown }) {
  const home = temporaryFolder(t)
  const folder = join(home, 'data')
  const store = openStore({ folder, nowMs: Date.now })
  for (let index = 0; index < 3; index++) {
    const person = store.persons.create(`Person ${index}`, 'cli')
    store.templates.add(sampleTemplate(person.id, index), 'cli')
  }
  store.close()
  const genkan = (...args: string[]): Ran => {
    const env = { ...process.env, GENKAN_STORE_FOLDER: folder }
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
      cwd: home,
      env,
      encoding: 'utf8',
    })
    return { code: status, out: stdout, err: stderr }
  }
  return { home, folder, genkan }
}

function personsIn(folder: string): number {
  const store = openStore({ folder, nowMs: Date.now })
  const { length } = store.persons.list()
  store.close()
  return length
}

t.test('backup, verify, lose everything, restore', (t) => {
  const { home, folder, genkan } = setUp(t)
  const words = join(home, 'words')
  writeFileSync(words, 'correct horse battery staple\n')
  const made = genkan('backup', 'out.backup', '--passphrase-file', words, '--json')
  t.equal(made.code, 0, made.err)
  t.match(JSON.parse(made.out), { persons: 3, templates: 3 })
  const checked = genkan('restore', 'out.backup', '--verify-only', '--passphrase-file', words)
  t.match(checked, { code: 0, out: /verified; 3 persons/ })
  const withoutWords = genkan('restore', 'out.backup')
  t.match(withoutWords, { code: 1, err: /can't be read with this key/ })
  t.notMatch(withoutWords.err, /correct horse/)

  rmSync(folder, { recursive: true })
  const restored = genkan('restore', 'out.backup', '--passphrase-file', words)
  t.match(restored, { code: 0, out: /restored; 3 persons/ }, restored.err)
  t.equal(personsIn(folder), 3, 'on a new machine, with a new key')
  t.end()
})

t.test('a restore while the daemon runs waits for its next start', (t) => {
  const { folder, genkan } = setUp(t)
  t.equal(genkan('backup', 'one').code, 0)
  const daemon = openStore({ folder, nowMs: Date.now })
  daemon.persons.create('Later', 'cli')
  t.match(genkan('restore', 'one'), { code: 0, out: /takes effect when genkan starts next/ })
  t.equal(daemon.persons.list().length, 4)
  daemon.close()
  t.equal(personsIn(folder), 3)
  t.end()
})

t.test('after a rotation, the old key still reads the old backup', (t) => {
  const { home, folder, genkan } = setUp(t)
  t.equal(genkan('backup', 'one').code, 0)
  const oldKey = join(home, 'old-key')
  writeFileSync(oldKey, readFileSync(join(folder, 'genkan.key')), { mode: 0o600 })
  t.match(genkan('rotate-key'), { code: 0, out: /make a new backup/ })
  t.match(genkan('restore', 'one'), { code: 1, err: /key this database was made with/ })
  t.match(genkan('restore', 'one', '--key-file', oldKey), { code: 0, out: /restored/ })
  t.equal(personsIn(folder), 3)
  t.end()
})

t.test('audit verify tells an intact chain from a changed one', (t) => {
  const { folder, genkan } = setUp(t)
  const intact = genkan('audit', 'verify')
  t.match(intact, { code: 0, out: /^intact, 6 rows, head 6:[0-9a-f]{64}$/m })
  const head = /head (\S+)/.exec(intact.out)?.[1] ?? ''
  t.equal(genkan('audit', 'verify', '--head', head).code, 0)
  t.equal(genkan('audit', 'verify', '--head', 'nonsense').code, 2)

  const raw = rawDatabase(folder)
  raw.exec('DROP TRIGGER audit_is_never_changed')
  raw.exec(`UPDATE audit SET actor = 'eve' WHERE sequence = 4`)
  raw.close()
  t.match(genkan('audit', 'verify'), { code: 1, out: /BROKEN: row 4 was changed/ })
  t.end()
})

t.test('a database that was cut off names the command that mends it', (t) => {
  const { home, folder, genkan } = setUp(t)
  t.equal(genkan('backup', 'one').code, 0)
  writeFileSync(join(folder, 'genkan.db'), 'gone')
  const broken = genkan('run')
  t.match(broken, { code: 1, err: /cut off.*genkan restore FILE/s })
  t.equal(genkan('restore', join(home, 'one')).code, 0)
  t.equal(personsIn(folder), 3)
  t.end()
})

t.test('purge says what it would remove', (t) => {
  const { genkan } = setUp(t)
  t.match(genkan('purge', '--dry-run'), {
    code: 0,
    out: /^would remove 0 persons, 0 decisions, 0 pictures/,
  })
  t.end()
})
