import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'

import type Database from 'better-sqlite3-multiple-ciphers'

import { createAuditLog } from './audit.js'
import { applyNewKey, openDatabase, syncFolder } from './database.js'
import { examineDatabase, type DatabaseContent } from './examine.js'
import { prepareFolder, STORE_FILES } from './folder.js'
import { acquireInstanceLock } from './instance-lock.js'
import { KEY_LENGTH, loadKey, nextKeyPath, type KeyOptions, type StoreKey } from './key.js'
import { guarded, StoreError } from './store-error.js'

/** A finished rotation. */
export interface Rotation extends DatabaseContent {
  /** Where the new key is. */
  readonly keyPath: string
  /** False when the new key has to be put in its place by hand, because its place is not ours to write. */
  readonly inPlace: boolean
}

function openWithEither(
  folder: string,
  key: Buffer,
  next: Buffer | undefined,
): { database: Database.Database; opened: 'old' | 'next' } {
  try {
    return { database: openDatabase(folder, key), opened: 'old' }
  } catch (error) {
    const isOther = error instanceof StoreError && error.code === 'wrong-key'
    if (!isOther || next === undefined) throw error
    return { database: openDatabase(folder, next), opened: 'next' }
  }
}

/**
 * Opens the database, with the key that a rotation was about to bring in when that is the one that fits.
 * The old key is tried first: a rotation cut off half way has left a journal that only the old key reads,
 * and SQLite takes everything back with it.
 * @param maySettle under the instance lock: ends the rotation that was cut off, forward or back
 * @throws StoreError as {@link openDatabase}
 */
export function openWithKeys(folder: string, key: StoreKey, maySettle: boolean): Database.Database {
  const nextPath = nextKeyPath(key.path)
  if (key.source === 'credential' || !existsSync(nextPath)) return openDatabase(folder, key.bytes)
  const next = readNext(folder, nextPath)
  try {
    const { database, opened } = openWithEither(folder, key.bytes, next)
    if (maySettle) {
      try {
        settle(database, key, nextPath, opened)
      } catch (error) {
        database.close()
        throw error
      }
    }
    return database
  } finally {
    next?.fill(0)
  }
}

/** A key file cut off by a crash was never used: it is synced before the database is touched. */
function readNext(folder: string, path: string): Buffer | undefined {
  try {
    return loadKey(folder, { file: path }, false).bytes
  } catch (error) {
    if (error instanceof StoreError && error.code === 'key-invalid') return undefined
    throw error
  }
}

function settle(
  database: Database.Database,
  key: StoreKey,
  nextPath: string,
  opened: 'old' | 'next',
): void {
  guarded(nextPath, () => {
    if (opened === 'old') rmSync(nextPath, { force: true })
    else {
      renameSync(nextPath, key.path)
      createAuditLog(database, Date.now).append({ actor: 'system', action: 'key.rotate' })
    }
    syncFolder(dirname(key.path))
  })
}

function writeKeyFile(path: string, bytes: Buffer): void {
  guarded(path, () => {
    rmSync(path, { force: true })
    const descriptor = openSync(path, 'wx', 0o600)
    try {
      writeSync(descriptor, `${bytes.toString('hex')}\n`)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    syncFolder(dirname(path))
  })
}

/**
 * Encrypts the whole database anew with another key, while no daemon runs.
 *
 * Whenever it is cut off, the old or the new key opens the database: the new key is on disk before the
 * database is touched, the rewriting is one transaction of SQLite's rollback journal, and the old key is
 * replaced after it. The next start settles what was left open.
 * @param newKeyFile a key made elsewhere; without it one is made and put in the place of the old
 * @throws StoreError `in-use`, `locked`, `key-invalid`, `key-missing`, `disk-full`, `read-only`, …
 */
export function rotateKey(
  folder: string,
  keyOptions: KeyOptions,
  options: { readonly newKeyFile?: string; readonly nowMs: () => number },
): Rotation {
  prepareFolder(folder)
  const lock = acquireInstanceLock(join(folder, STORE_FILES.lock))
  try {
    if (existsSync(join(folder, STORE_FILES.staged))) {
      throw new StoreError({
        code: 'in-use',
        what: 'a restore waits for the next start, encrypted with the key of today',
        cure: 'start genkan once, or remove the staged file, and rotate then',
      })
    }
    const old = loadKey(folder, keyOptions, false)
    const inPlace = options.newKeyFile === undefined
    if (inPlace && old.source === 'credential') {
      throw new StoreError({
        code: 'key-unsafe',
        what: `the key comes from the service manager (${old.path}), which alone can replace it`,
        cure: 'make a new key file, name it with --new-key-file, and put it in the place of the old',
      })
    }
    const database = openWithKeys(folder, old, true)
    const current = inPlace ? undefined : loadKey(folder, { file: options.newKeyFile }, false)
    const next = current?.bytes ?? randomBytes(KEY_LENGTH)
    const nextPath = inPlace ? nextKeyPath(old.path) : (current?.path ?? '')
    if (inPlace) writeKeyFile(nextPath, next)
    const path = join(folder, STORE_FILES.database)
    guarded(path, () => applyNewKey(database, next))
    if (inPlace) {
      guarded(old.path, () => {
        renameSync(nextPath, old.path)
        syncFolder(dirname(old.path))
      })
    }
    const renewed = openDatabase(folder, next)
    next.fill(0)
    old.bytes.fill(0)
    try {
      createAuditLog(renewed, options.nowMs).append({ actor: 'cli', action: 'key.rotate' })
      const content = guarded(path, () => examineDatabase(renewed, path))
      return { ...content, keyPath: inPlace ? old.path : nextPath, inPlace }
    } finally {
      renewed.close()
    }
  } finally {
    lock.release()
  }
}
