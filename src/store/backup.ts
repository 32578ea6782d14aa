import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { z } from 'zod'

import type { AuditLog } from './audit.js'
import { inThread, type CopyReport, type Secret } from './copy-database.js'
import { STORE_FILES } from './folder.js'
import { parseInput } from './input.js'
import { loadKey, type KeyOptions } from './key.js'
import { StoreError } from './store-error.js'

/** What a backup was made with, where it is not the store's own key. */
export interface BackupSecret {
  /** Words that make the backup readable on any machine, without the key; 12 characters or more. */
  readonly passphrase?: string
  /** A key file of an earlier time, for a backup made before the key was rotated. */
  readonly keyFile?: string
}

/** Whole, examined copies of the store, and the way back. */
export interface Backups {
  /**
   * Copies the store as it is at this moment into a new file (0600), encrypted with the store's key or
   * with a passphrase, then opens the copy and examines all of it. The door goes on meanwhile.
   * @throws StoreError `duplicate` when the file is there already; `disk-full`, `read-only`, …
   */
  make(file: string, options: BackupSecret & { readonly actor: string }): Promise<CopyReport>
  /** The same into a file of the store's folder, which the caller removes after sending it. */
  makeTemporary(
    options: BackupSecret & { readonly actor: string },
  ): Promise<CopyReport & { remove(): void }>
  /** Opens a backup and examines all of it. @throws StoreError `wrong-key`, `corrupt`, `newer-schema` */
  verify(file: string, options?: BackupSecret): Promise<CopyReport>
  /**
   * Verifies a backup and lays it ready: it takes effect at the next start, and the database of today is
   * then kept aside under another name.
   * @throws StoreError as {@link Backups.verify}
   */
  stageRestore(
    file: string,
    options: BackupSecret & { readonly actor: string },
  ): Promise<CopyReport>
  /** Whether a restore waits for the next start. */
  restoreIsStaged(): boolean
}

const passphraseSchema = z.string().min(12).max(1024)
const TEMPORARY = /^genkan\.backup\..*$/

/** What was given for the backup, else the store's own key. */
export function secretOf(folder: string, key: KeyOptions, secret: BackupSecret): Secret {
  if (secret.passphrase !== undefined) {
    const text = parseInput(passphraseSchema, secret.passphrase, 'passphrase')
    return { kind: 'passphrase', text }
  }
  const options = secret.keyFile === undefined ? key : { file: secret.keyFile }
  return { kind: 'key', bytes: loadKey(folder, options, false).bytes }
}

/** Verifies a backup and lays it ready in the folder, encrypted with the store's key. */
export async function stageRestore(
  folder: string,
  key: KeyOptions,
  file: string,
  secret: BackupSecret,
): Promise<CopyReport> {
  const fromSecret = secretOf(folder, key, secret)
  // A copy never reads the indexes of what it copies, and would hide that some were damaged.
  await inThread({ kind: 'examine', path: file, secret: fromSecret })
  return inThread({
    kind: 'copy',
    order: {
      from: file,
      fromSecret,
      readonly: true,
      to: join(folder, STORE_FILES.staged),
      toSecret: secretOf(folder, key, {}),
    },
  })
}

/** Takes away what a killed process left of copies it was making. */
export function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (TEMPORARY.test(name) || name.startsWith(`${STORE_FILES.staged}.part`)) {
      rmSync(join(folder, name), { force: true })
    }
  }
}

/** The {@link Backups} of an open store. */
export function createBackups(options: {
  readonly folder: string
  readonly key: KeyOptions
  readonly audit: AuditLog
}): Backups {
  const { folder, key, audit } = options

  async function make(
    file: string,
    { actor, ...secret }: BackupSecret & { readonly actor: string },
  ): Promise<CopyReport> {
    if (existsSync(file)) {
      throw new StoreError({
        code: 'duplicate',
        what: `${file} is there already`,
        cure: 'name a new file; a backup is never written over another',
      })
    }
    const report = await inThread({
      kind: 'copy',
      order: {
        from: join(folder, STORE_FILES.database),
        fromSecret: secretOf(folder, key, {}),
        readonly: false,
        to: file,
        toSecret: secretOf(folder, key, secret),
      },
    })
    audit.append({ actor, action: 'backup.create' })
    return report
  }

  return {
    make,
    async makeTemporary(backup) {
      const path = join(folder, `genkan.backup.${randomBytes(8).toString('hex')}`)
      const report = await make(path, backup)
      return { ...report, remove: () => rmSync(path, { force: true }) }
    },
    verify: async (file, secret = {}) =>
      inThread({ kind: 'examine', path: file, secret: secretOf(folder, key, secret) }),
    async stageRestore(file, { actor, ...secret }) {
      const report = await stageRestore(folder, key, file, secret)
      audit.append({ actor, action: 'restore.stage' })
      return report
    },
    restoreIsStaged: () => existsSync(join(folder, STORE_FILES.staged)),
  }
}
