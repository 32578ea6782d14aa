import { EMBEDDING_LENGTH } from '../encoding/embedding.js'
import { assembleModule, F32, I32, op, V128, type Code } from './wasm-assembler.js'

/** Rows are stored in groups of four, so that one vector register holds a score of each. */
export const GROUP_ROWS = 4
/** Where in a group its four row scales (float32) begin, in bytes. */
export const GROUP_SCALES = GROUP_ROWS * EMBEDDING_LENGTH
/** Where in a group its four row error bounds (float32) begin, in bytes. */
export const GROUP_BOUNDS = GROUP_SCALES + 4 * GROUP_ROWS
/** Bytes of a group: four rows of int8, then the scales, then the bounds. */
export const GROUP_BYTES = GROUP_BOUNDS + 4 * GROUP_ROWS

/**
 * Scores groups of int8 rows against an int16 probe and writes down those that may reach `level`.
 *
 * Row r scores scaleᵣ·(qᵣ·probe) + widen·boundᵣ. A group with a row that scores ≥ `level` is
 * written to `hits` as its byte address with the four rows' bits in the low bits (addresses are
 * multiples of 16). NaN never scores.
 *
 * All parameters but `level` and `widen` are byte addresses; returns the address after the last hit.
 */
export type ScanKernel = (
  group: number,
  end: number,
  probe: number,
  hits: number,
  level: number,
  widen: number,
) => number

const LANES = 8
const [GROUP, GROUP_END, PROBE, HITS, LEVEL, WIDEN] = [0, 1, 2, 3, 4, 5]
const [MASK, LEVELS, WIDENS, PROBE_PART, SUMS] = [6, 7, 8, 9, 10]
const ROWS = [0, 1, 2, 3]

/** The dot product of eight components of one row with the probe part at hand. */
function partialDot(row: number, from: number): Code {
  const components = op.v128Load8x8Signed(op.get(GROUP), row * EMBEDDING_LENGTH + from)
  return op.i32x4DotI16x8(components, op.get(PROBE_PART))
}

/** Leaves the four partial sums of each row in `SUMS + row`. */
function accumulate(): Code {
  const code: number[] = []
  for (let from = 0; from < EMBEDDING_LENGTH; from += LANES) {
    code.push(...op.set(PROBE_PART, op.v128Load(op.get(PROBE), from * 2)))
    for (const row of ROWS) {
      const dot = partialDot(row, from)
      const sum = from === 0 ? dot : op.i32x4Add(op.get(SUMS + row), dot)
      code.push(...op.set(SUMS + row, sum))
    }
  }
  return code
}

/** Adds the partial sums across: one vector of four dot products. */
function transposeAndAdd(): Code {
  const pair = (row: number): Code => {
    const [a, b] = [op.get(SUMS + row), op.get(SUMS + row + 1)]
    return op.i32x4Add(op.shuffle32(a, b, [0, 4, 1, 5]), op.shuffle32(a, b, [2, 6, 3, 7]))
  }
  const [a, b] = [op.get(SUMS), op.get(SUMS + 1)]
  return [
    ...op.set(SUMS, pair(0)),
    ...op.set(SUMS + 1, pair(2)),
    ...op.i32x4Add(op.shuffle32(a, b, [0, 1, 4, 5]), op.shuffle32(a, b, [2, 3, 6, 7])),
  ]
}

function scoreMask(): Code {
  const score = op.f32x4Add(
    op.f32x4Mul(op.f32x4FromI32x4(transposeAndAdd()), op.v128Load(op.get(GROUP), GROUP_SCALES)),
    op.f32x4Mul(op.v128Load(op.get(GROUP), GROUP_BOUNDS), op.get(WIDENS)),
  )
  return op.i32x4Bitmask(op.f32x4GreaterEqual(score, op.get(LEVELS)))
}

function kernelBody(): Code {
  const writeHit = [
    ...op.i32Store(op.get(HITS), op.i32Or(op.get(GROUP), op.get(MASK))),
    ...op.set(HITS, op.i32Add(op.get(HITS), op.i32(4))),
  ]
  const scanGroups = [
    ...op.branchIf(1, op.i32GreaterEqualUnsigned(op.get(GROUP), op.get(GROUP_END))),
    ...accumulate(),
    ...op.when(op.tee(MASK, scoreMask()), writeHit),
    ...op.set(GROUP, op.i32Add(op.get(GROUP), op.i32(GROUP_BYTES))),
    ...op.branch(0),
  ]
  return [
    ...op.set(LEVELS, op.f32x4Splat(op.get(LEVEL))),
    ...op.set(WIDENS, op.f32x4Splat(op.get(WIDEN))),
    ...op.block(op.loop(scanGroups)),
    ...op.get(HITS),
  ]
}

let compiled: WebAssembly.Module | undefined

function compile(): WebAssembly.Module {
  const bytes = assembleModule({
    exportName: 'scan',
    parameters: [I32, I32, I32, I32, F32, F32],
    result: I32,
    locals: [I32, V128, V128, V128, V128, V128, V128, V128],
    body: kernelBody(),
  })
  if (!WebAssembly.validate(bytes)) {
    throw new Error(
      'this processor or Node.js build has no WebAssembly SIMD, which the gallery needs; ' +
        'use Node.js 20 or later without --jitless, on x86-64 with SSE4.1 or on arm64',
    )
  }
  return new WebAssembly.Module(bytes)
}

/**
 * Compiles the kernel over a memory.
 * @throws Error when WebAssembly SIMD is not there
 */
export function createScanKernel(memory: WebAssembly.Memory): ScanKernel {
  compiled ??= compile()
  const instance = new WebAssembly.Instance(compiled, { env: { memory } })
  return instance.exports['scan'] as ScanKernel
}
