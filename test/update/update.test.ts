import { createHash, generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { signManifest } from '../../src/update/release-manifest.js'
import { openSlots } from '../../src/update/slots.js'
import { finishTrial, rollBack, startTrial, TRIAL_MS } from '../../src/update/update.js'
import type { Release, Surroundings } from '../../src/update/update.js'

const keys = generateKeyPairSync('ed25519')
const publicKeyPem = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString()

function hasDpkgDeb(): boolean {
  try {
    execFileSync('dpkg-deb', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
const skip = hasDpkgDeb() ? false : 'dpkg-deb is not installed'

/** A real, small package and its signed manifest. */
function makeRelease(folder: string, version: string): Release {
  const tree = join(folder, `tree-${version}`)
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true })
  mkdirSync(join(tree, 'usr', 'lib', 'genkan'), { recursive: true })
  writeFileSync(join(tree, 'usr', 'lib', 'genkan', 'version'), version)
  writeFileSync(
    join(tree, 'DEBIAN', 'control'),
    `Package: genkan\nVersion: ${version}\nArchitecture: amd64\nMaintainer: x <x@localhost>\nDescription: x\n`,
  )
  const packagePath = join(folder, `genkan_${version}_amd64.deb`)
  execFileSync('dpkg-deb', ['--root-owner-group', '-b', tree, packagePath], { stdio: 'ignore' })
  const bytes = readFileSync(packagePath)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const manifest = Buffer.from(
    JSON.stringify({
      product: 'genkan',
      version,
      releasedAt: '2026-01-02T03:04:05Z',
      files: { amd64: { name: `genkan_${version}_amd64.deb`, bytes: bytes.length, sha256 } },
    }),
  )
  return {
    manifest,
    signature: signManifest(manifest, keys.privateKey),
    publicKeyPem,
    packagePath,
  }
}

/** A board on which `healthy` decides by the version in force and the time gone by. */
function board(
  folder: string,
  options: {
    healthy?: (waitedMs: number) => boolean
    canOpenStore?: () => boolean
    installedVersion?: string
  } = {},
) {
  const done: string[] = []
  let waitedMs = 0
  const around: Surroundings = {
    architecture: 'amd64',
    installedVersion: options.installedVersion ?? '0.1.0',
    nowMs: () => 1000,
    unpack: (file, to) => execFileSync('dpkg-deb', ['-x', file, to]),
    backUp: (version) => {
      done.push(`backup ${version}`)
      return join(folder, `before-${version}.backup`)
    },
    restart: () => done.push('restart'),
    isHealthy: () => Promise.resolve((options.healthy ?? (() => true))(waitedMs)),
    canOpenStore: options.canOpenStore ?? (() => true),
    restore: () => done.push('restore'),
    pause(ms) {
      waitedMs += ms
      return Promise.resolve()
    },
    say: (line) => done.push(line),
  }
  return { around, done, waited: () => waitedMs, slots: openSlots(join(folder, 'slots')) }
}

t.test(
  'a healthy version stays, after a backup, and runs from its own slot',
  { skip },
  async (t) => {
    const folder = t.testdir()
    const { around, done, slots } = board(folder)
    startTrial(makeRelease(folder, '0.2.0'), slots, around)
    t.equal(slots.current(), '0.2.0')
    t.equal(readFileSync(join(slots.folder, 'current/usr/lib/genkan/version'), 'utf8'), '0.2.0')
    t.same(await finishTrial(slots, around), { outcome: 'kept', version: '0.2.0' })
    t.equal(done[0], 'backup 0.2.0')
    t.equal(slots.trial(), undefined)
    t.equal(await finishTrial(slots, around), undefined, 'nothing is on trial any more')
  },
)

t.test('a version that is not healthy within two minutes is taken back', { skip }, async (t) => {
  const folder = t.testdir()
  const { around, done, slots, waited } = board(folder, { healthy: (ms) => ms % 9000 !== 0 })
  startTrial(makeRelease(folder, '0.2.0'), slots, around)
  const end = await finishTrial(slots, around)
  t.same(end, { outcome: 'rolled-back', to: null, restored: false })
  t.equal(waited(), TRIAL_MS)
  t.equal(slots.current(), null)
  t.ok(done.includes('restart'))
  t.notOk(existsSync(slots.pathOf('0.2.0')), 'and is removed')
})

t.test(
  'a store that the older version cannot open comes back from the copy',
  { skip },
  async (t) => {
    const folder = t.testdir()
    const options = { healthy: () => false, canOpenStore: () => false }
    const { around, done, slots } = board(folder, options)
    startTrial(makeRelease(folder, '0.2.0'), slots, around)
    t.match(await finishTrial(slots, around), { outcome: 'rolled-back', restored: true })
    t.ok(done.indexOf('restore') < done.indexOf('restart'))
  },
)

t.test('the power goes at any step: the next start ends the trial', { skip }, async (t) => {
  const folder = t.testdir()
  const release = makeRelease(folder, '0.2.0')
  const cut = new Error('power cut')
  const cuts = ['unpack', 'backUp', 'beginTrial', 'switchTo', 'none'] as const
  for (const at of cuts) {
    const where = join(folder, at)
    mkdirSync(where)
    const { around, slots } = board(where)
    const broken = () => {
      throw cut
    }
    const cutAround = at === 'unpack' || at === 'backUp' ? { ...around, [at]: broken } : around
    const cutSlots = at === 'beginTrial' || at === 'switchTo' ? { ...slots, [at]: broken } : slots
    if (at === 'none') startTrial(release, cutSlots, cutAround)
    else t.throws(() => startTrial(release, cutSlots, cutAround), cut)
    const after = board(where)
    const end = await finishTrial(after.slots, after.around)
    t.equal(after.slots.trial(), undefined, at)
    t.equal(after.slots.current(), at === 'none' ? '0.2.0' : null, at)
    t.equal(end?.outcome, { none: 'kept', switchTo: 'rolled-back' }[at as string], at)
  }
})

t.test('nothing is unpacked of a release that is not to be had', { skip }, (t) => {
  const folder = t.testdir()
  const release = makeRelease(folder, '0.2.0')
  const { around, slots } = board(folder, { installedVersion: '0.2.0' })
  t.throws(() => startTrial(release, slots, around), { code: 'not-newer' })
  const old = { ...around, installedVersion: '0.1.0' }
  const unsigned = { ...release, signature: Buffer.alloc(64).toString('base64') }
  t.throws(() => startTrial(unsigned, slots, old), { code: 'bad-signature' })
  const arm = { ...old, architecture: 'arm64' as const }
  t.throws(() => startTrial(release, slots, arm), { code: 'no-file-for-this-board' })
  writeFileSync(release.packagePath, 'another')
  t.throws(() => startTrial(release, slots, old), { code: 'wrong-file' })
  t.same(readdirSync(slots.folder), [])
  t.end()
})

t.test('two versions stand side by side, not every one there ever was', { skip }, async (t) => {
  const folder = t.testdir()
  const { around, slots } = board(folder)
  for (const version of ['0.2.0', '0.3.0', '0.4.0']) {
    startTrial(makeRelease(folder, version), slots, around)
    t.match(await finishTrial(slots, around), { outcome: 'kept', version })
  }
  t.same(readdirSync(slots.folder).sort(), ['0.3.0', '0.4.0', 'current'])
})

t.test('two trials at once are refused; one can be ended by hand', { skip }, (t) => {
  const folder = t.testdir()
  const { around, slots } = board(folder)
  startTrial(makeRelease(folder, '0.2.0'), slots, around)
  t.throws(() => startTrial(makeRelease(folder, '0.3.0'), slots, around), {
    code: 'trial-under-way',
  })
  t.match(rollBack(slots, around), { outcome: 'rolled-back', to: null })
  t.throws(() => rollBack(slots, around), /nothing to go back to/)
  t.end()
})

t.test('no name of a slot leaves the folder', (t) => {
  const slots = openSlots(t.testdir())
  for (const name of ['..', '../x', '/etc', '', '1.2', 'current']) {
    t.throws(() => slots.pathOf(name), /no name of a version/)
  }
  t.end()
})
