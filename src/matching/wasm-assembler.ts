/** Bytes of WebAssembly code, in order. */
export type Code = readonly number[]

/** Value types of the binary format (WebAssembly core 2.0, section 5.3). */
export const I32 = 0x7f
export const F32 = 0x7d
export const V128 = 0x7b
export type ValueType = typeof I32 | typeof F32 | typeof V128

function unsignedLeb(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  do {
    const low = rest & 0x7f
    rest >>>= 7
    bytes.push(rest === 0 ? low : low | 0x80)
  } while (rest !== 0)
  return bytes
}

function signedLeb(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (;;) {
    const low = rest & 0x7f
    rest >>= 7
    if ((rest === 0 && !(low & 0x40)) || (rest === -1 && low & 0x40)) return [...bytes, low]
    bytes.push(low | 0x80)
  }
}

function vector(items: readonly Code[]): number[] {
  return [...unsignedLeb(items.length), ...items.flat()]
}

function section(id: number, body: Code): number[] {
  return [id, ...unsignedLeb(body.length), ...body]
}

function text(value: string): number[] {
  const bytes = [...new TextEncoder().encode(value)]
  return [...unsignedLeb(bytes.length), ...bytes]
}

const simd = (opcode: number): number[] => [0xfd, ...unsignedLeb(opcode)]
/** Alignment hints are log2 of the bytes; only a hint, never a trap. */
const memoryArgument = (align: number, offset: number): number[] => [align, ...unsignedLeb(offset)]

const EMPTY_BLOCK = 0x40
const END = 0x0b

/** The instructions used by the kernel: operands first, as in the stack machine. */
export const op = {
  get: (local: number): Code => [0x20, ...unsignedLeb(local)],
  set: (local: number, value: Code): Code => [...value, 0x21, ...unsignedLeb(local)],
  tee: (local: number, value: Code): Code => [...value, 0x22, ...unsignedLeb(local)],
  block: (body: Code): Code => [0x02, EMPTY_BLOCK, ...body, END],
  loop: (body: Code): Code => [0x03, EMPTY_BLOCK, ...body, END],
  when: (condition: Code, body: Code): Code => [...condition, 0x04, EMPTY_BLOCK, ...body, END],
  branch: (depth: number): Code => [0x0c, ...unsignedLeb(depth)],
  branchIf: (depth: number, condition: Code): Code => [...condition, 0x0d, ...unsignedLeb(depth)],

  i32: (value: number): Code => [0x41, ...signedLeb(value)],
  i32Add: (a: Code, b: Code): Code => [...a, ...b, 0x6a],
  i32Or: (a: Code, b: Code): Code => [...a, ...b, 0x72],
  i32GreaterEqualUnsigned: (a: Code, b: Code): Code => [...a, ...b, 0x4f],
  i32Store: (address: Code, value: Code): Code => [
    ...address,
    ...value,
    0x36,
    ...memoryArgument(2, 0),
  ],

  v128Load: (address: Code, offset: number): Code => [
    ...address,
    ...simd(0x00),
    ...memoryArgument(4, offset),
  ],
  v128And: (a: Code, b: Code): Code => [...a, ...b, ...simd(0x4e)],
  i16x8Splat: (value: Code): Code => [...value, ...simd(0x10)],
  i16x8ShiftRightUnsigned: (a: Code, bits: Code): Code => [...a, ...bits, ...simd(0x8d)],
  /** Lanes of 32 bits: 0–3 from `a`, 4–7 from `b`. */
  shuffle32: (a: Code, b: Code, lanes: readonly [number, number, number, number]): Code => [
    ...a,
    ...b,
    ...simd(0x0d),
    ...lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte)),
  ],
  f32x4Splat: (value: Code): Code => [...value, ...simd(0x13)],
  f32x4GreaterEqual: (a: Code, b: Code): Code => [...a, ...b, ...simd(0x46)],
  f32x4Add: (a: Code, b: Code): Code => [...a, ...b, ...simd(0xe4)],
  f32x4Mul: (a: Code, b: Code): Code => [...a, ...b, ...simd(0xe6)],
  f32x4FromI32x4: (a: Code): Code => [...a, ...simd(0xfa)],
  i32x4Bitmask: (a: Code): Code => [...a, ...simd(0xa4)],
  i32x4Splat: (value: Code): Code => [...value, ...simd(0x11)],
  i32x4Subtract: (a: Code, b: Code): Code => [...a, ...b, ...simd(0xb1)],
  i32x4Add: (a: Code, b: Code): Code => [...a, ...b, ...simd(0xae)],
  /** Products of int16 lanes, neighbours added: eight lanes to four. */
  i32x4DotI16x8: (a: Code, b: Code): Code => [...a, ...b, ...simd(0xba)],
} as const

/** One exported function and the memory it works on. */
export interface ModuleParts {
  readonly exportName: string
  readonly parameters: readonly ValueType[]
  readonly result: ValueType
  /** Types of the locals after the parameters. */
  readonly locals: readonly ValueType[]
  readonly body: Code
}

/**
 * Assembles a module that imports `env.memory` and exports one function
 * (WebAssembly core 2.0, section 5.5).
 */
export function assembleModule(parts: ModuleParts): Uint8Array<ArrayBuffer> {
  const { exportName, parameters, result, locals, body } = parts
  const code = [...vector(locals.map((type) => [1, type])), ...body, END]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector([[0x60, ...vector(parameters.map((type) => [type])), 1, result]])),
    ...section(2, vector([[...text('env'), ...text('memory'), 0x02, 0x00, 0x00]])),
    ...section(3, vector([[0]])),
    ...section(7, vector([[...text(exportName), 0x00, 0x00]])),
    ...section(10, vector([[...unsignedLeb(code.length), ...code]])),
  ])
}
