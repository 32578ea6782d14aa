import type Database from 'better-sqlite3-multiple-ciphers'

/** What a part of the daemon has to remember over a restart. */
export type MemoryName =
  'lockdown' | 'home-assistant-topic' | 'open-attempt' | 'live-style' | 'style-children'

/** Small values by name; takes part in the caller's transaction. */
export interface Memory {
  /** @returns `undefined` when nothing is remembered */
  get(name: MemoryName): unknown
  /** `null` forgets. */
  set(name: MemoryName, value: unknown): void
}

/** The {@link Memory} of a database. */
export function createMemory(database: Database.Database): Memory {
  const select = database
    .prepare<[string], string>('SELECT body FROM memory WHERE name = ?')
    .pluck()
  const upsert = database.prepare<[string, string]>(
    `INSERT INTO memory (name, body) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET body = excluded.body`,
  )
  const remove = database.prepare<[string]>('DELETE FROM memory WHERE name = ?')
  return {
    get(name) {
      const body = select.get(name)
      return body === undefined ? undefined : (JSON.parse(body) as unknown)
    },
    set(name, value) {
      if (value === null) remove.run(name)
      else upsert.run(name, JSON.stringify(value))
    },
  }
}
