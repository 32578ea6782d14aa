import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { postgresPrograms } from '../../src/bench/fleet/postgres-server.js'
import type { Cluster } from './cluster.js'

/** Something that nobody may read, in a form in which somebody could. */
export interface Form {
  readonly what: string
  readonly bytes: Buffer
}

/** Bytes as they are, as hex, and as base64 wherever in a text they begin. */
function writings(what: string, bytes: Buffer): Form[] {
  const base64 = [0, 1, 2].map((before) => {
    const shifted = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    // Whatever depends on what stands before or behind.
    return shifted.slice(
      before === 0 ? 0 : before + 1,
      Math.floor(((before + bytes.length) * 8) / 6),
    )
  })
  const hex = bytes.toString('hex')
  return [
    { what, bytes },
    { what: `${what} as hex`, bytes: Buffer.from(hex) },
    { what: `${what} as HEX`, bytes: Buffer.from(hex.toUpperCase()) },
    ...base64.map((text) => ({ what: `${what} as base64`, bytes: Buffer.from(text) })),
  ]
}

/** Sixteen numbers out of the middle of an embedding. */
const MIDDLE = { from: 40, to: 56 }

/** The forms of an embedding: float32 of either order, float64, int8, and decimals. */
export function formsOfEmbedding(vector: Float32Array): Form[] {
  const part = vector.slice(MIDDLE.from, MIDDLE.to)
  const of = (size: number, write: (bytes: Buffer, value: number, at: number) => void) => {
    const bytes = Buffer.alloc(part.length * size)
    part.forEach((value, index) => write(bytes, value, index * size))
    return bytes
  }
  const decimals = [...part].slice(0, 2).join(',')
  return [
    ...writings(
      'float32',
      of(4, (bytes, value, at) => void bytes.writeFloatLE(value, at)).subarray(0, 16),
    ),
    ...writings(
      'float32 BE',
      of(4, (bytes, value, at) => void bytes.writeFloatBE(value, at)).subarray(0, 16),
    ),
    ...writings(
      'float64',
      of(8, (bytes, value, at) => void bytes.writeDoubleLE(value, at)).subarray(0, 16),
    ),
    ...writings(
      'int8',
      of(1, (bytes, value, at) => void bytes.writeInt8(Math.round(value * 127), at)),
    ),
    { what: 'decimals', bytes: Buffer.from(decimals) },
  ]
}

/** The forms of a picture's bytes: what stands in the middle and at the end, and how such files begin. */
export function formsOfPicture(file: Uint8Array): Form[] {
  const bytes = Buffer.from(file)
  const middle = Math.floor(bytes.length / 2)
  return [
    ...writings('picture', bytes.subarray(middle, middle + 16)),
    ...writings('end of picture', bytes.subarray(-16)),
    ...writings('beginning of picture', bytes.subarray(0, 8)),
  ]
}

export const formsOfName = (name: string): Form[] => writings('name', Buffer.from(name))

/** Forms that stand in the bytes. */
export const found = (bytes: Buffer, forms: readonly Form[]): string[] => [
  ...new Set(forms.filter((form) => bytes.includes(form.bytes)).map(({ what }) => what)),
]

/** What is written of a file of a fixed size. */
function written(path: string): Buffer {
  const bytes = readFileSync(path)
  let end = bytes.length
  while (end >= 8 && bytes.readBigUInt64LE(end - 8) === 0n) end -= 8
  return bytes.subarray(0, end)
}

/** Every byte of every file in a folder and in those within. */
export function filesIn(folder: string): Buffer {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true })
  const files = entries.filter((entry) => entry.isFile())
  return Buffer.concat(files.map(({ parentPath, name }) => readFileSync(join(parentPath, name))))
}

/** Everything that the server's administrator has: the database as text, and the log of what was written. */
export function everythingAtServer({ port, folder }: Cluster): Buffer {
  const dump = execFileSync(
    join(postgresPrograms() ?? '', 'pg_dump'),
    ['-h', '127.0.0.1', '-p', String(port), '-U', 'genkan', 'postgres'],
    { maxBuffer: 1024 * 1024 * 1024 },
  )
  const log = join(folder, 'data', 'pg_wal')
  const files = readdirSync(log, { withFileTypes: true }).filter((entry) => entry.isFile())
  return Buffer.concat([dump, ...files.map(({ name }) => written(join(log, name)))])
}
