import { existsSync, statSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'

import type Database from 'better-sqlite3-multiple-ciphers'

/** Larger databases are not searched whole: it would hold the door up. */
const MAX_SEARCHED_BYTES = 64 * 1024 * 1024
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
  /** @param things bytes as they were stored, each longer than 64 bytes */
  search(things: readonly Uint8Array[]): Promise<ErasureSearch>
}

/** Two parts of each thing, away from headers that others share. */
function needlesOf(things: readonly Uint8Array[]): Buffer[] {
  return things.flatMap((thing) => {
    const middle = Math.floor(thing.length / 2)
    const last = thing.length - NEEDLE_BYTES - 16
    return [middle, last].map((at) => Buffer.from(thing.subarray(at, at + NEEDLE_BYTES)))
  })
}

/** The {@link Erasure} of a database; searches its pages as they are decrypted, free ones as well. */
export function createErasure(database: Database.Database, path: string): Erasure {
  return {
    async search(things) {
      const log = `${path}-wal`
      const logBytes = existsSync(log) ? statSync(log).size : 0
      const pages = Number(database.pragma('page_count', { simple: true }))
      const pageSize = Number(database.pragma('page_size', { simple: true }))
      if (pages * pageSize > MAX_SEARCHED_BYTES) return { searchedBytes: null, found: 0, logBytes }
      const decrypted = database.serialize()
      let found = 0
      for (const needle of needlesOf(things)) {
        if (decrypted.includes(needle)) found++
        await turn()
      }
      const searchedBytes = decrypted.length
      decrypted.fill(0)
      return { searchedBytes, found, logBytes }
    },
  }
}
