import type Database from 'better-sqlite3-multiple-ciphers'

const KEPT_MS = 24 * 60 * 60_000

/** An answer that was given to a request with an idempotency key. */
export interface KeptAnswer {
  /** SHA-256 of the request: the same key with another request is a mistake. */
  readonly fingerprint: Buffer
  readonly status: number
  readonly location: string | null
  readonly body: string
}

/** Which request it is. */
export interface IdempotencyKey {
  readonly tokenId: string
  readonly key: string
}

/** Answers kept for a day, so that a request repeated after a lost answer has its effect once. */
export interface Idempotency {
  find(key: IdempotencyKey): KeptAnswer | undefined
  /** @param personId whom the answer tells of; it is erased with them */
  keep(key: IdempotencyKey, answer: KeptAnswer & { readonly personId: string | null }): void
}

interface Row {
  fingerprint: Buffer
  status: number
  location: string | null
  body: string
}

/** The {@link Idempotency} of a database. */
export function createIdempotency(
  database: Database.Database,
  options: { nowMs: () => number },
): Idempotency {
  const { nowMs } = options
  const select = database.prepare<[string, string, number], Row>(
    `SELECT fingerprint, status, location, body FROM idempotency_keys
     WHERE token_id = ? AND key = ? AND created_at_ms > ?`,
  )
  const removeOld = database.prepare<[number]>(
    'DELETE FROM idempotency_keys WHERE created_at_ms <= ?',
  )
  const insert = database.prepare(
    `INSERT OR REPLACE INTO idempotency_keys
       (token_id, key, fingerprint, status, location, body, person_id, created_at_ms)
     VALUES (@tokenId, @key, @fingerprint, @status, @location, @body, @personId, @atMs)`,
  )
  const keep = database.transaction((row: Record<string, unknown>, oldMs: number) => {
    removeOld.run(oldMs)
    insert.run(row)
  })
  return {
    find: ({ tokenId, key }) => select.get(tokenId, key, nowMs() - KEPT_MS),
    keep(key, answer) {
      const atMs = nowMs()
      keep.immediate({ ...key, ...answer, atMs }, atMs - KEPT_MS)
    },
  }
}
