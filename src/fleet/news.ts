import { z } from 'zod'

import type { RecordRow } from './sealed-record.js'

/** PostgreSQL takes less than 8,000 bytes a notification. */
const MAX_BYTES = 7_900
/** What does not fit into so many notifications is read from the table instead. */
const MAX_PARTS = 4

const base64 = z.base64().max(MAX_BYTES)

const rowSchema = z
  .strictObject({
    kind: z.string().max(40),
    subject: base64,
    version: z.string().regex(/^\d{1,15}$/),
    deleted: z.boolean(),
    generation: z.int().positive(),
    ciphertext: base64,
    keyed_hash: base64,
    author: z.string().max(40),
    seq: z.string().regex(/^\d{1,15}$/),
  })
  .transform((row): RecordRow => ({
    ...row,
    subject: Buffer.from(row.subject, 'base64'),
    ciphertext: Buffer.from(row.ciphertext, 'base64'),
    keyed_hash: Buffer.from(row.keyed_hash, 'base64'),
  }))

const newsSchema = z.strictObject({ rows: z.array(rowSchema) })

/** Far more than come between two readings of the table on a day like others. */
const MAX_TAKEN = 1000

/** Rows that were taken from wake-ups since the table was last read. */
export interface TakenRows {
  add(rows: readonly RecordRow[]): void
  /** Whether the table says the very same. */
  has(row: RecordRow): boolean
  clear(): void
}

/** Nothing taken yet. */
export function createTakenRows(): TakenRows {
  const taken = new Map<string, string>()
  return {
    add(rows) {
      for (const row of rows) if (taken.size < MAX_TAKEN) taken.set(row.seq, textOf(row))
    },
    has: (row) => taken.size > 0 && taken.get(row.seq) === textOf(row),
    clear: () => taken.clear(),
  }
}

const textOf = (row: RecordRow): string =>
  JSON.stringify({
    kind: row.kind,
    subject: row.subject.toString('base64'),
    version: row.version,
    deleted: row.deleted,
    generation: row.generation,
    ciphertext: row.ciphertext.toString('base64'),
    keyed_hash: row.keyed_hash.toString('base64'),
    author: row.author,
    seq: row.seq,
  })

const notification = (rows: readonly string[]) => `{"rows":[${rows.join(',')}]}`

/**
 * What wakes the other kiosks after rows were written: the rows themselves, as sealed as in the table,
 * where they are few and short, so that a thousand kiosks need not ask for one person. Pictures are for
 * nobody and never in it.
 * @returns payloads of `NOTIFY`, in order; `wake` alone where the rows must be read from the table
 */
export function newsOf(rows: readonly RecordRow[], wake: string): string[] {
  const parts: string[][] = [[]]
  for (const row of rows) {
    if (row.kind === 'picture') continue
    const text = textOf(row)
    if (notification([text]).length > MAX_BYTES) return [wake]
    const last = parts.at(-1) ?? []
    if (notification([...last, text]).length <= MAX_BYTES) last.push(text)
    else parts.push([text])
    if (parts.length > MAX_PARTS) return [wake]
  }
  return parts.map(notification)
}

/** The rows that a notification carries; `undefined` when the record must be asked. */
export function readNews(payload: string): readonly RecordRow[] | undefined {
  try {
    const news = newsSchema.safeParse(JSON.parse(payload))
    return news.success ? news.data.rows : undefined
  } catch {
    return undefined
  }
}
