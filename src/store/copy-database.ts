import { closeSync, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'

import Database from 'better-sqlite3-multiple-ciphers'

import { CIPHER, syncFolder, syncFile } from './database.js'
import { examineDatabase, type DatabaseContent } from './examine.js'
import { guarded, StoreError, type StoreErrorCode } from './store-error.js'

/** What opens a database file: the 32 bytes of a key, or words that a key is derived from. */
export type Secret =
  | { readonly kind: 'key'; readonly bytes: Uint8Array }
  | { readonly kind: 'passphrase'; readonly text: string }

/** A copy to be made. */
export interface CopyOrder {
  readonly from: string
  readonly fromSecret: Secret
  /** The source is never written, not even its log: a backup on a stick or a read-only mount. */
  readonly readonly: boolean
  readonly to: string
  readonly toSecret: Secret
}

/** A finished, examined copy. */
export interface CopyReport extends DatabaseContent {
  readonly path: string
  readonly bytes: number
}

/** PBKDF2-HMAC-SHA256 rounds of a passphrase (OWASP 2023); the salt is the file's first 16 bytes. */
const PASSPHRASE_ROUNDS = 600_000

function keyText(secret: Secret): Buffer {
  return secret.kind === 'key'
    ? Buffer.from(`raw:${Buffer.from(secret.bytes).toString('hex')}`, 'latin1')
    : Buffer.from(secret.text.normalize('NFC'), 'utf8')
}

function useCipher(database: Database.Database, secret: Secret): void {
  database.pragma(`cipher='${CIPHER}'`)
  if (secret.kind === 'passphrase') database.pragma(`kdf_iter=${PASSPHRASE_ROUNDS}`)
}

/** Opens a database file. @throws SqliteError when it is none, or the secret is another's */
export function openWith(path: string, secret: Secret, readonly: boolean): Database.Database {
  const database = new Database(path, { readonly, fileMustExist: true, timeout: 5000 })
  try {
    useCipher(database, secret)
    const text = keyText(secret)
    database.key(text)
    text.fill(0)
    database.pragma('trusted_schema = OFF')
    database.pragma('cell_size_check = ON')
    database.pragma('temp_store = MEMORY')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function sameSecret(a: Secret, b: Secret): boolean {
  return a.kind === b.kind && keyText(a).equals(keyText(b))
}

/**
 * Opens a file, looks at everything in it, and closes it.
 * @throws StoreError `wrong-key`, `corrupt`, `newer-schema`, `io`
 */
export function examineFile(path: string, secret: Secret): CopyReport {
  return guarded(path, () => {
    if (!existsSync(path)) {
      throw new StoreError({ code: 'io', what: `there is no ${path}`, cure: 'name a backup file' })
    }
    const database = openWith(path, secret, true)
    try {
      return { ...examineDatabase(database, path), path, bytes: statSync(path).size }
    } finally {
      database.close()
    }
  })
}

/**
 * Copies one moment of a database, while others go on reading and writing it, and examines the copy.
 * The copy appears under its name whole or not at all.
 * @throws StoreError `wrong-key`, `corrupt`, `newer-schema`, `disk-full`, `read-only`, `locked`, `io`
 */
export function copyDatabase(order: CopyOrder): CopyReport {
  const { from, to, fromSecret, toSecret } = order
  const part = `${to}.part`
  const removePart = (): void => {
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(part + suffix, { force: true })
  }
  return guarded(to, () => {
    removePart()
    try {
      closeSync(openSync(part, 'wx', 0o600))
      guarded(from, () => {
        const source = openWith(from, fromSecret, order.readonly)
        try {
          source.prepare('VACUUM INTO ?').run(part)
        } finally {
          source.close()
        }
      })
      if (!sameSecret(fromSecret, toSecret)) {
        const copy = openWith(part, fromSecret, false)
        try {
          copy.pragma('journal_mode = DELETE')
          useCipher(copy, toSecret)
          const text = keyText(toSecret)
          copy.rekey(text)
          text.fill(0)
        } finally {
          copy.close()
        }
      }
      const report = examineFile(part, toSecret)
      syncFile(part)
      renameSync(part, to)
      syncFolder(dirname(to))
      return { ...report, path: to }
    } finally {
      removePart()
    }
  })
}

/** A {@link copyDatabase} or {@link examineFile} for another thread. */
export type CopyTask =
  | { readonly kind: 'copy'; readonly order: CopyOrder }
  | { readonly kind: 'examine'; readonly path: string; readonly secret: Secret }

/** What the thread answers. */
export type CopyAnswer =
  | { readonly kind: 'done'; readonly report: CopyReport }
  | {
      readonly kind: 'failed'
      readonly fault: { code: StoreErrorCode; what: string; cure: string }
    }

/**
 * Does the task in a thread of its own, so that the door goes on deciding meanwhile.
 * @throws StoreError as {@link copyDatabase} and {@link examineFile}
 */
export function inThread(task: CopyTask): Promise<CopyReport> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./copy-worker.js', import.meta.url), { workerData: task })
    worker.once('message', (answer: CopyAnswer) => {
      if (answer.kind === 'done') resolve(answer.report)
      else reject(new StoreError(answer.fault))
    })
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`the copying thread ended with code ${code}`)))
  })
}
