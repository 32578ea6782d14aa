import type { Page, PageQuery } from '../../src/admin/ports/page.js'

/**
 * Cuts one page out of a list that is held whole.
 *
 * @param all items in the order they are to be shown
 * @param cursorOf unique, url-safe name of an item, e.g. its ULID; a page goes on after the item so named
 * @returns an empty last page when the cursor names no item
 */
export function pageOf<T>(
  all: readonly T[],
  query: PageQuery,
  cursorOf: (item: T) => string,
): Page<T> {
  const { cursor, limit } = query
  const start = cursor === undefined ? 0 : all.findIndex((item) => cursorOf(item) === cursor) + 1
  if (cursor !== undefined && start === 0) return { items: [], nextCursor: null }
  const items = all.slice(start, start + limit)
  const last = items.at(-1)
  const more = start + limit < all.length
  return { items, nextCursor: more && last !== undefined ? cursorOf(last) : null }
}
