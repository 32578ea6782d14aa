import { chownSync, closeSync, copyFileSync, fsyncSync, openSync } from 'node:fs'
import { renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Puts a configuration in the place of another, whole or not at all, also when the power goes. The file
 * of before stays beside it as `….before`; its owner and mode are kept.
 */
export function replaceConfiguration(path: string, text: string): void {
  const next = `${path}.new`
  const before = statSync(path, { throwIfNoEntry: false })
  writeFileSync(next, text, { mode: before?.mode ?? 0o640, flush: true })
  if (before !== undefined) {
    if (process.getuid?.() === 0) chownSync(next, before.uid, before.gid)
    copyFileSync(path, `${path}.before`)
  }
  renameSync(next, path)
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
