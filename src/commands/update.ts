import { createPrivateKey } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'
import { CommandError } from './command-error.js'
import { explain } from './explain.js'
import { runAsStoreUser } from '../first-hour/store-user.js'
import { signManifest, ReleaseError } from '../update/release-manifest.js'
import { isReady, readyAddress } from '../update/readiness.js'
import { openSlots } from '../update/slots.js'
import { finishTrial, rollBack, startTrial } from '../update/update.js'
import type { Surroundings } from '../update/update.js'
import { version } from '../version.js'

export interface UpdateOptions extends SetupOptions {
  readonly folder: string
  readonly json?: boolean
}

export interface UpdateInstallOptions extends UpdateOptions {
  readonly key: string
}

const HEALTH_TIMEOUT_MS = 3000

function run(command: string, args: readonly string[]): void {
  const done = spawnSync(command, args, { encoding: 'utf8' })
  if (done.status === 0) return
  // Of what systemctl says, the first line is the fault; the rest is where to look.
  const why = done.error?.message ?? done.stderr.trim().split('\n', 1)[0]
  throw new CommandError('fault', `${command} ${args.join(' ')}: ${why}`)
}

function surroundings(options: UpdateOptions): Surroundings {
  const config = loadSetup(options)
  const storeFolder = resolve(config.store.folder)
  const command = (...args: string[]) => runAsStoreUser(args, storeFolder)
  const address = readyAddress(config.admin)
  return {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    installedVersion: version,
    nowMs: Date.now,
    unpack(file, folder) {
      run('dpkg-deb', ['-x', file, folder])
      // dpkg-deb leaves the files to the kernel; what a link points to must outlive a power cut.
      run('sync', ['-f', folder])
    },
    backUp(next) {
      if (!existsSync(join(storeFolder, 'genkan.db'))) return null
      const path = join('/var/backups/genkan', `before-${next}.backup`)
      const target = existsSync(dirname(path)) ? path : join(storeFolder, `before-${next}.backup`)
      const { ok, said } = command('backup', target)
      if (!ok) throw new CommandError('fault', `no update without a backup: ${said}`)
      return target
    },
    restart: () => run('systemctl', ['restart', 'genkan.service']),
    isHealthy: () => isReady(address, HEALTH_TIMEOUT_MS),
    canOpenStore() {
      const cli = '/usr/bin/genkan'
      const args = ['audit', 'verify']
      return existsSync(cli) ? spawnSync(cli, args).status === 0 : command(...args).ok
    },
    restore(backup) {
      const cli = '/usr/bin/genkan'
      if (existsSync(cli)) run(cli, ['restore', backup])
      else command('restore', backup)
    },
    pause: (ms) => pause(ms),
    say: (line) => process.stdout.write(`${line}\n`),
  }
}

function explainRelease(error: unknown): never {
  if (error instanceof ReleaseError) throw new CommandError('bad-input', error.message)
  throw error
}

/** `genkan update install MANIFEST`: the package stands beside the manifest, the signature in `.sig`. */
export async function installUpdate(
  manifest: string,
  options: UpdateInstallOptions,
): Promise<void> {
  const slots = openSlots(options.folder)
  const around = surroundings(options)
  const bytes = readFileSync(manifest)
  const name = packageNameOf(bytes, around.architecture)
  try {
    const trial = startTrial(
      {
        manifest: bytes,
        signature: readFileSync(`${manifest}.sig`, 'utf8'),
        publicKeyPem: readFileSync(options.key, 'utf8'),
        packagePath: join(dirname(manifest), name),
      },
      slots,
      around,
    )
    around.say(`version ${trial.version} starts on trial`)
  } catch (error) {
    explainRelease(error)
  }
  try {
    around.restart()
  } catch (error) {
    // What does not start is not healthy: the trial ends it.
    around.say(`it does not start yet (${explain(error)}); see journalctl -u genkan`)
  }
  const end = await finishTrial(slots, around)
  if (end?.outcome === 'rolled-back') process.exitCode = 1
}

/** Only to find the file; nothing of it is believed before the signature holds. */
function packageNameOf(bytes: Uint8Array, architecture: string): string {
  try {
    const told = JSON.parse(Buffer.from(bytes).toString('utf8')) as {
      files?: Record<string, { name?: unknown }>
    }
    const name = told.files?.[architecture]?.name
    return typeof name === 'string' ? basename(name) : 'none.deb'
  } catch {
    return 'none.deb'
  }
}

/** `genkan update confirm`: at every start of the board, ends a trial that a power cut left open. */
export async function confirmUpdate(options: UpdateOptions): Promise<void> {
  const end = await finishTrial(openSlots(options.folder), surroundings(options))
  if (end === undefined) process.stdout.write('nothing is on trial\n')
}

/** `genkan update rollback`. */
export function rollBackUpdate(options: UpdateOptions): void {
  rollBack(openSlots(options.folder), surroundings(options))
}

/** `genkan update status`. */
export function updateStatus(options: UpdateOptions): void {
  const slots = openSlots(options.folder)
  const status = { version, slot: slots.current(), trial: slots.trial() ?? null }
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify(status)}\n`
      : `version ${version} runs${status.trial ? `; ${status.trial.version} is on trial` : ''}\n`,
  )
}

/** `genkan update sign VERSION PACKAGE…`: for whoever releases; writes the manifest and its signature. */
export function signRelease(
  release: string,
  packages: readonly string[],
  options: { readonly key: string; readonly out: string },
): void {
  const files: Record<string, object> = {}
  for (const path of packages) {
    const architecture = /_(amd64|arm64)\.deb$/.exec(path)?.[1]
    if (architecture === undefined) {
      throw new CommandError('bad-input', `${path} is not named …_amd64.deb or …_arm64.deb`)
    }
    const bytes = readFileSync(path)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    files[architecture] = { name: basename(path), bytes: bytes.length, sha256 }
  }
  const manifest = Buffer.from(
    `${JSON.stringify({ product: 'genkan', version: release, releasedAt: new Date().toISOString(), files }, null, 2)}\n`,
  )
  writeFileSync(options.out, manifest)
  const key = createPrivateKey(readFileSync(options.key))
  writeFileSync(`${options.out}.sig`, `${signManifest(manifest, key)}\n`)
}
