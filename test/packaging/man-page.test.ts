import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { buildProgram } from '../../src/cli/program.js'
import { manPage } from '../../src/packaging/man-page.js'

const page = manPage(buildProgram(), '0.1.0', '2026-01-02')

t.test('every command and option of the command line is in the manual page', (t) => {
  const text = page.replaceAll('\\-', '-')
  const visit = (command: ReturnType<typeof buildProgram>): void => {
    for (const option of command.options) t.ok(text.includes(option.flags), option.flags)
    command.commands.forEach(visit)
  }
  buildProgram().commands.forEach(visit)
  t.end()
})

const hasMan = spawnSync('man', ['--version']).status === 0
t.test('man has no complaint about it', { skip: hasMan ? false : 'man is not installed' }, (t) => {
  const path = join(t.testdir(), 'genkan.1')
  writeFileSync(path, page)
  const env = { ...process.env, MANROFFSEQ: '', MANWIDTH: '80', LC_ALL: 'C.UTF-8' }
  const { stdout, stderr } = spawnSync('man', ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', path], {
    env,
    encoding: 'utf8',
  })
  t.equal(stderr, '')
  t.match(stdout, /genkan - face access for door-entry kiosks/)
  t.end()
})
