import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { loadKey } from '../../src/store/key.js'
import { openStore } from '../../src/store/store.js'
import { temporaryFolder } from './samples.js'

t.test('the key made at first start is 32 random bytes in a file of mode 600', (t) => {
  const folder = temporaryFolder(t)
  const key = loadKey(folder, {}, true)
  t.equal(key.bytes.length, 32)
  t.equal(statSync(key.path).mode & 0o777, 0o600)
  t.match(readFileSync(key.path, 'utf8'), /^[0-9a-f]{64}\n$/)
  t.strictSame(loadKey(folder, {}, false).bytes, key.bytes)
  t.notSame(loadKey(temporaryFolder(t), {}, true).bytes, key.bytes)
  t.end()
})

t.test('a configured file wins over the credential, and that over the folder', (t) => {
  const folder = temporaryFolder(t)
  loadKey(folder, {}, true)
  const credentialsFolder = temporaryFolder(t)
  writeFileSync(join(credentialsFolder, 'genkan-key'), Buffer.alloc(32, 7), { mode: 0o440 })
  const file = join(temporaryFolder(t), 'key')
  writeFileSync(file, Buffer.alloc(32, 9), { mode: 0o600 })
  t.equal(loadKey(folder, { file, credentialsFolder }, false).source, 'file')
  const credential = loadKey(folder, { credentialsFolder }, false)
  t.equal(credential.source, 'credential')
  t.equal(credential.bytes[0], 7)
  t.equal(loadKey(folder, { credentialsFolder: folder }, false).source, 'folder')
  t.end()
})

t.test('a key others can read is refused with its cure', (t) => {
  const folder = temporaryFolder(t)
  const { path } = loadKey(folder, {}, true)
  for (const mode of [0o644, 0o640, 0o604, 0o660]) {
    chmodSync(path, mode)
    t.throws(() => loadKey(folder, {}, false), { code: 'key-unsafe', cure: `chmod 600 ${path}` })
  }
  t.end()
})

t.test('what is no key is refused', (t) => {
  const file = join(temporaryFolder(t), 'key')
  for (const content of ['', 'short', 'g'.repeat(64), '0'.repeat(65), '0'.repeat(5000)]) {
    writeFileSync(file, content, { mode: 0o600 })
    t.throws(
      () => loadKey('/nowhere', { file }, true),
      { code: 'key-invalid' },
      content.slice(0, 8),
    )
  }
  mkdirSync(`${file}-folder`, { mode: 0o700 })
  t.throws(() => loadKey('/nowhere', { file: `${file}-folder` }, true), { name: 'StoreError' })
  t.throws(() => loadKey('/nowhere', { file: `${file}-absent` }, true), { code: 'key-missing' })
  t.end()
})

t.test('a database whose key is gone never gets a new key', (t) => {
  const folder = join(temporaryFolder(t), 'data')
  openStore({ folder, nowMs: Date.now }).close()
  const key = readFileSync(join(folder, 'genkan.key'))
  rmSync(join(folder, 'genkan.key'))
  t.throws(() => openStore({ folder, nowMs: Date.now }), { code: 'key-missing' })
  t.throws(() => statSync(join(folder, 'genkan.key')), { code: 'ENOENT' })
  writeFileSync(join(folder, 'genkan.key'), key, { mode: 0o600 })
  openStore({ folder, nowMs: Date.now }).close()
  t.end()
})

t.test('a key whose database is gone is told, not papered over with an empty one', (t) => {
  const folder = join(temporaryFolder(t), 'data')
  openStore({ folder, nowMs: Date.now }).close()
  rmSync(join(folder, 'genkan.db'))
  t.throws(() => openStore({ folder, nowMs: Date.now }), { code: 'database-missing' })
  t.end()
})
