import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config } from '../config/schema.js'
import { createLiveSettings } from '../live-settings.js'
import { purgeDue } from '../purge.js'
import { storeOptionsOf } from '../store-options.js'
import type { AuditHead } from '../store/audit.js'
import { stageRestore } from '../store/backup.js'
import type { BackupSecret } from '../store/backup.js'
import type { CopyReport } from '../store/copy-database.js'
import { prepareFolder } from '../store/folder.js'
import { loadKey } from '../store/key.js'
import { rotateKey } from '../store/rotate-key.js'
import { StoreError } from '../store/store-error.js'
import { openStore } from '../store/store.js'
import { CommandError } from './command-error.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

interface PrintOptions extends SetupOptions {
  readonly json?: boolean
}

export interface BackupOptions extends PrintOptions {
  readonly passphraseFile?: string
}

export interface RestoreOptions extends BackupOptions {
  readonly keyFile?: string
  readonly verifyOnly?: boolean
}

export interface RotateKeyOptions extends PrintOptions {
  readonly newKeyFile?: string
}

export interface PurgeOptions extends PrintOptions {
  readonly dryRun?: boolean
}

export interface AuditVerifyOptions extends PrintOptions {
  readonly head?: string
}

function print(options: PrintOptions, fields: object, sentence: string): void {
  process.stdout.write(`${options.json === true ? JSON.stringify(fields) : sentence}\n`)
}

/** The first line of the file, so that an editor's line end is no part of the passphrase. */
function passphraseOf(path: string | undefined): Pick<BackupSecret, 'passphrase'> {
  if (path === undefined) return {}
  try {
    return { passphrase: readFileSync(path, 'utf8').split(/\r?\n/)[0] ?? '' }
  } catch (error) {
    throw new CommandError('bad-input', `${path} cannot be read: ${(error as Error).message}`)
  }
}

const inWords = ({ persons, templates, decisions, auditHead }: CopyReport): string =>
  `${persons} persons, ${templates} templates, ${decisions} decisions, audit up to ${auditHead.sequence}:${auditHead.hash}`

function openForCommand(config: Config) {
  return openStore(storeOptionsOf(config.store, 'command'))
}

/** `genkan backup FILE`: a whole, encrypted, examined copy, also while the daemon runs. */
export async function backup(file: string, options: BackupOptions): Promise<void> {
  const store = openForCommand(loadSetup(options))
  try {
    const report = await store.backups.make(resolve(file), {
      ...passphraseOf(options.passphraseFile),
      actor: 'cli',
    })
    print(options, report, `${report.path}: verified; ${inWords(report)}`)
  } finally {
    store.close()
  }
}

/** Puts a staged restore into effect unless a daemon runs, which then does so at its next start. */
function applyNow(config: Config): 'now' | 'at-next-start' {
  try {
    openStore(storeOptionsOf(config.store, 'daemon')).close()
    return 'now'
  } catch (error) {
    if (error instanceof StoreError && error.code === 'in-use') return 'at-next-start'
    throw error
  }
}

/** `genkan restore FILE`: verifies a backup and puts it in the place of the database. */
export async function restore(file: string, options: RestoreOptions): Promise<void> {
  const config = loadSetup(options)
  const { folder, key = {} } = storeOptionsOf(config.store, 'command')
  const secret: BackupSecret = {
    ...passphraseOf(options.passphraseFile),
    ...(options.keyFile === undefined ? {} : { keyFile: options.keyFile }),
  }
  if (options.verifyOnly === true) {
    const store = openForCommand(config)
    try {
      const report = await store.backups.verify(resolve(file), secret)
      print(options, report, `${report.path}: verified; ${inWords(report)}`)
    } finally {
      store.close()
    }
    return
  }
  prepareFolder(folder)
  const isForeign = secret.passphrase !== undefined || secret.keyFile !== undefined
  const isNewMachine = isForeign && !existsSync(resolve(folder, 'genkan.db'))
  loadKey(folder, key, isNewMachine).bytes.fill(0)
  const report = await stageRestore(folder, key, resolve(file), secret)
  const effect = applyNow(config)
  const when = effect === 'now' ? 'restored' : 'verified; takes effect when genkan starts next'
  print(options, { ...report, effect }, `${file}: ${when}; ${inWords(report)}`)
}

/** `genkan rotate-key`: encrypts the store anew with another key. */
export function rotate(options: RotateKeyOptions): void {
  const config = loadSetup(options)
  const { folder, key = {}, nowMs } = storeOptionsOf(config.store, 'command')
  const rotation = rotateKey(folder, key, {
    ...(options.newKeyFile === undefined ? {} : { newKeyFile: resolve(options.newKeyFile) }),
    nowMs,
  })
  const then = rotation.inPlace
    ? 'earlier backups still need the old key, which is gone from here: make a new backup'
    : `put ${rotation.keyPath} in the place of the old key before genkan starts`
  print(options, rotation, `encrypted with the key in ${rotation.keyPath}; ${then}`)
}

/** `genkan purge`: removes what is beyond its time, as set at the desk, else as configured. */
export async function purge(options: PurgeOptions): Promise<void> {
  const config = loadSetup(options)
  const store = openForCommand(config)
  try {
    const report = await purgeDue(
      { store, nowMs: Date.now, erase: (id, actor) => store.persons.delete(id, actor) },
      createLiveSettings(store.settings, config).values(),
      { dryRun: options.dryRun === true, actor: 'cli' },
    )
    const { persons, decisions, pictures, databases, undelivered } = report
    const verb = report.dryRun ? 'would remove' : 'removed'
    print(
      options,
      report,
      `${verb} ${persons} persons, ${decisions} decisions, ${pictures} pictures, ${databases} old databases; ` +
        `${undelivered} old decisions stay because they are undelivered`,
    )
  } finally {
    store.close()
  }
}

function headOf(text: string | undefined): AuditHead | undefined {
  if (text === undefined) return undefined
  const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text)
  if (!match) {
    throw new CommandError('bad-input', '--head must be as this command prints it: NUMBER:HASH')
  }
  return { sequence: Number(match[1]), hash: match[2] }
}

/**
 * `genkan audit verify`: walks the chain of the audit.
 * @returns the exit code: 1 when a row was changed, removed, moved or cut off
 */
export function auditVerify(options: AuditVerifyOptions): number {
  const expected = headOf(options.head)
  const store = openForCommand(loadSetup(options))
  try {
    const verdict = store.audit.verify(expected)
    if (verdict.intact) {
      const { sequence, hash } = verdict.head
      print(options, verdict, `intact, ${sequence} rows, head ${sequence}:${hash}`)
      return 0
    }
    const cure = 'find out who had the key and the file; restore the last backup that verifies'
    print(options, verdict, `BROKEN: ${verdict.what}; ${cure}`)
    return 1
  } finally {
    store.close()
  }
}
