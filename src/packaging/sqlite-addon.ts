import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { packageRoot } from '../config/paths.js'
import type { Architecture } from './architecture.js'
import type { NodeRuntime } from './node-runtime.js'
import { runTool } from './run-tool.js'

/** The one native module whose binary no npm package carries. */
const MODULE = 'better-sqlite3-multiple-ciphers'
const ADDON = 'better_sqlite3.node'

const WRAP_HEADER = join('include', 'node', 'node_object_wrap.h')

/**
 * The header of wrapped objects as it was before Node.js 24.19: since then it registers each object with
 * its environment and aborts the process where one is collected while no JavaScript runs
 * (https://github.com/nodejs/node/issues/65446, open as of 24.22). SQLite's statements are such objects.
 */
export function withoutCleanupHooks(header: string): string {
  return header.replace(/^\s*(?:Add|Remove)CleanupHook\(\);\n/gm, '')
}

/** Version of the interface to addons, as the runtime's headers name it. */
function abiOf(runtime: NodeRuntime): number {
  const path = join(runtime.folder, 'include', 'node', 'node_version.h')
  const abi = /^#define NODE_MODULE_VERSION (\d+)$/m.exec(readFileSync(path, 'utf8'))?.[1]
  if (abi === undefined) throw new Error(`${path} names no NODE_MODULE_VERSION`)
  return Number(abi)
}

/** Whether an addon is one for that version: it exports a function named after it. */
export function registersFor(abi: number, addon: Buffer): boolean {
  return addon.includes(`node_register_module_v${abi}\0`)
}

/** Where an addon lies that was made of the very same: compiler, headers, sources. */
function keptPath(architecture: Architecture, runtime: NodeRuntime, compiler: string): string {
  const sources = readFileSync(join(packageRoot, 'node_modules', MODULE, 'package.json'))
  const hash = createHash('sha256')
  const header = readFileSync(join(runtime.folder, WRAP_HEADER))
  for (const part of [compiler, runtime.version, header, sources]) hash.update(part)
  const name = `sqlite-${architecture.debian}-${hash.digest('hex').slice(0, 32)}.node`
  return join(packageRoot, 'node_modules', '.cache', 'genkan', name)
}

/**
 * Compiles SQLite's addon for a board from the sources in its npm package, against the headers of the
 * board's own Node.js. That takes minutes, so the addon is kept for the next package.
 * @param modules the board's `node_modules`, which receives the addon
 * @throws Error when the compiler for that architecture is missing or fails
 */
export function compileSqliteAddon(
  architecture: Architecture,
  runtime: NodeRuntime,
  modules: string,
  workFolder: string,
): void {
  const wrapHeader = join(runtime.folder, WRAP_HEADER)
  writeFileSync(wrapHeader, withoutCleanupHooks(readFileSync(wrapHeader, 'utf8')))
  const tool = (name: string) => `${architecture.toolPrefix}${name}`
  const target = join(modules, MODULE, 'build', 'Release')
  rmSync(join(modules, MODULE, 'build'), { recursive: true, force: true })
  mkdirSync(target, { recursive: true })
  const debianPackage = `node-gyp and g++-${architecture.toolPrefix.slice(0, -1)}`
  const compiler = runTool(tool('g++'), ['--version'], { cwd: target, debianPackage })
  const kept = keptPath(architecture, runtime, compiler)
  if (existsSync(kept)) {
    cpSync(kept, join(target, ADDON))
    return
  }
  const sources = join(workFolder, 'sqlite')
  rmSync(sources, { recursive: true, force: true })
  cpSync(join(packageRoot, 'node_modules', MODULE), sources, {
    recursive: true,
    filter: (path) => !path.endsWith(join(MODULE, 'build')),
  })
  const nodeGyp = join(packageRoot, 'node_modules', '.bin', 'node-gyp')
  runTool(
    nodeGyp,
    ['rebuild', '--release', `--arch=${architecture.node}`, `--nodedir=${runtime.folder}`],
    {
      cwd: sources,
      env: {
        ...{ CC: tool('gcc'), CXX: tool('g++'), AR: tool('ar'), LINK: tool('g++') },
        // node-gyp believes npm's settings more than its own arguments, and Debian's npm sets this one.
        npm_config_nodedir: runtime.folder,
      },
      debianPackage,
    },
  )
  const built = join(sources, 'build', 'Release', ADDON)
  runTool(tool('strip'), ['--strip-unneeded', built], { cwd: sources, debianPackage })
  if (!registersFor(abiOf(runtime), readFileSync(built))) {
    throw new Error(`${built} was not compiled against Node.js ${runtime.version}`)
  }
  cpSync(built, join(target, ADDON))
  mkdirSync(dirname(kept), { recursive: true })
  cpSync(built, `${kept}.new`)
  renameSync(`${kept}.new`, kept)
}
