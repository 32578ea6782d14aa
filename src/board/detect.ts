import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { boardNames, boardsFolder, readBoardProfile } from '../config/board.js'

/** Which board this is, and how that is known. */
export interface DetectedBoard {
  readonly name: string
  /** What decided it, for people. */
  readonly because: string
}

export interface DetectOptions {
  /** Root of the system that is looked at. */
  readonly root?: string
  /** Its processor as Node.js says it. */
  readonly architecture?: string
  readonly boardsFolder?: string
}

/**
 * Finds the profile of the board that this program runs on: by the names in its device tree, most
 * specific first; a machine without a device tree by its processor.
 * @returns `undefined` where no profile fits
 */
export function detectBoard(options: DetectOptions = {}): DetectedBoard | undefined {
  const { root = '/', architecture = process.arch, boardsFolder: folder = boardsFolder } = options
  const profiles = boardNames(folder).map((name) => ({
    name,
    detect: readBoardProfile(name, folder).board.detect,
  }))
  const tree = join(root, 'proc', 'device-tree', 'compatible')
  const compatible = existsSync(tree)
    ? readFileSync(tree, 'latin1').split('\0').filter(Boolean)
    : []
  for (const told of compatible) {
    const found = profiles.find(({ detect }) => detect?.compatible.includes(told))
    if (found) return { name: found.name, because: `its device tree says ${told}` }
  }
  if (compatible.length > 0) return undefined
  const found = profiles.find(
    ({ detect }) => detect?.compatible.length === 0 && detect.architecture === architecture,
  )
  return found && { name: found.name, because: `no device tree, processor ${architecture}` }
}
