import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { packageRoot } from '../config/paths.js'
import type { Architecture } from './architecture.js'
import { runTool } from './run-tool.js'

/**
 * What a board does not need: Debian's ffmpeg takes the bundled one's place, TensorFlow's native library
 * cannot come out of the npm registry (TensorFlow.js runs without it), and models are unpacked before.
 */
export const LEFT_OUT = ['@ffmpeg-installer/ffmpeg', '@tensorflow/tfjs-node', 'tar']

/** Files that only developers read. Licences stay. */
const DEVELOPERS_FILES =
  /\.(?:map|ts|mts|cts|tsx|markdown|md|flow|coffee|bin\.gz)$|^\.(?!bin)|^eslint\.config\./i
const DEVELOPERS_FOLDERS = new Set([
  'test',
  'tests',
  '__tests__',
  'docs',
  'example',
  'examples',
  'benchmark',
  'benchmarks',
  '.github',
  '.husky',
])
const LICENCES = /^(?:licen[cs]e|copying|notice)/i

const packageSchema = z.looseObject({
  dependencies: z.record(z.string(), z.string()),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
})

/**
 * Installs the production modules of the lock file for a board, and takes out what only developers or
 * other machines use. No package's script is run.
 * @param folder a fresh folder; the modules end in `node_modules` below it
 */
export function installBoardModules(architecture: Architecture, folder: string): void {
  mkdirSync(folder, { recursive: true })
  const root = packageSchema.parse(
    JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')),
  )
  const without = (wanted: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(wanted).filter(([name]) => !LEFT_OUT.includes(name)))
  const board = {
    ...root,
    scripts: {},
    devDependencies: {},
    dependencies: without(root.dependencies),
    optionalDependencies: without(root.optionalDependencies),
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(board, null, 2))
  copyFileSync(join(packageRoot, 'package-lock.json'), join(folder, 'package-lock.json'))
  const platform = ['--os=linux', `--cpu=${architecture.node}`, '--libc=glibc']
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  runTool('npm', ['install', '--omit=dev', '--ignore-scripts', ...platform, ...quiet], {
    cwd: folder,
  })
  prune(join(folder, 'node_modules'), architecture)
}

function prune(modules: string, architecture: Architecture): void {
  const runtimes = join(modules, 'onnxruntime-node', 'bin')
  for (const api of readdirSync(runtimes)) {
    for (const system of readdirSync(join(runtimes, api))) {
      const path = join(runtimes, api, system)
      if (system !== 'linux') rmSync(path, { recursive: true })
      else {
        for (const cpu of readdirSync(path)) {
          if (cpu !== architecture.node) rmSync(join(path, cpu), { recursive: true })
        }
      }
    }
  }
  for (const part of ['deps', 'src']) {
    rmSync(join(modules, 'better-sqlite3-multiple-ciphers', part), { recursive: true, force: true })
  }
  pruneTensorflow(join(modules, '@tensorflow'))
  for (const folder of ['.bin', '.package-lock.json', '@types']) {
    rmSync(join(modules, folder), { recursive: true, force: true })
  }
  pruneFolder(modules)
}

/** Each of these is there in eight forms; Node.js loads the one bundle that `main` names. */
function pruneTensorflow(scope: string): void {
  for (const name of readdirSync(scope)) {
    const folder = join(scope, name)
    const { main } = z
      .looseObject({ main: z.string() })
      .parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
    const bundle = readFileSync(join(folder, main))
    rmSync(join(folder, 'dist'), { recursive: true })
    rmSync(join(folder, 'src'), { recursive: true, force: true })
    mkdirSync(dirname(join(folder, main)), { recursive: true })
    writeFileSync(join(folder, main), bundle)
  }
}

function pruneFolder(folder: string): void {
  const isPackage = existsSync(join(folder, 'package.json'))
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      if (isPackage && DEVELOPERS_FOLDERS.has(entry.name)) rmSync(path, { recursive: true })
      else pruneFolder(path)
    } else if (!entry.isFile()) {
      continue
    } else if (DEVELOPERS_FILES.test(entry.name) && !LICENCES.test(entry.name)) {
      rmSync(path)
    } else {
      // Nothing in here is a command of the system's.
      chmodSync(path, 0o644)
    }
  }
}

/** The licence texts of every module below a folder, one after the other. */
export function collectLicences(modules: string): string {
  const texts: string[] = []
  const visit = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) visit(path)
      else if (LICENCES.test(entry.name) && existsSync(join(dirname(path), 'package.json'))) {
        const name = dirname(path).slice(modules.length + 1)
        texts.push(`==== ${name}\n\n${readFileSync(path, 'utf8').trim()}\n`)
      }
    }
  }
  visit(modules)
  return texts.join('\n')
}
