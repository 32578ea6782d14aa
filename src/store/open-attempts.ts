import type Database from 'better-sqlite3-multiple-ciphers'

import { openAttemptSchema, type OpenAttempt } from '../decision/open-attempt.js'
import { parseInput } from './input.js'
import type { Memory } from './memory.js'

const NAME = 'open-attempt'

/** The attempt under way at the door; recording the decision of its id ends it in the same transaction. */
export interface OpenAttempts {
  /** On disk when this returns. @throws StoreError `disk-full`, `read-only`, `locked`, `corrupt`, `io` */
  begin(attempt: OpenAttempt): void
  /** One that has no decision: of the process before, when asked at a start. */
  left(): OpenAttempt | undefined
}

/** The {@link OpenAttempts} in the memory of a store. */
export function createOpenAttempts(memory: Memory): OpenAttempts {
  return {
    begin: (attempt) => memory.set(NAME, parseInput(openAttemptSchema, attempt, 'attempt')),
    left: () => openAttemptSchema.safeParse(memory.get(NAME)).data,
  }
}

/** @returns what forgets the attempt of that id, for the transaction that records its decision */
export function prepareEnd(database: Database.Database): (id: string) => void {
  const remove = database.prepare<[string, string]>(
    `DELETE FROM memory WHERE name = ? AND json_extract(body, '$.id') = ?`,
  )
  return (id) => void remove.run(NAME, id)
}
