/** Which part of a long list is wanted. */
export interface PageQuery {
  /** Where to go on: the `nextCursor` of the page before; `undefined` begins at the start. */
  readonly cursor: string | undefined
  /** At most this many items, 1..200. */
  readonly limit: number
}

/** One part of a long list. */
export interface Page<T> {
  readonly items: readonly T[]
  /** Opaque (`[A-Za-z0-9_-]`, at most 128 characters); `null` on the last page. */
  readonly nextCursor: string | null
}
