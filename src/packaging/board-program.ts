import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { NOT_ON_A_BOARD } from '../cli/withhold.js'

/**
 * Commands, and groups of them, that fit or judge nets on labelled data, or need servers and packages
 * that a board has not. What measures the board itself, its camera or its own people stays.
 */
const WORKSHOP_COMMANDS = [
  'bench-fleet',
  'bench-nets',
  'bench-style',
  'evaluate',
  'learn-projection',
  'quantize',
  'train-clip',
  'train-mask',
]
/** Loaded by its own name, though it begins like one of these. */
const BOARD_MODULES = ['bench-style-door']

/** What starts on a board, and the folders that are read whole. */
const ENTRIES = ['cli.js', 'main.js']
const ENTRY_FOLDERS = ['admin/console', 'admin/kiosk', 'fleet/migrations']

/** Imports as the compiler writes them. */
const IMPORT =
  /^(?:import|export)\b[^'"]*?\bfrom\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm
/** Files that a module finds beside itself: workers, programs of child processes, WebAssembly. */
const BESIDE = /new URL\(\s*['"](\.[^'"*]*\.(?:js|wasm))['"],\s*import\.meta\.url,?\s*\)/g

const COMMAND_MODULE = /^commands\/(.+)\.js$/

/** What a board gets of the built program. */
export interface BoardProgram {
  /** Files to lay, below the built sources. */
  readonly files: readonly string[]
  /** Commands' modules in whose place {@link WORKSHOP_NOTICE} is laid. */
  readonly withheld: readonly string[]
  /** Packages that those files import. */
  readonly packages: ReadonlySet<string>
}

/** Tells whoever asks for such a command on a board where it is. */
export const WORKSHOP_NOTICE = `import { CommandError } from './command-error.js'
throw new CommandError('bad-input', ${JSON.stringify(NOT_ON_A_BOARD)})
`

/** Module by which the help of a board knows what to leave out. */
export const WITHHELD_LIST = {
  file: 'cli/withheld-commands.js',
  text: `export const WITHHELD_COMMANDS = ${JSON.stringify(WORKSHOP_COMMANDS)}\n`,
} as const

/** @param path a command as it is typed, such as `evaluate lfw` */
export function isWorkshopCommand(path: string): boolean {
  return WORKSHOP_COMMANDS.some((name) => path === name || path.startsWith(`${name} `))
}

function isWorkshopModule(file: string): boolean {
  const name = COMMAND_MODULE.exec(file)?.[1]
  if (name === undefined || BOARD_MODULES.includes(name)) return false
  return WORKSHOP_COMMANDS.map((command) => command.replaceAll(' ', '-')).some(
    (module) => name === module || name.startsWith(`${module}-`),
  )
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/**
 * Follows the imports from what starts on a board.
 * @param built folder of the built sources
 * @throws Error where a file imports one that is not there, or a part of the board needs a command of
 *   the workshop
 */
export function traceBoardProgram(built: string): BoardProgram {
  const files = new Set<string>()
  const withheld = new Set<string>()
  const packages = new Set<string>()
  const visit = (file: string, from: string): void => {
    if (files.has(file) || withheld.has(file)) return
    if (!existsSync(join(built, file))) {
      throw new Error(`${from} needs ${file}, which is not in ${built}; npm run build`)
    }
    if (isWorkshopModule(file)) {
      if (!from.startsWith('cli/')) {
        throw new Error(`${from} runs on a board and needs ${file}, which does not`)
      }
      withheld.add(file)
      return
    }
    files.add(file)
    if (!file.endsWith('.js')) return
    const text = readFileSync(join(built, file), 'utf8')
    const names = [...text.matchAll(IMPORT), ...text.matchAll(BESIDE)]
    for (const name of names.flatMap((match) => match.slice(1).filter(Boolean))) {
      if (name.startsWith('.')) visit(relative(built, resolve(built, file, '..', name)), file)
      else if (!name.startsWith('node:')) packages.add(packageOf(name))
    }
  }
  for (const entry of ENTRIES) visit(entry, 'the package')
  for (const folder of ENTRY_FOLDERS) {
    for (const name of readdirSync(join(built, folder), { recursive: true, encoding: 'utf8' })) {
      if (name.endsWith('.js')) visit(join(folder, name), 'the package')
    }
  }
  return { files: [...files].sort(), withheld: [...withheld].sort(), packages }
}
