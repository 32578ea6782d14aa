import { join } from 'node:path'
import type { PinnedFile, PinnedPackage } from './manifest.js'
import { cacheFolder } from './registry.js'

/** Where a file of a pinned package is kept as it was published. */
export function sourcePath(
  source: PinnedPackage,
  file: PinnedFile,
  folder: string = cacheFolder,
): string {
  const packageFolder = `${source.package.replace('/', '__')}-${source.version}`
  return join(folder, 'source', packageFolder, file.path)
}
