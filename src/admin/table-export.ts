import type { Awaitable } from './ports/awaitable.js'
import type { Page, PageQuery } from './ports/page.js'

const PAGE = 200

/** A column of an export: its head, and what an item has in it. */
export type Column<T> = readonly [string, (item: T) => string | number | null]

/** How a list is written down for other programs. */
export interface ExportFormat<T> {
  readonly type: string
  readonly head: string
  readonly line: (item: T) => string
}

/** RFC 4180; a text that a spreadsheet would take for a formula is led by an apostrophe. */
function cellOf(value: string | number | null): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** A table with a line of heads. */
export function csvOf<T>(columns: readonly Column<T>[]): ExportFormat<T> {
  return {
    type: 'text/csv; charset=utf-8',
    head: `${columns.map(([name]) => name).join(',')}\r\n`,
    line: (item) => `${columns.map(([, read]) => cellOf(read(item))).join(',')}\r\n`,
  }
}

/** One JSON document a line. */
export function ndjsonOf<T>(): ExportFormat<T> {
  return {
    type: 'application/x-ndjson',
    head: '',
    line: (item) => `${JSON.stringify(item)}\n`,
  }
}

/** Streams a list page by page, as fast as it is read. */
export function exportPages<T>(
  list: (query: PageQuery) => Awaitable<Page<T>>,
  { head, line }: ExportFormat<T>,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let cursor: string | null | undefined
  return new ReadableStream<Uint8Array>({
    start(controller) {
      if (head !== '') controller.enqueue(encoder.encode(head))
    },
    async pull(controller) {
      const page = await list({ cursor: cursor ?? undefined, limit: PAGE })
      if (page.items.length > 0) controller.enqueue(encoder.encode(page.items.map(line).join('')))
      cursor = page.nextCursor
      if (cursor === null) controller.close()
    },
  })
}
