import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { buildProgram } from '../../src/cli/program.js'
import { packageRoot } from '../../src/config/paths.js'
import { LEFT_OUT } from '../../src/packaging/board-modules.js'
import {
  WORKSHOP_NOTICE,
  isWorkshopCommand,
  traceBoardProgram,
} from '../../src/packaging/board-program.js'

const built = join(packageRoot, 'build', 'src')
const program = traceBoardProgram(built)

t.test('a board gets what runs on it', (t) => {
  for (const file of [
    'cli.js',
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
