import { existsSync, statSync } from 'node:fs'
import { Worker } from 'node:worker_threads'

import { openWith, type Secret } from './copy-database.js'
import { guarded, StoreError, type StoreErrorCode } from './store-error.js'

/** Larger databases are not searched: a board has no memory to hold them decrypted. */
const MAX_SEARCHED_BYTES = 256 * 1024 * 1024
/** What is compressed or random does not repeat: a part this long is as good as the whole. */
const NEEDLE_BYTES = 24

/** What a search for erased bytes came to. */
export interface ErasureSearch {
  /** Decrypted bytes of the database that were searched; `null` when it was too large for it. */
  readonly searchedBytes: number | null
  /** How many of the things looked for were found; 0 is what is wanted. */
  readonly found: number
  /** Bytes left in the write-ahead log, whose pages are older than the database's. */
  readonly logBytes: number
}

/** Looks for what should be gone. */
export interface Erasure {
  /**
   * In a thread of its own, so that the door goes on deciding meanwhile.
   * @param things bytes as they were stored, each longer than 64 bytes
   * @throws StoreError when the database can't be opened once more
   */
  search(things: readonly Uint8Array[]): Promise<ErasureSearch>
}

/** A search for another thread. */
export interface SearchTask {
  readonly path: string
  readonly secret: Secret
  readonly needles: readonly Uint8Array[]
}

type Found = Pick<ErasureSearch, 'searchedBytes' | 'found'>

/** What the thread answers. */
export type SearchAnswer =
  | ({ readonly kind: 'done' } & Found)
  | {
      readonly kind: 'failed'
      readonly fault: { code: StoreErrorCode; what: string; cure: string }
    }

/** Two parts of each thing, away from headers that others share. */
function needlesOf(things: readonly Uint8Array[]): Uint8Array[] {
  return things.flatMap((thing) => {
    const middle = Math.floor(thing.length / 2)
    const last = thing.length - NEEDLE_BYTES - 16
    return [middle, last].map((at) => Uint8Array.from(thing.subarray(at, at + NEEDLE_BYTES)))
  })
}

/**
 * Searches a database's pages as they are decrypted, free ones as well.
 * @throws StoreError `wrong-key`, `corrupt`, `locked`, `io`
 */
export function searchDatabase({ path, secret, needles }: SearchTask): Found {
  return guarded(path, () => {
    const database = openWith(path, secret, true)
    try {
      const pages = Number(database.pragma('page_count', { simple: true }))
      const pageSize = Number(database.pragma('page_size', { simple: true }))
      if (pages * pageSize > MAX_SEARCHED_BYTES) return { searchedBytes: null, found: 0 }
      const decrypted = database.serialize()
      const found = needles.filter((needle) => decrypted.includes(Buffer.from(needle))).length
      const searchedBytes = decrypted.length
      decrypted.fill(0)
      return { searchedBytes, found }
    } finally {
      database.close()
    }
  })
}

function inThread(task: SearchTask): Promise<Found> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./erasure-worker.js', import.meta.url), { workerData: task })
    worker.once('message', (answer: SearchAnswer) => {
      if (answer.kind === 'failed') reject(new StoreError(answer.fault))
      else resolve({ searchedBytes: answer.searchedBytes, found: answer.found })
    })
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`the searching thread ended with code ${code}`)))
  })
}

/** The {@link Erasure} of a database. @param secret reads the key anew: it is held nowhere */
export function createErasure(path: string, secret: () => Secret): Erasure {
  return {
    async search(things) {
      const log = `${path}-wal`
      const logBytes = existsSync(log) ? statSync(log).size : 0
      const { searchedBytes, found } = await inThread({
        path,
        secret: secret(),
        needles: needlesOf(things),
      })
      return { searchedBytes, found, logBytes }
    },
  }
}
