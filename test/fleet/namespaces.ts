import { execFileSync, spawn } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { userInfo } from 'node:os'
import { fileURLToPath } from 'node:url'

import t from 'tap'

import { freeLoopbackPort } from '../../src/bench/fleet/free-port.js'
import type { Decision } from '../../src/decision/decision.js'
import { writeReplayPicture } from '../../src/replay-picture.js'
import { openStore } from '../../src/store/store.js'
import { createAuthority, noMosquitto, noOpenssl } from '../events/mosquitto.js'
import { until } from '../faults/running-daemon.js'
import { noPostgres, startCluster, type Test } from './cluster.js'
import { doorFolders } from './doors.js'

/** On a machine that others load, too. */
const PATIENCE_MS = 240_000
const HOUR_S = 3600
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1'
const HOST = 'server.genkan.test'
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))
const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url))

function run(file: string, ...args: readonly string[]): string {
  return execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function whyNot(): string | false {
  if (userInfo().uid !== 0) return 'network namespaces need root'
  if (!existsSync(FAKETIME)) return 'faketime is not installed (apt-get install faketime)'
  try {
    run('ip', 'netns', 'add', 'genkan-try')
    run('ip', 'netns', 'del', 'genkan-try')
    return false
  } catch {
    return 'this machine makes no network namespaces'
  }
}

/** A host of its own: a namespace with one cable to this one, and clocks that can be set. */
interface Host {
  readonly folder: string
  readonly cable: { up(): void; down(): void }
  /** Wall clock and monotonic clock of whatever runs there. @param offsetS from the real ones */
  setClocks(offsetS: number): void
  /** A command line of genkan, there. */
  cli(...args: readonly string[]): string
  startDaemon(): Promise<void>
  /** Decisions after one, oldest first; all without one. */
  decisionsAfter(id?: string): Decision[]
  withStore<Result>(action: (store: ReturnType<typeof openStore>) => Result): Result
}

function addHost(t: Test, number: number, folder: string): Host {
  const name = `genkan-k${number}`
  const [here, there] = [`gkh${number}`, `gkn${number}`]
  const inside = (...args: readonly string[]) => run('ip', 'netns', 'exec', name, ...args)
  run('ip', 'netns', 'add', name)
  t.teardown(() => {
    run('ip', 'netns', 'del', name)
    rmSync(`/etc/netns/${name}`, { recursive: true, force: true })
  })
  run('ip', 'link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', name)
  run('ip', 'addr', 'add', `10.77.${number}.1/24`, 'dev', here)
  run('ip', 'link', 'set', here, 'up')
  inside('ip', 'addr', 'add', `10.77.${number}.2/24`, 'dev', there)
  inside('ip', 'link', 'set', there, 'up')
  inside('ip', 'link', 'set', 'lo', 'up')
  mkdirSync(`/etc/netns/${name}`, { recursive: true })
  const hosts = `127.0.0.1 localhost\n10.77.${number}.1 ${HOST}\n`
  writeFileSync(`/etc/netns/${name}/hosts`, hosts)
  const clock = join(folder, 'clock')
  const storeFolder = join(folder, 'data')
  const env = {
    ...process.env,
    LD_PRELOAD: FAKETIME,
    FAKETIME_TIMESTAMP_FILE: clock,
    FAKETIME_CACHE_DURATION: '1',
  }
  const command = (...args: readonly string[]) =>
    ['netns', 'exec', name, process.execPath, ...args] as const
  const withStore: Host['withStore'] = (action) => {
    const store = openStore({ folder: storeFolder, nowMs: Date.now, role: 'command' })
    try {
      return action(store)
    } finally {
      store.close()
    }
  }
  return {
    folder,
    cable: {
      up: () => void run('ip', 'link', 'set', here, 'up'),
      down: () => void run('ip', 'link', 'set', here, 'down'),
    },
    setClocks: (offsetS) => writeFileSync(clock, `+${offsetS}\n`),
    cli: (...args) =>
      execFileSync('ip', command(CLI, ...args), { cwd: folder, env, encoding: 'utf8' }),
    async startDaemon() {
      const child = spawn('ip', command(MAIN), { cwd: folder, env })
      t.teardown(() => child.kill('SIGKILL'))
      let said = ''
      child.stdout.on('data', (text: Buffer) => (said += text.toString()))
      child.stderr.on('data', (text: Buffer) => (said += text.toString()))
      await until(
        () => {
          if (child.exitCode !== null) throw new Error(`the daemon ended: ${said.slice(-2000)}`)
          return said.includes('Ctrl-C')
        },
        'a daemon to start',
        PATIENCE_MS,
      )
    },
    decisionsAfter: (id) =>
      withStore((store) => {
        const all = store.decisions.after(0, 100_000).map(({ decision }) => decision)
        return all.slice(id === undefined ? 0 : all.findIndex((one) => one.id === id) + 1)
      }),
    withStore,
  }
}

t.test(
  'two hosts cut off from the fleet for an hour, one of them with a wrong clock',
  { skip: noPostgres || noMosquitto || noOpenssl || whyNot(), timeout: 900_000 },
  async (t) => {
    const folders = doorFolders(t, ['one', 'two'])
    const authority = createAuthority(t)
    const { cert, key } = authority.sign(HOST, 2)
    const [, secondFolder] = folders
    const write = (name: string, text: string) => {
      const path = join(secondFolder, name)
      writeFileSync(path, text, { mode: 0o600 })
      const { uid, gid } = statSync('/var/lib/postgresql')
      chownSync(path, uid, gid)
      return path
    }
    for (const folder of folders) {
      chmodSync(folder, 0o755)
      writeFileSync(join(folder, 'ca.pem'), authority.ca)
    }
    const cluster = await startCluster(t, {
      listen_addresses: "'*'",
      ssl: 'on',
      ssl_cert_file: `'${write('server.pem', cert)}'`,
      ssl_key_file: `'${write('server.key', key)}'`,
    })
    const hba = join(cluster.folder, 'data', 'pg_hba.conf')
    appendFileSync(hba, 'hostssl all all 10.77.0.0/16 trust\n')
    const client = await cluster.connect()
    await client.query('SELECT pg_reload_conf()')
    await client.end()
    const mqttPort = await freeLoopbackPort()
    const conf = join(folders[0], 'mosquitto.conf')
    writeFileSync(conf, `listener ${mqttPort} 0.0.0.0\nallow_anonymous true\nuser root\n`)
    const broker = spawn('mosquitto', ['-c', conf], { stdio: 'ignore' })
    t.teardown(() => broker.kill())

    const hosts = folders.map((folder, index) => addHost(t, index + 1, folder))
    const [one, two] = hosts
    const WRONG_S = 20 * HOUR_S
    one.setClocks(0)
    two.setClocks(WRONG_S)
    hosts.forEach(({ folder }, index) => {
      const then = index === 0 ? 'continue' : 'closed'
      writeFileSync(
        join(folder, 'genkan.yaml'),
        `door: { id: door-${index + 1} }
camera: { source: replay, gapS: 0.2, fps: 4 }
liveness: { mode: texture }
decision: { cooldownMs: 0, grantCooldownMs: 0 }
store:
  folder: ${join(folder, 'data')}
  fleet: { url: 'postgres://genkan@${HOST}:${cluster.port}/postgres', ca: ${join(folder, 'ca.pem')}, pollSeconds: 2, maxStalenessMinutes: 50, whenStale: ${then} }
mqtt: { url: 'mqtt://${HOST}:${mqttPort}' }
admin: { port: 0 }
`,
      )
    })
    one.cli('fleet', 'init', '--name', 'one')
    two.cli('fleet', 'join', one.cli('fleet', 'invite').trim(), '--name', 'two')
    await Promise.all(hosts.map((host) => host.startDaemon()))

    async function decides(host: Host, what: string, wanted: object): Promise<void> {
      const before = host.decisionsAfter().at(-1)?.id
      const is = () =>
        host
          .decisionsAfter(before)
          .some((decision) =>
            Object.entries(wanted).every(([name, value]) => Reflect.get(decision, name) === value),
          )
      await until(is, what, PATIENCE_MS)
      t.pass(what)
    }
    const persons = (host: Host) => host.withStore((store) => store.persons.list())

    const picture = await writeReplayPicture(folders[0])
    one.cli('enroll', 'First man', picture)
    await decides(two, 'enrolled at one host, granted at the other', { outcome: 'granted' })
    const [{ id }] = persons(one)

    for (const { cable } of hosts) cable.down()
    one.setClocks(HOUR_S)
    two.setClocks(WRONG_S + HOUR_S)
    await decides(two, 'after an hour alone the door closes that was told to', {
      reason: 'fault',
      detail: 'the fleet’s record was last read more than 50 minutes ago',
    })
    await decides(one, 'and the other goes on', { outcome: 'granted' })
    one.withStore((store) => store.persons.update(id, { active: false }, 'cli'))
    await decides(one, 'whoever is revoked in the meantime is shut out there at once', {
      reason: 'not-permitted',
    })
    two.withStore((store) => store.persons.create('Second man', 'cli'))
    const opened = two.decisionsAfter().filter(({ outcome }) => outcome === 'granted').length

    // The record learns of it first: what it does not hold, nobody can know.
    one.cable.up()
    const waiting = (host: Host) => host.withStore(({ replica }) => replica.countPending())
    await until(() => waiting(one) === 0, 'the record to be told', PATIENCE_MS)
    two.cable.up()
    await decides(two, 'and at the other host once it hears of it', { reason: 'not-permitted' })
    t.equal(
      two.decisionsAfter().filter(({ outcome }) => outcome === 'granted').length,
      opened,
      'nobody came in there between',
    )
    await until(() => persons(one).length === 2, 'what was enrolled there meanwhile', PATIENCE_MS)
    const stand = (host: Host) =>
      host.withStore(({ replica }) => `${replica.digest()} ${replica.countPending()}`)
    await until(() => stand(one) === stand(two), 'both to hold the same', PATIENCE_MS)
    t.match(stand(one), / 0$/)
  },
)
