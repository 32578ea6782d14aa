import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import t from 'tap'

import { rotateKey } from '../../src/store/rotate-key.js'
import { openStore } from '../../src/store/store.js'
import { deniedDecision, rawDatabase, sampleTemplate, temporaryFolder } from './samples.js'

/** How often to kill; the long form of the fault tests asks for 100. */
const ROUNDS = Number(process.env['GENKAN_KILL_ROUNDS'] ?? 8)
const PERSONS = 60

const rotator = join(dirname(fileURLToPath(import.meta.url)), 'rotator.js')

function filledFolder(t: { teardown(action: () => void): unknown }): string {
  const folder = join(temporaryFolder(t), 'data')
  const store = openStore({ folder, nowMs: Date.now })
  for (let index = 0; index < PERSONS; index++) {
    const person = store.persons.create(`Person ${index}`, 'cli')
    store.templates.add(sampleTemplate(person.id, index), 'cli')
    store.decisions.record(deniedDecision())
  }
  store.close()
  return folder
}

const keyOf = (folder: string): string => readFileSync(join(folder, 'genkan.key'), 'latin1')

t.test('a new key takes the place of the old, which opens nothing any more', (t) => {
  const folder = filledFolder(t)
  const old = keyOf(folder)
  const rotation = rotateKey(folder, {}, { nowMs: Date.now })
  t.match(rotation, { persons: PERSONS, inPlace: true, keyPath: join(folder, 'genkan.key') })
  const renewed = keyOf(folder)
  t.not(renewed, old)
  const store = openStore({ folder, nowMs: Date.now })
  t.equal(store.persons.list().length, PERSONS)
  t.equal(store.audit.list({ limit: 1 })[0]?.action, 'key.rotate')
  store.close()
  writeFileSync(join(folder, 'genkan.key'), old)
  t.throws(() => openStore({ folder, nowMs: Date.now }), { code: 'wrong-key' })
  t.end()
})

t.test('a key made elsewhere, for a credential', (t) => {
  const folder = filledFolder(t)
  const credentials = join(dirname(folder), 'credentials')
  const newKey = join(dirname(folder), 'key')
  writeFileSync(newKey, 'ab'.repeat(32), { mode: 0o600 })
  mkdirSync(credentials)
  copyFileSync(join(folder, 'genkan.key'), join(credentials, 'genkan-key'))
  const key = { credentialsFolder: credentials }
  t.throws(() => rotateKey(folder, key, { nowMs: Date.now }), /--new-key-file/)
  const rotation = rotateKey(folder, key, { newKeyFile: newKey, nowMs: Date.now })
  t.match(rotation, { inPlace: false, keyPath: newKey })
  t.throws(() => openStore({ folder, key, nowMs: Date.now }), { code: 'wrong-key' })
  copyFileSync(newKey, join(credentials, 'genkan-key'))
  openStore({ folder, key, nowMs: Date.now }).close()
  t.end()
})

t.test('refused while a daemon runs, or a command has it open', (t) => {
  const folder = filledFolder(t)
  const store = openStore({ folder, nowMs: Date.now })
  t.throws(() => rotateKey(folder, {}, { nowMs: Date.now }), { code: 'in-use' })
  store.close()
  const command = rawDatabase(folder)
  const old = keyOf(folder)
  t.throws(() => rotateKey(folder, {}, { nowMs: Date.now }), { code: 'locked' })
  command.close()
  t.equal(keyOf(folder), old)
  const again = openStore({ folder, nowMs: Date.now })
  t.equal(again.persons.list().length, PERSONS, 'nothing has changed')
  t.equal(existsSync(join(folder, 'genkan.key.next')), false, 'and the attempt is tidied up')
  again.close()
  t.end()
})

t.test('a new key cut off while it was written was never used', (t) => {
  const folder = filledFolder(t)
  writeFileSync(join(folder, 'genkan.key.next'), 'abcd', { mode: 0o600 })
  openStore({ folder, nowMs: Date.now }).close()
  t.equal(existsSync(join(folder, 'genkan.key.next')), false)
  t.end()
})

t.test('kill -9 in the middle: the old or the new key opens it, and all is there', async (t) => {
  const folder = filledFolder(t)
  const next = join(folder, 'genkan.key.next')
  const withKill = async (afterMs: number): Promise<void> => {
    const child = spawn(process.execPath, [rotator, folder], { stdio: 'inherit' })
    const ended = new Promise((resolve) => child.once('close', resolve))
    while (!existsSync(next)) await new Promise((resolve) => setImmediate(resolve))
    const fromMs = performance.now()
    while (performance.now() - fromMs < afterMs) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    child.kill('SIGKILL')
    await ended
  }
  let pending = 0
  let renewed = 0
  for (let round = 0; round < ROUNDS; round++) {
    const before = keyOf(folder)
    await withKill(Math.random() * 40)
    if (existsSync(next)) pending++
    const store = openStore({ folder, nowMs: Date.now })
    t.equal(store.persons.list().length, PERSONS)
    t.equal(store.examine().templates, PERSONS)
    store.close()
    t.equal(existsSync(next), false, 'settled')
    if (keyOf(folder) !== before) renewed++
  }
  t.comment(`${ROUNDS} kills: ${pending} in the middle, ${renewed} went forward`)
  rmSync(folder, { recursive: true })
})
