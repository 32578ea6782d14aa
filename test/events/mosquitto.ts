import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freeLoopbackPort } from '../../src/bench/fleet/free-port.js'

/** Something with tap's teardown. */
export interface Test {
  teardown(action: () => unknown): unknown
}

function runs(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ENOENT')
  }
}

process.env['PATH'] = `${process.env['PATH'] ?? ''}:/usr/sbin`

/** Reason to skip a test that needs the real broker, or false. */
export const noMosquitto = runs('mosquitto', '-h')
  ? false
  : 'mosquitto is not installed (apt-get install mosquitto)'

/** Reason to skip a test that makes certificates, or false. */
export const noOpenssl =
  noMosquitto || (runs('openssl', 'version') ? false : 'openssl is not installed')

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

/** Waits until the condition holds; fails after `withinMs`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** A real broker process on a loopback port. */
export interface Mosquitto {
  readonly port: number
  readonly folder: string
  start(): Promise<void>
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Hangs it: its connections stand, and nobody answers. */
  freeze(): void
  thaw(): void
}

/**
 * Starts Mosquitto with extra lines of configuration; `{folder}` in them stands for its private folder.
 * @param files written into the folder first
 */
export async function startMosquitto(
  t: Test,
  lines: string[] = ['allow_anonymous true'],
  files: Record<string, string> = {},
): Promise<Mosquitto> {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-mosquitto-'))
  chmodSync(folder, 0o755)
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), content, { mode: 0o644 })
  }
  const port = await freeLoopbackPort()
  const config = join(folder, 'mosquitto.conf')
  const own = process.getuid?.() === 0 ? ['user root'] : []
  writeFileSync(
    config,
    [`listener ${port} 127.0.0.1`, ...own, ...lines, ''].join('\n').replaceAll('{folder}', folder),
  )
  let child: ChildProcess | undefined

  async function stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const running = child
    if (!running || running.exitCode !== null || running.signalCode !== null) return
    const gone = new Promise((resolve) => running.once('exit', resolve))
    running.kill(signal)
    await gone
  }

  const broker: Mosquitto = {
    port,
    folder,
    async start() {
      const started = spawn('mosquitto', ['-c', config], { stdio: 'ignore' })
      child = started
      await until(
        async () => {
          // Somebody else may have its port.
          if (started.exitCode !== null) throw new Error(`mosquitto ended: ${started.exitCode}`)
          return accepts(port)
        },
        'mosquitto to listen',
        60_000,
      )
    },
    stop,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
  }
  await broker.start()
  t.teardown(async () => {
    await stop('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  return broker
}

/** A password file line for Mosquitto. */
export function passwordFile(username: string, password: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-passwd-'))
  const path = join(folder, 'passwd')
  try {
    execFileSync('mosquitto_passwd', ['-b', '-c', path, username, password], { stdio: 'ignore' })
    return execFileSync('cat', [path]).toString()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A throw-away authority and what it signed, as PEM. */
export interface Authority {
  readonly ca: string
  sign(name: string, days: number): { cert: string; key: string }
}

/** Makes an authority with openssl; `days` below zero makes a certificate that has expired. */
export function createAuthority(t: Test): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-ca-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
  }
  const read = (name: string): string => execFileSync('cat', [join(folder, name)]).toString()
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=test authority',
  )
  return {
    ca: read('ca.pem'),
    sign(name, days) {
      writeFileSync(join(folder, 'extensions'), `subjectAltName=DNS:${name},IP:127.0.0.1\n`)
      openssl('req', ...newKey, '-keyout', 'one.key', '-out', 'one.csr', '-subj', `/CN=${name}`)
      openssl(
        'x509',
        '-req',
        '-in',
        'one.csr',
        '-CA',
        'ca.pem',
        '-CAkey',
        'ca.key',
        '-CAcreateserial',
        '-out',
        'one.pem',
        '-days',
        String(days),
        '-extfile',
        'extensions',
      )
      return { cert: read('one.pem'), key: read('one.key') }
    },
  }
}
