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
  /** Whether so many more can be kept in mind. */
  hasRoomFor(rows: number): boolean
  add(rows: readonly RecordRow[]): void
  /** Whether a row of the table is one of them; its subject is told by the table from then on. */
  meets(row: RecordRow): boolean
  /** Those of whose subjects the table told nothing: an old row that somebody played again, say. */
  unmet(): RecordRow[]
  clear(): void
}

/** Nothing taken yet. */
export function createTakenRows(): TakenRows {
  let taken: RecordRow[] = []
  const texts = new Set<string>()
  const met = new Set<string>()
  return {
    hasRoomFor: (rows) => taken.length + rows <= MAX_TAKEN,
    add(rows) {
      taken.push(...rows)
      for (const row of rows) texts.add(textOf(row))
    },
    meets(row) {
      if (taken.length === 0) return false
      met.add(row.subject.toString('hex'))
      return texts.has(textOf(row))
    },
    unmet: () => taken.filter(({ subject }) => !met.has(subject.toString('hex'))),
    clear() {
      taken = []
      texts.clear()
      met.clear()
    },
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
