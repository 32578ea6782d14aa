import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

import { guarded, StoreError } from './store-error.js'

/** Length of the database key in bytes. */
export const KEY_LENGTH = 32

/** Name of the systemd credential that holds the key. */
export const KEY_CREDENTIAL = 'genkan-key'

/** Where the database key may come from; the first that is given wins, then `genkan.key` in the folder. */
export interface KeyOptions {
  /** Path of a key file of mode 0600 or tighter. */
  readonly file?: string
  /** systemd's `$CREDENTIALS_DIRECTORY`; used when it holds {@link KEY_CREDENTIAL}. */
  readonly credentialsFolder?: string
}

/** The key and where it came from. */
export interface StoreKey {
  /** {@link KEY_LENGTH} bytes; whoever uses it overwrites it afterwards. */
  readonly bytes: Buffer
  readonly source: 'file' | 'credential' | 'folder'
  readonly path: string
}

/** Where a rotation keeps the key that is about to take the old one's place. */
export const nextKeyPath = (path: string): string => `${path}.next`

function parseKey(content: Buffer, path: string): Buffer {
  if (content.length === KEY_LENGTH) return content
  const text = content.toString('latin1').trim()
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  throw new StoreError({
    code: 'key-invalid',
    what: `${path} holds ${content.length} bytes, not a key of 32 bytes or 64 hex digits`,
    cure: 'put the right key there, or restore it from where it was kept safe',
  })
}

function readKey(path: string, options: { mustBePrivate: boolean }): Buffer {
  return guarded(path, () => {
    const stats = statSync(path)
    if (options.mustBePrivate && (stats.mode & 0o077) !== 0) {
      throw new StoreError({
        code: 'key-unsafe',
        what: `${path} can be read by others (mode ${(stats.mode & 0o777).toString(8)})`,
        cure: `chmod 600 ${path}`,
      })
    }
    if (stats.size > 4096) {
      throw new StoreError({
        code: 'key-invalid',
        what: `${path} is ${stats.size} bytes long, too long for a key`,
        cure: 'point the key setting at the key file',
      })
    }
    return parseKey(readFileSync(path), path)
  })
}

function missing(path: string, cure: string): StoreError {
  return new StoreError({ code: 'key-missing', what: `there is no key at ${path}`, cure })
}

function createKeyFile(path: string): Buffer {
  const bytes = randomBytes(KEY_LENGTH)
  guarded(path, () => {
    const descriptor = openSync(path, 'wx', 0o600)
    try {
      writeSync(descriptor, `${bytes.toString('hex')}\n`)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  })
  return bytes
}

/**
 * Reads the database key, or makes `genkan.key` (0600, 32 random bytes as hex) at the very first start.
 *
 * systemd sets a credential's access by ACL, which shows as group bits, so only ordinary files are
 * checked for their mode.
 * @param folder the store's folder
 * @param mayCreate false once a database exists: a new key could never open it
 * @throws StoreError `key-missing`, `key-unsafe`, `key-invalid`, `read-only`, `disk-full`, `io`
 */
export function loadKey(folder: string, options: KeyOptions, mayCreate: boolean): StoreKey {
  if (options.file !== undefined) {
    const path = options.file
    if (!existsSync(path)) {
      throw missing(
        path,
        `make one (head -c 32 /dev/urandom > ${path}; chmod 600 ${path}) or restore it`,
      )
    }
    return { bytes: readKey(path, { mustBePrivate: true }), source: 'file', path }
  }
  if (options.credentialsFolder !== undefined) {
    const path = join(options.credentialsFolder, KEY_CREDENTIAL)
    if (existsSync(path)) {
      return { bytes: readKey(path, { mustBePrivate: false }), source: 'credential', path }
    }
  }
  const path = join(folder, 'genkan.key')
  if (existsSync(path)) {
    return { bytes: readKey(path, { mustBePrivate: true }), source: 'folder', path }
  }
  if (!mayCreate) {
    throw missing(
      path,
      'restore the key this database was made with (file, or systemd credential genkan-key); without it the data is lost',
    )
  }
  return { bytes: createKeyFile(path), source: 'folder', path }
}
