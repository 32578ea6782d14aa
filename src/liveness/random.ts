/** A seeded source of numbers, so that every rendered attack can be rendered again. */
export interface Random {
  /** Next number in [0, 1). */
  uniform(): number
  /** Standard normal numbers to draw from by a random offset (cheap per-pixel noise). */
  readonly gaussianTable: Float32Array
}

const TABLE_LENGTH = 65_521

/**
 * Deterministic generator (mulberry32: 32 bits of state, period 2³²).
 * Not for secrets.
 */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  function uniform(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  let table: Float32Array | undefined
  return {
    uniform,
    get gaussianTable() {
      table ??= Float32Array.from({ length: TABLE_LENGTH }, () => {
        const radius = Math.sqrt(-2 * Math.log(1 - uniform()))
        return radius * Math.cos(2 * Math.PI * uniform())
      })
      return table
    },
  }
}
