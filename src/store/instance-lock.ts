import { closeSync, existsSync, openSync } from 'node:fs'

import Database from 'better-sqlite3-multiple-ciphers'

import { guarded, StoreError } from './store-error.js'

/** Held until released or until the process ends, however it ends. */
export interface InstanceLock {
  release(): void
}

/**
 * Takes the lock that lets only one daemon run on a store.
 *
 * It is SQLite's own file lock on an empty database: Node has no `flock`, and a file with a process
 * id in it would outlive a `kill -9`.
 * @throws StoreError `in-use`, `read-only`, `io`
 */
export function acquireInstanceLock(path: string): InstanceLock {
  const lock = guarded(path, () => {
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
    return new Database(path, { timeout: 0 })
  })
  try {
    guarded(path, () => {
      lock.pragma('journal_mode = MEMORY')
      lock.exec('BEGIN EXCLUSIVE')
    })
  } catch (error) {
    lock.close()
    if (error instanceof StoreError && error.code === 'locked') {
      throw new StoreError({
        code: 'in-use',
        what: `another genkan runs on this store (${path} is locked)`,
        cure: 'stop it first (systemctl stop genkan), or give this one another store folder',
      })
    }
    throw error
  }
  return { release: () => void lock.close() }
}
