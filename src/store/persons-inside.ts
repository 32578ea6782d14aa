import type Database from 'better-sqlite3-multiple-ciphers'

/** Who went in and has not been seen leaving; kept only while anti-passback is on. */
export interface PersonsInside {
  /** When the person went in, by the wall clock. */
  enteredAtMs(personId: string): number | undefined
  /** @throws StoreError `not-found` for a person who does not exist */
  enter(personId: string): void
  /** @returns whether the person was inside */
  leave(personId: string): boolean
}

/** The {@link PersonsInside} of a database; rows go with their person. */
export function createPersonsInside(
  database: Database.Database,
  nowMs: () => number,
): PersonsInside {
  const select = database
    .prepare<[string], number>('SELECT entered_at_ms FROM persons_inside WHERE person_id = ?')
    .pluck()
  const upsert = database.prepare(
    `INSERT INTO persons_inside (person_id, entered_at_ms) VALUES (?, ?)
     ON CONFLICT (person_id) DO UPDATE SET entered_at_ms = excluded.entered_at_ms`,
  )
  const remove = database.prepare('DELETE FROM persons_inside WHERE person_id = ?')
  return {
    enteredAtMs: (personId) => select.get(personId),
    enter: (personId) => void upsert.run(personId, nowMs()),
    leave: (personId) => remove.run(personId).changes > 0,
  }
}
