import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

import Database from 'better-sqlite3-multiple-ciphers'

import { STORE_FILES, tightenFiles } from './folder.js'
import { migrate, MIGRATIONS, type Migration } from './migrations.js'
import { guarded, StoreError } from './store-error.js'

/**
 * ChaCha20-Poly1305 a page, by SQLite3MultipleCiphers: authenticated, so a flipped bit is an error and
 * not another face; constant-time in software, where the library's AES ciphers use lookup tables and
 * the smaller boards have no AES instructions; the key is random, so no pass phrase stretching.
 */
export const CIPHER = 'chacha20'

const PAGE_SIZE = 4096

/** How long a statement waits for another process' lock. */
const BUSY_TIMEOUT_MS = 1000

function applyKey(database: Database.Database, key: Buffer): void {
  database.pragma(`cipher='${CIPHER}'`)
  const raw = Buffer.from(`raw:${key.toString('hex')}`, 'latin1')
  database.key(raw)
  raw.fill(0)
}

/**
 * Encrypts every page anew in one transaction, alone with the file, and closes it.
 * The log of `WAL` cannot hold such a transaction; the next opening switches it on again.
 * @throws SqliteError `SQLITE_BUSY` while anything else has the database open
 */
export function applyNewKey(database: Database.Database, key: Buffer): void {
  try {
    database.pragma('wal_checkpoint(TRUNCATE)')
    database.pragma('locking_mode = EXCLUSIVE')
    database.pragma('journal_mode = DELETE')
    const raw = Buffer.from(`raw:${key.toString('hex')}`, 'latin1')
    database.rekey(raw)
    raw.fill(0)
  } finally {
    database.close()
  }
}

function applySettings(database: Database.Database): void {
  database.pragma(`page_size = ${PAGE_SIZE}`)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.pragma('foreign_keys = ON')
  database.pragma('secure_delete = ON')
  database.pragma('temp_store = MEMORY')
  database.pragma('trusted_schema = OFF')
  database.pragma('cell_size_check = ON')
  database.pragma('journal_size_limit = 16777216')
}

function connect(path: string, key: Buffer): Database.Database {
  const database = new Database(path, { timeout: BUSY_TIMEOUT_MS })
  try {
    applyKey(database, key)
    applySettings(database)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Makes what the file holds survive a power cut. */
export function syncFile(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Makes renames within the folder survive a power cut. */
export const syncFolder = syncFile

/**
 * Creates the encrypted database beside its final name and renames it there, so that a file called
 * `genkan.db` is always whole and one of zero bytes is a fault, not a beginning.
 * @param migrations today's schema unless an earlier one is wanted
 * @throws StoreError `disk-full`, `read-only`, `io`
 */
export function createDatabase(
  folder: string,
  key: Buffer,
  migrations: readonly Migration[] = MIGRATIONS,
): void {
  const path = join(folder, STORE_FILES.database)
  const newPath = join(folder, STORE_FILES.newDatabase)
  guarded(path, () => {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(newPath + suffix, { force: true })
    closeSync(openSync(newPath, 'wx', 0o600))
    const database = connect(newPath, key)
    try {
      migrate(database, migrations)
    } finally {
      database.close()
    }
    renameSync(newPath, path)
    syncFolder(folder)
  })
}

/** SQLite takes a file of nothing for an empty database and would begin anew in it. */
function checkSize(path: string): void {
  const { size } = statSync(path)
  if (size >= PAGE_SIZE) return
  throw new StoreError({
    code: 'corrupt',
    what: `${path} was cut off, ${size} bytes are left`,
    cure: 'restore the last backup (genkan restore FILE)',
  })
}

function checkIntegrity(database: Database.Database, path: string): void {
  const findings = database.pragma('quick_check(5)') as { quick_check: string }[]
  if (findings.length === 1 && findings[0]?.quick_check === 'ok') return
  throw new StoreError({
    code: 'corrupt',
    what: `${path} fails its integrity check: ${findings.map((row) => row.quick_check).join('; ')}`,
    cure: 'stop genkan, keep the file for study, restore the last backup (genkan restore FILE)',
  })
}

/**
 * Opens the existing database: key, integrity, migrations, file modes.
 * @throws StoreError `wrong-key`, `corrupt`, `newer-schema`, `locked`, `read-only`, `disk-full`, `io`
 */
export function openDatabase(
  folder: string,
  key: Buffer,
  migrations: readonly Migration[] = MIGRATIONS,
): Database.Database {
  const path = join(folder, STORE_FILES.database)
  if (!existsSync(path)) {
    throw new StoreError({
      code: 'database-missing',
      what: `there is no ${path}, though a key of it exists`,
      cure: `restore a backup, or remove ${STORE_FILES.key} to begin with nobody enrolled`,
    })
  }
  return guarded(path, () => {
    tightenFiles(folder)
    const database = openFile(path, key, migrations)
    tightenFiles(folder)
    return database
  })
}

/**
 * Opens a database under any name: key, integrity, migrations.
 * @throws StoreError as {@link openDatabase}
 */
export function openFile(
  path: string,
  key: Buffer,
  migrations: readonly Migration[] = MIGRATIONS,
): Database.Database {
  return guarded(path, () => {
    checkSize(path)
    const database = connect(path, key)
    try {
      checkIntegrity(database, path)
      migrate(database, migrations)
      return database
    } catch (error) {
      database.close()
      throw error
    }
  })
}

/**
 * Moves the write-ahead log into the database and cuts it to nothing, so that what was deleted (and
 * zeroed, by `secure_delete`) is in no file any more.
 * @returns false when another process is reading and the log has to stay for now
 */
export function truncateLog(database: Database.Database): boolean {
  const rows = database.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[]
  return rows.at(0)?.busy === 0
}
