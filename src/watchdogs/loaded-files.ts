import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'

/** A file as it was when it was loaded. */
interface LoadedFile {
  readonly path: string
  readonly sha256: string
  stamp: string
}

/** Tells which of the loaded files are no longer on disk as they were loaded. */
export interface LoadedFiles {
  /** Paths that have changed or gone; what was loaded stays in use. */
  changed(): readonly string[]
}

const sha256Of = (path: string): string =>
  createHash('sha256').update(readFileSync(path)).digest('hex')

function stampOf(path: string): string {
  const { mtimeMs, ctimeMs, size, ino } = statSync(path)
  return [mtimeMs, ctimeMs, size, ino].join('/')
}

function isChanged(file: LoadedFile): boolean {
  try {
    const stamp = stampOf(file.path)
    if (stamp === file.stamp) return false
    if (sha256Of(file.path) !== file.sha256) return true
    file.stamp = stamp
    return false
  } catch {
    return true
  }
}

/** Remembers the files as they are now; reads one again only when its size or times have changed. */
export function watchLoadedFiles(paths: readonly string[]): LoadedFiles {
  const files = paths.flatMap((path): LoadedFile[] => {
    try {
      return [{ path, stamp: stampOf(path), sha256: sha256Of(path) }]
    } catch {
      return []
    }
  })
  return { changed: () => files.filter(isChanged).map(({ path }) => path) }
}
