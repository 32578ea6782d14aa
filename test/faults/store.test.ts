import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import t from 'tap'

import { openStore } from '../../src/store/store.js'
import { assetPath } from '../../src/models/registry.js'
import {
  EAGER,
  enrolMan,
  healthOf,
  newHome,
  pause,
  startDaemon,
  statusOf,
  until,
} from './running-daemon.js'
import type { Home, RunningDaemon } from './running-daemon.js'

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url))
const HOLDER = fileURLToPath(new URL('./holder.js', import.meta.url))
const CAMERA = { GENKAN_CAMERA_SOURCE: 'file', GENKAN_CAMERA_PATH: assetPath('franck.mp4') }
const ENV = { ...EAGER, ...CAMERA }

const grantsIn = (daemon: RunningDaemon): number =>
  daemon.log().split('"outcome":"granted"').length - 1
const sentIn = (daemon: RunningDaemon): number => daemon.log().split('"msg":"grant"').length - 1

function mountFault(): string | false {
  if (process.getuid?.() !== 0) return 'mounting a small file system needs root'
  const probe = join('/tmp', `genkan-faults-mount-${process.pid}`)
  mkdirSync(probe)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe]).status === 0
  if (mounted) execFileSync('umount', [probe])
  rmSync(probe, { recursive: true, force: true })
  return mounted ? false : 'mounting is not allowed here'
}

/** A home whose store lies on a file system of its own. */
function smallHome(t: { teardown(action: () => unknown): unknown }, size: string): Home {
  const home = newHome(t)
  const data = join(home.folder, 'data')
  mkdirSync(data, { mode: 0o700 })
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', data])
  t.teardown(() => execFileSync('umount', ['-l', data]))
  return home
}

/** A start that is expected to be refused. */
function run(home: Home) {
  const { status, stderr } = spawnSync(process.execPath, [CLI, 'run'], {
    cwd: home.folder,
    env: { ...process.env, ...ENV, GENKAN_ADMIN_PORT: '0', GENKAN_MQTT_EMBEDDED_PORT: '0' },
    encoding: 'utf8',
    timeout: 120_000,
  })
  return { status, stderr }
}

/** Every decision shown is in the store of a daemon that has stopped. */
function missingIn(daemon: RunningDaemon): string[] {
  const store = openStore({ folder: join(daemon.folder, 'data'), nowMs: Date.now })
  const missing = daemon.decisions().filter((id) => store.decisions.get(id) === undefined)
  store.close()
  return missing
}

async function expectNoGrantWhile(
  daemon: RunningDaemon,
  cause: RegExp,
  ms: number,
): Promise<boolean> {
  await until(async () => cause.test(await healthOf(daemon)), `health to say ${cause.source}`)
  const sent = sentIn(daemon)
  await pause(ms)
  return sentIn(daemon) === sent && (await statusOf(daemon)) === 'down'
}

t.test(
  'a disk that fills up under a running daemon, and is read-only at its start',
  { skip: mountFault() },
  async (t) => {
    const home = smallHome(t, '3m')
    const data = join(home.folder, 'data')
    const daemon = await startDaemon(t, home, ENV)
    await enrolMan(daemon)
    await until(() => grantsIn(daemon) > 0, 'a grant')

    const filler = join(data, 'genkan.filler')
    spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k'])
    t.ok(await expectNoGrantWhile(daemon, /no space left/, 1500), 'a full disk grants nothing')
    rmSync(filler)
    const decided = daemon.decisions().length
    await until(() => daemon.decisions().length > decided, 'decisions to go on by themselves')

    t.equal(await daemon.kill('SIGINT'), 0)
    t.strictSame(missingIn(daemon), [], 'every decision shown is in the store')

    execFileSync('mount', ['-o', 'remount,ro', data])
    t.match(run(home), { status: 1, stderr: /cannot start: .*(read-only|written)/s })
    execFileSync('mount', ['-o', 'remount,rw,size=16m', data])
    const again = await startDaemon(t, home, ENV)
    await until(() => grantsIn(again) > 0, 'grants once the disk is mended')
    t.equal(await again.kill('SIGINT'), 0)
  },
)

t.test('a database locked by another program, then cut off, under a running daemon', async (t) => {
  const home = newHome(t)
  const daemon = await startDaemon(t, home, ENV)
  await enrolMan(daemon)
  await until(() => grantsIn(daemon) > 0, 'a grant')
  const data = join(home.folder, 'data')
  const backup = spawnSync(process.execPath, [CLI, 'backup', 'kept'], { cwd: home.folder })
  t.equal(backup.status, 0, String(backup.stderr))

  const holder = spawn(process.execPath, [HOLDER, data], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => holder.kill('SIGKILL'))
  await new Promise((resolve) => holder.stdout.once('data', resolve))
  t.ok(await expectNoGrantWhile(daemon, /locked by another process/, 1500), 'locked')
  holder.kill('SIGKILL')
  const decided = daemon.decisions().length
  await until(() => daemon.decisions().length > decided, 'decisions to go on by themselves')

  truncateSync(join(data, 'genkan.db'), 5000)
  await pause(2000)
  await daemon.kill('SIGINT')
  t.match(run(home), { status: 1, stderr: /cannot start: .*genkan restore FILE/s })
  const restored = spawnSync(process.execPath, [CLI, 'restore', 'kept'], { cwd: home.folder })
  t.equal(restored.status, 0, String(restored.stderr))
  const again = await startDaemon(t, home, ENV)
  await until(() => grantsIn(again) > 0, 'a grant for whom the backup knows')
  t.equal(await again.kill('SIGINT'), 0)
})

t.test('key missing, wrong or readable by others: refused with its cure', (t) => {
  const home = newHome(t)
  const data = join(home.folder, 'data')
  openStore({ folder: data, nowMs: Date.now }).close()
  const key = join(data, 'genkan.key')
  const right = readFileSync(key)
  renameSync(key, `${key}.away`)
  t.match(run(home), { status: 1, stderr: /no key at .*restore the key/s })
  t.notOk(existsSync(key), 'no new key is made over an existing database')
  writeFileSync(key, 'ab'.repeat(32), { mode: 0o600 })
  t.match(run(home), { status: 1, stderr: /can't be read with this key/ })
  rmSync(key)
  writeFileSync(key, right, { mode: 0o644 })
  t.match(run(home), { status: 1, stderr: /chmod 600/ })
  rmSync(key)
  renameSync(`${key}.away`, key)
  openStore({ folder: data, nowMs: Date.now }).close()
  t.end()
})
