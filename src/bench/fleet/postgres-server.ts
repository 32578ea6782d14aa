import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

import { connectPostgres } from '../../fleet/postgres.js'
import type { Connection } from '../../fleet/postgres.js'
import { freeLoopbackPort } from './free-port.js'

/** A PostgreSQL server of its own, in a temporary folder. */
export interface PostgresServer {
  readonly url: string
  readonly port: number
  readonly folder: string
  connect(): Promise<Connection>
  start(): Promise<void>
  /** As a power cut does. */
  kill(): Promise<void>
  /** Copies the data of the stopped server aside, as a backup of the file system does. */
  copyTo(name: string): void
  /** Puts such a copy in the place of the data. */
  restoreFrom(name: string): void
  /** Ends it and removes its folder. */
  remove(): Promise<void>
}

const START_MS = 60_000
/** Processes of a killed server end when they next look up. */
const END_MS = 30_000

/** Debian keeps the server's programs out of PATH. @returns the newest version's folder */
export function postgresPrograms(): string | undefined {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  return versions
    .map((version) => join(root, version, 'bin'))
    .find((folder) => existsSync(join(folder, 'initdb')))
}

/** The server refuses to run as root. */
const asServer = (command: string, args: readonly string[]): [string, string[]] =>
  userInfo().uid === 0
    ? ['setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', command, ...args]]
    : [command, [...args]]

/** Parent and state of a process out of /proc; `undefined` when it is gone. */
function processOf(pid: number): { readonly parent: number; readonly state: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state = '', parent = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { parent: Number(parent), state }
  } catch {
    return undefined
  }
}

const isAlive = (pid: number): boolean => !['Z', 'X', undefined].includes(processOf(pid)?.state)

function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.filter((pid) => processOf(pid)?.parent === parent)
}

/**
 * Makes an empty cluster and starts its server on a free loopback port.
 * @param settings lines of postgresql.conf
 */
export async function startPostgresServer(
  programs: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const make = ['-U', 'genkan', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C']
  return startMade(programs, 'initdb', make, settings)
}

/**
 * Copies a running server and starts the copy, which follows the first one until it is promoted
 * (`SELECT pg_promote()`).
 */
export function startStandbyServer(
  programs: string,
  primary: Pick<PostgresServer, 'port'>,
): Promise<PostgresServer> {
  const from = ['-h', '127.0.0.1', '-p', String(primary.port), '-U', 'genkan']
  const make = [...from, '--write-recovery-conf', '--no-sync', '--checkpoint=fast']
  return startMade(programs, 'pg_basebackup', make, {})
}

async function startMade(
  programs: string,
  maker: 'initdb' | 'pg_basebackup',
  make: readonly string[],
  settings: Readonly<Record<string, string>>,
): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-postgres-'))
  chmodSync(folder, 0o777)
  const data = join(folder, 'data')
  const port = await freeLoopbackPort()
  const [file, all] = asServer(join(programs, maker), ['-D', data, ...make])
  execFileSync(file, all, { cwd: folder, stdio: 'pipe' })
  const lines = Object.entries({
    listen_addresses: "'127.0.0.1'",
    port: String(port),
    unix_socket_directories: `'${folder}'`,
    ...settings,
  }).map(([name, value]) => `${name} = ${value}\n`)
  appendFileSync(join(data, 'postgresql.conf'), lines.join(''))
  const url = `postgres://genkan@127.0.0.1:${port}/postgres`
  let server: ChildProcess | undefined
  process.once('exit', () => server?.kill('SIGKILL'))

  async function start(): Promise<void> {
    const [command, args] = asServer(join(programs, 'postgres'), ['-D', data])
    const run = () => spawn(command, args, { cwd: folder, stdio: 'ignore' })
    server = run()
    const endMs = performance.now() + START_MS
    for (;;) {
      // It gives up at once while children of one that was killed still hold its memory.
      if (server.exitCode !== null) server = run()
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
    const children = childrenOf(running.pid ?? 0)
    running.kill('SIGKILL')
    await ended
    // Until they notice they answer whoever is connected, and write.
    const endMs = performance.now() + END_MS
    while (children.some(isAlive) && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  const copy = (from: string, to: string) =>
    cpSync(from, to, { recursive: true, preserveTimestamps: true })

  await start()
  return {
    url,
    port,
    folder,
    connect: () => connectPostgres({ url }),
    start,
    kill,
    copyTo: (name) => copy(data, join(folder, name)),
    restoreFrom(name) {
      rmSync(data, { recursive: true, force: true })
      copy(join(folder, name), data)
      if (userInfo().uid === 0) execFileSync('chown', ['-R', 'postgres:postgres', data])
      rmSync(join(data, 'postmaster.pid'), { force: true })
    },
    async remove() {
      await kill()
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
    },
  }
}
