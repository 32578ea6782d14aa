import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'

import { guarded, StoreError } from './store-error.js'

/** File names inside the store's folder. */
export const STORE_FILES = {
  database: 'genkan.db',
  newDatabase: 'genkan.db.new',
  key: 'genkan.key',
  lock: 'genkan.lock',
  /** A verified backup that takes the database's place at the next start. */
  staged: 'genkan.db.restore',
  /** What databases kept aside by a restore begin with. */
  aside: 'genkan.db.before-',
} as const

/**
 * Makes the folder with mode 0700, or tightens one that is ours.
 * A loose folder that holds other things is refused, lest a mistyped path close `/tmp` or a home.
 * @throws StoreError `folder-unsafe`, `read-only`, `disk-full`, `io`
 */
export function prepareFolder(folder: string): void {
  guarded(folder, () => {
    if (!existsSync(folder)) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
    }
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    if ((statSync(folder).mode & 0o077) === 0) return
    const foreign = readdirSync(folder).filter((name) => !name.startsWith('genkan.'))
    if (foreign.length > 0) {
      throw new StoreError({
        code: 'folder-unsafe',
        what: `${folder} is open to other users and holds other files`,
        cure: `give genkan a folder of its own, or chmod 700 ${folder}`,
      })
    }
    chmodSync(folder, 0o700)
  })
}

/** Takes group and others off the database's files. */
export function tightenFiles(folder: string): void {
  guarded(folder, () => {
    for (const suffix of ['', '-wal', '-shm']) {
      const path = join(folder, STORE_FILES.database + suffix)
      if (existsSync(path) && (statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
    }
  })
}
