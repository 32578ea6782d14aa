import type Database from 'better-sqlite3-multiple-ciphers'

/** Numbers that outlive the process. */
export type CounterName =
  | 'grant-sequence'
  | 'outbox-delivered'
  | 'outbox-abandoned'
  /** Kept by the database itself as rows come and go. */
  | 'outbox-bytes'

/** Reads and moves {@link CounterName}s; takes part in the caller's transaction. */
export interface Counters {
  get(name: CounterName): number
  set(name: CounterName, value: number): void
  add(name: CounterName, amount: number): void
}

/** The {@link Counters} of a database. */
export function createCounters(database: Database.Database): Counters {
  const select = database
    .prepare<[string], number>('SELECT value FROM counters WHERE name = ?')
    .pluck()
  const upsert = database.prepare<[string, number]>(
    `INSERT INTO counters (name, value) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
  )
  const get = (name: CounterName): number => select.get(name) ?? 0
  const set = (name: CounterName, value: number): void => void upsert.run(name, value)
  return { get, set, add: (name, amount) => set(name, get(name) + amount) }
}
