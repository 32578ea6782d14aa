import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

import { connectPostgres, type Connection } from '../../src/fleet/postgres.js'
import { freePort } from '../events/mosquitto.js'

/** Something with tap's teardown. */
export interface Test {
  teardown(action: () => unknown): unknown
}

/** Debian keeps the server's programs out of PATH. */
function programs(): string | undefined {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  return versions.map((version) => join(root, version, 'bin')).find((folder) => existsSync(folder))
}

const bin = programs()

/** Reason to skip a test that needs the real server, or false. */
export const noPostgres =
  bin === undefined ? 'PostgreSQL is not installed (apt-get install postgresql)' : false

/** The server refuses to run as root. */
const asServer = (command: string, args: readonly string[]): [string, string[]] =>
  userInfo().uid === 0
    ? ['setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', command, ...args]]
    : [command, [...args]]

/** A PostgreSQL server of its own. */
export interface Cluster {
  readonly url: string
  readonly port: number
  readonly folder: string
  connect(): Promise<Connection>
  start(): Promise<void>
  kill(): Promise<void>
  /** Copies the data of the stopped server aside, as a backup of the file system does. */
  copyTo(name: string): void
  /** Puts such a copy in the place of the data. */
  restoreFrom(name: string): void
}

/** Starts an empty server on a free loopback port; it goes with the test. */
export async function startCluster(
  t: Test,
  settings: Readonly<Record<string, string>> = {},
): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-postgres-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  chmodSync(folder, 0o777)
  const data = join(folder, 'data')
  const port = await freePort()
  const run = (command: string, args: readonly string[]) => {
    const [file, all] = asServer(join(bin ?? '', command), args)
    execFileSync(file, all, { cwd: folder, stdio: 'pipe' })
  }
  run('initdb', [
    '-D',
    data,
    '-U',
    'genkan',
    '-A',
    'trust',
    '--no-sync',
    '-E',
    'UTF8',
    '--locale=C',
  ])
  const options = {
    listen_addresses: "'127.0.0.1'",
    port: String(port),
    unix_socket_directories: `'${folder}'`,
    fsync: 'off',
    ...settings,
  }
  const lines = Object.entries(options).map(([name, value]) => `${name} = ${value}\n`)
  appendFileSync(join(data, 'postgresql.conf'), lines.join(''))
  let server: ChildProcess | undefined

  const url = `postgres://genkan@127.0.0.1:${port}/postgres`
  async function start(): Promise<void> {
    const [file, all] = asServer(join(bin ?? '', 'postgres'), ['-D', data])
    server = spawn(file, all, { cwd: folder, stdio: 'ignore' })
    const endMs = performance.now() + 20_000
    for (;;) {
      try {
        const client = await connectPostgres({ url })
        await client.end()
        return
      } catch (error) {
        if (performance.now() > endMs) throw error
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
  }
  async function kill(): Promise<void> {
    const running = server
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
    const ended = new Promise((resolve) => running.once('exit', resolve))
    running.kill('SIGKILL')
    await ended
  }
  t.teardown(kill)
  await start()
  return {
    url,
    port,
    folder,
    connect: () => connectPostgres({ url }),
    start,
    kill,
    copyTo: (name) =>
      cpSync(data, join(folder, name), { recursive: true, preserveTimestamps: true }),
    restoreFrom(name) {
      rmSync(data, { recursive: true, force: true })
      cpSync(join(folder, name), data, { recursive: true, preserveTimestamps: true })
      if (userInfo().uid === 0) execFileSync('chown', ['-R', 'postgres:postgres', data])
      rmSync(join(data, 'postmaster.pid'), { force: true })
    },
  }
}
