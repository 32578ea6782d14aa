import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { ModelError, describeCause, systemCode } from './error.js'

/** What a file must be, byte for byte. */
export interface ExpectedFile {
  readonly bytes: number
  readonly sha256: string
}

/** Lower-case hexadecimal SHA-256. */
export function sha256Hex(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

/**
 * Reads a file once and gives its bytes only if they are the expected ones, so that what is used is
 * what was checked.
 * @throws ModelError `file-missing`, `file-unreadable`, `wrong-size` or `wrong-hash`
 */
export function readChecked(path: string, expected: ExpectedFile, cure: string): Uint8Array {
  let data: Uint8Array
  try {
    const size = statSync(path).size
    if (size !== expected.bytes) {
      throw new ModelError({
        code: 'wrong-size',
        what: `holds ${size} bytes where the manifest says ${expected.bytes}`,
        where: path,
        cure,
      })
    }
    data = readFileSync(path)
  } catch (cause) {
    if (cause instanceof ModelError) throw cause
    const missing = systemCode(cause) === 'ENOENT'
    throw new ModelError({
      code: missing ? 'file-missing' : 'file-unreadable',
      what: missing ? 'the file is missing' : `cannot be read (${describeCause(cause)})`,
      where: path,
      cure,
      cause,
    })
  }
  checkBytes(data, expected, path, cure)
  return data
}

/**
 * @throws ModelError `wrong-size` or `wrong-hash`
 */
export function checkBytes(
  data: Uint8Array,
  expected: ExpectedFile,
  where: string,
  cure: string,
): void {
  if (data.length !== expected.bytes) {
    throw new ModelError({
      code: 'wrong-size',
      what: `holds ${data.length} bytes where the manifest says ${expected.bytes}`,
      where,
      cure,
    })
  }
  const sha256 = sha256Hex(data)
  if (sha256 !== expected.sha256) {
    throw new ModelError({
      code: 'wrong-hash',
      what: `has the sha256 ${sha256} where the manifest says ${expected.sha256}`,
      where,
      cure,
    })
  }
}

/** Whether the file stands there with exactly the expected bytes. */
export function isIntact(path: string, expected: ExpectedFile): boolean {
  try {
    readChecked(path, expected, '')
    return true
  } catch (cause) {
    if (cause instanceof ModelError) return false
    throw cause
  }
}

/**
 * Writes a file whole or not at all: into a neighbour first, then renamed.
 * @throws ModelError `disk-full` or `not-writable`
 */
export function writeAtomically(path: string, data: Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    mkdirSync(dirname(path), { recursive: true })
    try {
      writeFileSync(temporary, data, { flush: true })
      renameSync(temporary, path)
    } finally {
      rmSync(temporary, { force: true })
    }
  } catch (cause) {
    throw asWriteFault(cause, path)
  }
}

/** Names a failed write: a full disk, or a place that may not be written. */
export function asWriteFault(cause: unknown, path: string): ModelError {
  const code = systemCode(cause)
  const full = code === 'ENOSPC' || code === 'EDQUOT'
  return new ModelError({
    code: full ? 'disk-full' : 'not-writable',
    what: full ? 'the disk is full' : `cannot be written (${describeCause(cause)})`,
    where: path,
    cure: full
      ? 'free about 200 MB and run `npm run prepare` again'
      : 'make the folder writable for the installing user and run `npm run prepare` again',
    cause,
  })
}
