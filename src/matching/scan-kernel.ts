import { EMBEDDING_LENGTH } from '../encoding/embedding.js'
import { assembleModule, F32, I32, op, V128, type Code } from './wasm-assembler.js'

/** Rows are stored in groups of four, so that one vector register holds a score of each. */
export const GROUP_ROWS = 4
/** Bytes of one row of 4-bit codes. */
export const ROW_BYTES = EMBEDDING_LENGTH / 2
/** Where in a group its four row scales (float32) begin, in bytes. */
export const GROUP_SCALES = GROUP_ROWS * ROW_BYTES
/** Where in a group its four row error bounds (float32) begin, in bytes. */
export const GROUP_BOUNDS = GROUP_SCALES + 4 * GROUP_ROWS
/** Bytes of a group: four rows of codes, then the scales, then the bounds. */
export const GROUP_BYTES = GROUP_BOUNDS + 4 * GROUP_ROWS

const LANES = 8
const PLANES = 4
const BLOCK = LANES * PLANES

/**
 * Where a component's code lives: bit `shift` of the little-endian 16-bit word number `word` of its row.
 * A block of 32 components takes eight words; one 4-bit plane of them is eight neighbours.
 */
export function codePosition(component: number): { word: number; shift: number } {
  const block = Math.floor(component / BLOCK)
  const plane = Math.floor((component % BLOCK) / LANES)
  return { word: block * LANES + (component % LANES), shift: 4 * plane }
}

/**
 * By what the kernel multiplies a component's code: the two middle planes are masked, not shifted,
 * which saves instructions, and the probe's component is divided by this instead.
 */
export function codeFactor(component: number): number {
  return [1, 16, 256, 1][codePosition(component).shift / 4]
}

/**
 * Scores groups of 4-bit rows against an int16 probe and writes down those that may reach `level`.
 *
 * With codes c in 0..15, row r scores scaleᵣ·(2·Σ cᵢ·factorᵢ·probeᵢ − centre) + widen·boundᵣ.
 * A group with a row that scores ≥ `level` is written to `hits` as its byte address with the four
 * rows' bits in the low bits (addresses are multiples of 16). NaN never scores.
 *
 * `group`, `end`, `probe` and `hits` are byte addresses; returns the address after the last hit.
 */
export type ScanKernel = (
  group: number,
  end: number,
  probe: number,
  hits: number,
  centre: number,
  level: number,
  widen: number,
) => number

const [GROUP, GROUP_END, PROBE, HITS, CENTRE, LEVEL, WIDEN] = [0, 1, 2, 3, 4, 5, 6]
const [FOUND, CENTRES, LEVELS, WIDENS, PROBE_PART] = [7, 8, 9, 10, 11]
const MASKS = 12
const WORDS = 15
const SUMS = 19
const ROWS = [0, 1, 2, 3]

/** Eight codes of the row's current words, each times its `codeFactor`, as int16. */
function planeOf(row: number, plane: number): Code {
  const words = op.get(WORDS + row)
  return plane === 3
    ? op.i16x8ShiftRightUnsigned(words, op.i32(12))
    : op.v128And(words, op.get(MASKS + plane))
}

/** Leaves four partial sums of each row in `SUMS + row`. */
function accumulate(): Code {
  const code: number[] = []
  for (let block = 0; block < EMBEDDING_LENGTH / BLOCK; block++) {
    for (const row of ROWS) {
      const words = op.v128Load(op.get(GROUP), row * ROW_BYTES + block * LANES * 2)
      code.push(...op.set(WORDS + row, words))
    }
    for (let plane = 0; plane < PLANES; plane++) {
      const probeAt = (block * BLOCK + plane * LANES) * 2
      code.push(...op.set(PROBE_PART, op.v128Load(op.get(PROBE), probeAt)))
      for (const row of ROWS) {
        const dot = op.i32x4DotI16x8(planeOf(row, plane), op.get(PROBE_PART))
        const isFirst = block === 0 && plane === 0
        const sum = isFirst ? dot : op.i32x4Add(op.get(SUMS + row), dot)
        code.push(...op.set(SUMS + row, sum))
      }
    }
  }
  return code
}

/** Adds the partial sums across: one vector of four dot products, left in `SUMS`. */
function transposeAndAdd(): Code {
  const pair = (row: number): Code => {
    const [a, b] = [op.get(SUMS + row), op.get(SUMS + row + 1)]
    return op.i32x4Add(op.shuffle32(a, b, [0, 4, 1, 5]), op.shuffle32(a, b, [2, 6, 3, 7]))
  }
  const [a, b] = [op.get(SUMS), op.get(SUMS + 1)]
  const across = op.i32x4Add(op.shuffle32(a, b, [0, 1, 4, 5]), op.shuffle32(a, b, [2, 3, 6, 7]))
  return [...op.set(SUMS, pair(0)), ...op.set(SUMS + 1, pair(2)), ...op.set(SUMS, across)]
}

function rowsThatReachLevel(): Code {
  const dot = op.get(SUMS)
  const centred = op.i32x4Subtract(op.i32x4Add(dot, dot), op.get(CENTRES))
  const score = op.f32x4Add(
    op.f32x4Mul(op.f32x4FromI32x4(centred), op.v128Load(op.get(GROUP), GROUP_SCALES)),
    op.f32x4Mul(op.v128Load(op.get(GROUP), GROUP_BOUNDS), op.get(WIDENS)),
  )
  return op.i32x4Bitmask(op.f32x4GreaterEqual(score, op.get(LEVELS)))
}

function kernelBody(): Code {
  const writeHit = [
    ...op.i32Store(op.get(HITS), op.i32Or(op.get(GROUP), op.get(FOUND))),
    ...op.set(HITS, op.i32Add(op.get(HITS), op.i32(4))),
  ]
  const scanGroups = [
    ...op.branchIf(1, op.i32GreaterEqualUnsigned(op.get(GROUP), op.get(GROUP_END))),
    ...accumulate(),
    ...transposeAndAdd(),
    ...op.when(op.tee(FOUND, rowsThatReachLevel()), writeHit),
    ...op.set(GROUP, op.i32Add(op.get(GROUP), op.i32(GROUP_BYTES))),
    ...op.branch(0),
  ]
  return [
    ...op.set(CENTRES, op.i32x4Splat(op.get(CENTRE))),
    ...op.set(LEVELS, op.f32x4Splat(op.get(LEVEL))),
    ...op.set(WIDENS, op.f32x4Splat(op.get(WIDEN))),
    ...[0x000f, 0x00f0, 0x0f00].flatMap((mask, plane) =>
      op.set(MASKS + plane, op.i16x8Splat(op.i32(mask))),
    ),
    ...op.block(op.loop(scanGroups)),
    ...op.get(HITS),
  ]
}

let compiled: WebAssembly.Module | undefined

function compile(): WebAssembly.Module {
  const bytes = assembleModule({
    exportName: 'scan',
    parameters: [I32, I32, I32, I32, I32, F32, F32],
    result: I32,
    locals: [I32, ...Array<typeof V128>(SUMS + ROWS.length - CENTRES).fill(V128)],
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
