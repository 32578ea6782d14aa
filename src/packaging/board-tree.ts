import { cpSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { buildProgram } from '../cli/program.js'
import { exampleFile } from '../config/document.js'
import { packageRoot } from '../config/paths.js'
import { cacheFolder, defaultModels, modelsFolder, readAllManifests } from '../models/registry.js'
import { version } from '../version.js'
import type { Architecture } from './architecture.js'
import { collectLicences, installBoardModules } from './board-modules.js'
import {
  WITHHELD_LIST,
  WORKSHOP_NOTICE,
  isWorkshopCommand,
  traceBoardProgram,
} from './board-program.js'
import { manPage } from './man-page.js'
import { fetchNodeRuntime } from './node-runtime.js'
import { runTool } from './run-tool.js'
import { compileSqliteAddon } from './sqlite-addon.js'

/** Demonstration recordings that the replay camera plays. */
const REPLAY_ASSETS = /\.(?:mp4)$|^joconde\.jpg$/

function write(path: string, content: string | Uint8Array, mode = 0o644): void {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, content, { mode })
}

/** Encoders that are not the default are for comparing, not for a board. */
function boardModelFiles(): Set<string> {
  return new Set(
    readAllManifests()
      .filter(
        ({ manifest }) => manifest.role !== 'encoder' || manifest.id === defaultModels.encoder,
      )
      .map(({ modelPath }) => basename(modelPath)),
  )
}

function layModels(target: string): void {
  const wanted = boardModelFiles()
  cpSync(modelsFolder, target, {
    recursive: true,
    filter: (path) => !path.startsWith(join(cacheFolder, 'source')),
  })
  const built = join(target, '.cache', 'built')
  for (const name of readdirSync(built)) {
    if (!wanted.has(name)) rmSync(join(built, name), { recursive: true })
  }
  const assets = join(target, '.cache', 'assets')
  for (const name of readdirSync(assets)) {
    if (!REPLAY_ASSETS.test(name)) rmSync(join(assets, name), { recursive: true })
  }
}

/** Lays the built program of a board, without models and packages, in a folder. */
export function layProgram(app: string): void {
  const built = join(packageRoot, 'build', 'src')
  const { files, withheld } = traceBoardProgram(built)
  const target = join(app, 'build', 'src')
  for (const file of files) cpSync(join(built, file), join(target, file))
  for (const file of withheld) write(join(target, file), WORKSHOP_NOTICE)
  write(join(target, WITHHELD_LIST.file), WITHHELD_LIST.text)
  // Pages and styles are served from where they are written.
  cpSync(join(packageRoot, 'src', 'admin'), join(app, 'src', 'admin'), {
    recursive: true,
    filter: (path) => !/\.tsx?$/.test(path),
  })
  for (const name of ['package.json', 'firmware-config', 'LICENSE']) {
    cpSync(join(packageRoot, name), join(app, name), { recursive: true })
  }
}

function laySystem(tree: string): void {
  const units = join(packageRoot, 'systemd')
  cpSync(join(units, 'drop-ins'), join(tree, 'usr', 'share', 'genkan', 'drop-ins'), {
    recursive: true,
  })
  const wrapper = join(tree, 'usr', 'bin', 'genkan')
  mkdirSync(join(tree, 'usr', 'bin'), { recursive: true })
  cpSync(join(units, 'debian', 'genkan'), wrapper)
  cpSync(join(units, 'kiosk-display'), join(tree, 'usr', 'lib', 'genkan', 'kiosk-display'))
  write(join(tree, 'usr', 'share', 'genkan', 'genkan.yaml'), exampleFile())
}

/**
 * Lays out everything that a board gets, as it will lie below `/`.
 * @param tree an empty or new folder
 * @param workFolder for what is only needed on the way
 * @param date day of the build, as YYYY-MM-DD
 */
export async function layBoardTree(
  architecture: Architecture,
  tree: string,
  workFolder: string,
  date: string,
): Promise<void> {
  const app = join(tree, 'usr', 'lib', 'genkan')
  const documents = join(tree, 'usr', 'share', 'doc', 'genkan')
  mkdirSync(app, { recursive: true })
  mkdirSync(documents, { recursive: true })
  layProgram(app)
  layModels(join(app, 'models'))
  laySystem(tree)
  const runtime = await fetchNodeRuntime(architecture, join(workFolder, 'node'))
  mkdirSync(join(app, 'bin'), { recursive: true })
  cpSync(join(runtime.folder, 'bin', 'node'), join(app, 'bin', 'node'))
  runTool(`${architecture.toolPrefix}strip`, ['--strip-unneeded', join(app, 'bin', 'node')], {
    cwd: app,
    debianPackage: `binutils-${architecture.toolPrefix.slice(0, -1)}`,
  })
  const modules = join(workFolder, 'modules')
  installBoardModules(architecture, modules)
  compileSqliteAddon(architecture, runtime, join(modules, 'node_modules'), workFolder)
  renameSync(join(modules, 'node_modules'), join(app, 'node_modules'))
  const licences = [
    `==== Node.js ${runtime.version}\n`,
    collectLicences(join(app, 'node_modules')),
  ].join('\n')
  write(join(documents, 'third-party-licences.gz'), gzipSync(licences, { level: 9 }))
  write(
    join(tree, 'usr', 'share', 'man', 'man1', 'genkan.1'),
    manPage(buildProgram(), version, date, isWorkshopCommand),
  )
}
