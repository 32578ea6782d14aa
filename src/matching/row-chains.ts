/**
 * Which rows belong to which slot, as chains of numbers: a million persons cost no objects for
 * the garbage collector to walk.
 */
export interface RowChains {
  /** Puts a new row, the next in number, first in the slot's chain. */
  append(slot: number): void
  /** Takes a row out; the last row takes its number, as in the index. */
  remove(row: number): void
  slotOf(row: number): number
  /** The slot's rows, latest first; do not change the chains while reading. */
  rows(slot: number): Generator<number>
}

const NONE = -1

/** Creates empty {@link RowChains}. */
export function createRowChains(): RowChains {
  const slots: number[] = []
  const next: number[] = []
  const first: number[] = []

  /** Lets whatever points to `row` point to `target`. */
  function redirect(row: number, target: number): void {
    const slot = slots[row]
    if (first[slot] === row) {
      first[slot] = target
      return
    }
    let before = first[slot]
    while (next[before] !== row) before = next[before]
    next[before] = target
  }

  return {
    append(slot) {
      const row = slots.length
      slots.push(slot)
      while (first.length <= slot) first.push(NONE)
      next.push(first[slot])
      first[slot] = row
    },

    remove(row) {
      redirect(row, next[row])
      const last = slots.length - 1
      if (row !== last) {
        redirect(last, row)
        slots[row] = slots[last]
        next[row] = next[last]
      }
      slots.pop()
      next.pop()
    },

    slotOf: (row) => slots[row],

    *rows(slot) {
      for (let row = first[slot] ?? NONE; row !== NONE; row = next[row]) yield row
    },
  }
}
