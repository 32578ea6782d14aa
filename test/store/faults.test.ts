import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { StoreError } from '../../src/store/store-error.js'
import { openStore } from '../../src/store/store.js'
import { deniedDecision, rawDatabase, sampleTemplate, temporaryFolder } from './samples.js'

const PAGE = 4096

/** A closed store with a few hundred pages. */
function filledStore(t: { teardown(action: () => void): unknown }): string {
  const folder = join(temporaryFolder(t), 'data')
  const store = openStore({ folder, nowMs: Date.now })
  for (let index = 0; index < 20; index++) {
    const person = store.persons.create(`Person ${index}`, 'cli')
    store.templates.add(sampleTemplate(person.id, index), 'cli')
    store.decisions.record(deniedDecision())
  }
  store.close()
  return folder
}

function openFault(folder: string): StoreError {
  try {
    openStore({ folder, nowMs: Date.now }).close()
  } catch (error) {
    if (error instanceof StoreError) return error
    throw error
  }
  throw new Error('the store opened')
}

t.test('another key', (t) => {
  const folder = filledStore(t)
  writeFileSync(join(folder, 'genkan.key'), 'cd'.repeat(32))
  const fault = openFault(folder)
  t.equal(fault.code, 'wrong-key')
  t.match(fault.cure, /key this database was made with/)
  t.equal(openFault(folder).code, 'wrong-key', 'and the lock was let go')
  t.end()
})

t.test('a database cut off anywhere does not open', (t) => {
  const folder = filledStore(t)
  const path = join(folder, 'genkan.db')
  const { size } = statSync(path)
  copyFileSync(path, `${path}.whole`)
  for (const length of [0, 1, 100, PAGE - 1, PAGE, PAGE * 7, size - PAGE, size - 1]) {
    copyFileSync(`${path}.whole`, path)
    truncateSync(path, length)
    t.match(openFault(folder).code, /^(corrupt|wrong-key)$/, `${length} of ${size} bytes`)
    t.equal(statSync(path).size, length, 'and is left as it was found')
  }
  t.end()
})

t.test('one flipped bit in any page does not open', (t) => {
  const folder = filledStore(t)
  const path = join(folder, 'genkan.db')
  const whole = readFileSync(path)
  const pages = whole.length / PAGE
  t.ok(pages > 50)
  for (let page = 0; page < pages; page += 3) {
    const bytes = Buffer.from(whole)
    const offset = page * PAGE + ((page * 997 + 40) % PAGE)
    bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset)
    writeFileSync(path, bytes)
    t.match(openFault(folder).code, /^(corrupt|wrong-key)$/, `page ${page}`)
  }
  writeFileSync(path, whole)
  openStore({ folder, nowMs: Date.now }).close()
  t.end()
})

t.test('what is no database at all', (t) => {
  const folder = filledStore(t)
  writeFileSync(join(folder, 'genkan.db'), Buffer.alloc(PAGE * 4, 'not a database '))
  t.match(openFault(folder).code, /^(corrupt|wrong-key)$/)
  t.end()
})

t.test('an unencrypted database is not taken for ours', (t) => {
  const folder = filledStore(t)
  const raw = rawDatabase(folder)
  const plain = join(folder, 'genkan.plain')
  raw.pragma('journal_mode = DELETE')
  raw.rekey(Buffer.alloc(0))
  raw.close()
  copyFileSync(join(folder, 'genkan.db'), plain)
  t.equal(readFileSync(plain).subarray(0, 15).toString(), 'SQLite format 3')
  t.match(openFault(folder).code, /^(corrupt|wrong-key)$/)
  t.end()
})

t.test('a database of a newer genkan', (t) => {
  const folder = filledStore(t)
  const raw = rawDatabase(folder)
  raw.pragma('user_version = 99')
  raw.close()
  t.match(openFault(folder), { code: 'newer-schema', what: /schema 99/ })
  t.end()
})

t.test('a database that another program holds', (t) => {
  const folder = filledStore(t)
  const raw = rawDatabase(folder)
  raw.exec('BEGIN IMMEDIATE')
  const store = openStore({ folder, nowMs: Date.now })
  t.throws(() => store.decisions.record(deniedDecision()), { code: 'locked' })
  raw.exec('ROLLBACK')
  const decision = deniedDecision()
  store.decisions.record(decision)
  t.ok(store.decisions.get(decision.id), 'goes on once it is let go')
  store.close()
  raw.close()
  t.end()
})

function mountFault(): string | undefined {
  if (process.getuid?.() !== 0) return 'mounting a small file system needs root'
  const probe = join('/tmp', `genkan-mount-${process.pid}`)
  mkdirSync(probe)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe], { stdio: 'ignore' })
    execFileSync('umount', [probe])
    return undefined
  } catch {
    return 'mounting is not allowed here'
  } finally {
    rmSync(probe, { recursive: true, force: true })
  }
}

const noMount = mountFault() ?? false

function mounted(t: { teardown(action: () => void): unknown }, size: string): string {
  const folder = join(temporaryFolder(t), 'disk')
  mkdirSync(folder)
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', folder])
  t.teardown(() => execFileSync('umount', [folder]))
  return folder
}

t.test('a full disk', { skip: noMount }, (t) => {
  const folder = mounted(t, '1m')
  const store = openStore({ folder, nowMs: Date.now })
  t.teardown(() => store.close())
  const filler = join(folder, 'genkan.filler')
  const recorded: string[] = []
  t.throws(
    () => {
      for (;;) {
        const decision = deniedDecision()
        store.decisions.record(decision)
        recorded.push(decision.id)
      }
    },
    { code: 'disk-full' },
  )
  t.ok(recorded.length > 10)
  t.equal(store.decisions.count(), recorded.length, 'what was acknowledged is there, no more')
  t.equal(store.outbox.stats().pending, recorded.length)
  t.throws(
    () => {
      for (;;) store.persons.create('Ada', 'cli')
    },
    { code: 'disk-full' },
    'a smaller row may still fit, but not for ever',
  )

  rmSync(filler, { force: true })
  execFileSync('mount', ['-o', 'remount,size=8m', folder])
  store.decisions.record(deniedDecision())
  t.equal(store.decisions.count(), recorded.length + 1, 'goes on by itself with space')
  t.equal(store.audit.verify().intact, true)
  t.end()
})

t.test('no space for the first start', { skip: noMount }, (t) => {
  const folder = mounted(t, '16k')
  t.equal(openFault(folder).code, 'disk-full')
  execFileSync('mount', ['-o', 'remount,size=8m', folder])
  openStore({ folder, nowMs: Date.now }).close()
  t.end()
})

t.test('a file system that turned read-only', { skip: noMount }, (t) => {
  const folder = mounted(t, '8m')
  openStore({ folder, nowMs: Date.now }).close()
  execFileSync('mount', ['-o', 'remount,ro', folder])
  t.equal(openFault(folder).code, 'read-only')
  execFileSync('mount', ['-o', 'remount,rw', folder])
  openStore({ folder, nowMs: Date.now }).close()
  t.end()
})
