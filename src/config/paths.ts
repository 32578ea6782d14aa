import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

function findPackageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder)
    if (parent === folder) {
      throw new Error('no package.json above the program; reinstall genkan')
    }
    folder = parent
  }
  return folder
}

/** Folder that holds package.json, models/ and firmware-config/, wherever genkan is installed. */
export const packageRoot = findPackageRoot()
