/** A person's slot with the squared L2 distance of its nearest template. */
export interface SlotMatch {
  readonly slot: number
  readonly distanceSq: number
}

/** Keeps the `k` nearest distinct slots of those offered. */
export interface NearestSlots {
  /** Only distances up to this one can still change the result; infinite until `k` slots are known. */
  readonly limitSq: number
  offer(slot: number, distanceSq: number): void
  /** Nearest first, ties by slot number. */
  matches(): SlotMatch[]
}

const compare = (a: SlotMatch, b: SlotMatch): number =>
  a.distanceSq - b.distanceSq || a.slot - b.slot

/** Creates an empty {@link NearestSlots}; cheap for the small `k` it is meant for. */
export function createNearestSlots(k: number): NearestSlots {
  const kept: SlotMatch[] = []
  let limitSq = Infinity

  return {
    get limitSq() {
      return limitSq
    },

    offer(slot, distanceSq) {
      if (!(distanceSq <= limitSq)) return
      const match = { slot, distanceSq }
      const known = kept.findIndex((other) => other.slot === slot)
      if (known >= 0) {
        if (kept[known].distanceSq <= distanceSq) return
        kept.splice(known, 1)
      }
      let at = kept.length
      while (at > 0 && compare(match, kept[at - 1]) < 0) at--
      kept.splice(at, 0, match)
      if (kept.length > k) kept.pop()
      if (kept.length === k) limitSq = kept[k - 1].distanceSq
    },

    matches: () => kept,
  }
}
