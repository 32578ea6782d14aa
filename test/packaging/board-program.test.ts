import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { buildProgram } from '../../src/cli/program.js'
import { packageRoot } from '../../src/config/paths.js'
import { LEFT_OUT } from '../../src/packaging/board-modules.js'
import {
  WITHHELD_LIST,
  WORKSHOP_NOTICE,
  isWorkshopCommand,
  traceBoardProgram,
} from '../../src/packaging/board-program.js'
import { layProgram } from '../../src/packaging/board-tree.js'

const built = join(packageRoot, 'build', 'src')
const program = traceBoardProgram(built)

t.test('a board gets what runs on it', (t) => {
  for (const file of [
    'cli.js',
    WITHHELD_LIST.file,
    'daemon.js',
    'models/side-thread-worker.js',
    'style/jobs/worker.js',
    'store/copy-worker.js',
    'store/erasure-worker.js',
    'frame/pixels.wasm',
    'fleet/migrations/001.do.record.js',
    'admin/console/main.js',
    'admin/kiosk/main.js',
    'commands/calibrate-pad.js',
    'commands/learn.js',
    'commands/bench.js',
    'commands/style-train.js',
  ]) {
    t.ok(program.files.includes(file), file)
  }
  t.end()
})

t.test('and nothing that trains or judges nets', (t) => {
  const workshop =
    /^(?:packaging|evaluation\/attacks|evaluation\/pad|models\/tfjs)\/|\/train\.js$|\/prepare\.js$/
  t.same(
    program.files.filter((file) => workshop.test(file)),
    [],
  )
  for (const file of ['commands/train-mask.js', 'commands/evaluate-attacks.js']) {
    t.ok(program.withheld.includes(file), file)
  }
  t.end()
})

t.test('each package it imports comes with it', (t) => {
  const { dependencies } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const without = [...program.packages].filter(
    (name) => !(name in dependencies) || LEFT_OUT.includes(name),
  )
  t.same(without, [])
  t.end()
})

t.test('a command that is left out says so', async (t) => {
  const folder = t.testdir()
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  mkdirSync(join(folder, 'commands'))
  const error = readFileSync(join(built, 'commands', 'command-error.js'))
  writeFileSync(join(folder, 'commands', 'command-error.js'), error)
  const notice = join(folder, 'commands', 'train-mask.js')
  writeFileSync(notice, WORKSHOP_NOTICE)
  await t.rejects(import(pathToFileURL(notice).href), {
    name: 'CommandError',
    message: /run it in a checkout of genkan/,
  })
})

/** What a command prints on standard output when it is asked for help. */
function helpOf(words: readonly string[], withheld?: readonly string[]): string {
  let told = ''
  let command = buildProgram(withheld)
  for (const word of words) {
    const next = command.commands.find((child) => child.name() === word)
    if (next === undefined) throw new Error(`no command ${word}`)
    command = next
  }
  command.configureOutput({ writeOut: (text) => (told += text) }).outputHelp()
  return told
}

t.test('the help of a board lists what it has, and says where the rest is', async (t) => {
  const laid = join(t.testdir({ 'list.mjs': WITHHELD_LIST.text }), 'list.mjs')
  const { WITHHELD_COMMANDS: withheld } = (await import(
    pathToFileURL(laid).href
  )) as typeof import('../../src/cli/withheld-commands.js')
  const listed = (help: string) =>
    [...help.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name]) => name)
  const everything = listed(helpOf([]))
  t.ok(everything.includes('evaluate'))
  t.notMatch(helpOf([]), 'checkout')
  const board = helpOf([], withheld)
  t.same(
    listed(board),
    everything.filter((name) => !isWorkshopCommand(name)),
  )
  t.match(board, /are in a checkout of genkan\.\n$/)
  for (const words of [['train-mask'], ['evaluate'], ['evaluate', 'lfw']]) {
    t.match(helpOf(words, withheld), /^a board has not this command/)
    t.match(helpOf(words), /^Usage: genkan /)
  }
  t.match(helpOf(['learn'], withheld), /^Usage: genkan learn /)
})

t.test('as the program laid for a board does itself', (t) => {
  const app = t.testdir()
  layProgram(app)
  symlinkSync(join(packageRoot, 'node_modules'), join(app, 'node_modules'))
  const told = execFileSync(process.execPath, [join(app, 'build', 'src', 'cli.js'), '--help'], {
    encoding: 'utf8',
  })
  t.notMatch(told, /^ {2}(?:evaluate|train-mask|quantize)\b/m)
  t.match(told, /are in a checkout of genkan\.\n$/)
  t.end()
})

t.test('names of what is left out are names of commands', (t) => {
  const paths = new Set<string>()
  const visit = (command: ReturnType<typeof buildProgram>, above: string): void => {
    for (const child of command.commands) {
      const path = `${above} ${child.name()}`.trim()
      if (isWorkshopCommand(path)) paths.add(path)
      visit(child, path)
    }
  }
  visit(buildProgram(), '')
  t.equal(paths.has('evaluate attacks'), true)
  t.equal(paths.has('learn'), false)
  // One module each, and the group `evaluate` itself has none.
  t.equal(paths.size - 1, program.withheld.length)
  t.end()
})

t.test('a board part that needs a command of the workshop is refused', (t) => {
  const folder = t.testdir({
    'cli.js': "import './commands/learn.js'",
    'main.js': '',
    commands: {
      'learn.js': "import './train-mask.js'",
      'train-mask.js': '',
    },
    admin: { console: {}, kiosk: {} },
    fleet: { migrations: {} },
  })
  t.throws(() => traceBoardProgram(folder), /commands\/learn\.js .* needs commands\/train-mask\.js/)
  t.throws(() => traceBoardProgram(t.testdir({})), /the package needs cli\.js/)
  t.end()
})
