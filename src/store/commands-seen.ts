import type Database from 'better-sqlite3-multiple-ciphers'
import { z } from 'zod'

import { parseInput } from './input.js'

/** Whether a command may be carried out. */
export type CommandStanding =
  | { readonly standing: 'first' }
  /** It was carried out before, with this answer. */
  | { readonly standing: 'answered'; readonly answer: unknown }
  /** It was begun before and nobody knows how it ended: under way, or cut off by a crash. */
  | { readonly standing: 'unanswered' }

/** Commands by id, so that none is carried out twice, also after a restart. */
export interface CommandsSeen {
  /**
   * Notes the command on disk before it is carried out, and forgets those older than a week: they are
   * refused by their age.
   */
  begin(id: string): CommandStanding
  finish(id: string, answer: unknown): void
}

const KEEP_MS = 7 * 24 * 3_600_000

/** Id of a command, chosen by its sender. */
export const commandIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{8,64}$/, 'use 8 to 64 letters, digits, _, . or -')

/** The {@link CommandsSeen} of a database. */
export function createCommandsSeen(database: Database.Database, nowMs: () => number): CommandsSeen {
  const select = database.prepare<[string], { answer: string | null }>(
    'SELECT answer FROM commands_seen WHERE id = ?',
  )
  const insert = database.prepare('INSERT INTO commands_seen (id, seen_at_ms) VALUES (?, ?)')
  const answerTo = database.prepare('UPDATE commands_seen SET answer = ? WHERE id = ?')
  const forget = database.prepare('DELETE FROM commands_seen WHERE seen_at_ms < ?')

  const begin = database.transaction((input: string): CommandStanding => {
    const id = parseInput(commandIdSchema, input, 'command id')
    forget.run(nowMs() - KEEP_MS)
    const seen = select.get(id)
    if (seen === undefined) {
      insert.run(id, nowMs())
      return { standing: 'first' }
    }
    if (seen.answer === null) return { standing: 'unanswered' }
    return { standing: 'answered', answer: JSON.parse(seen.answer) as unknown }
  })

  return {
    begin: (id) => begin.immediate(id),
    finish: (id, answer) => void answerTo.run(JSON.stringify(answer), id),
  }
}
