import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { applyChanges, planChanges, revertChanges } from '../../src/board/system-changes.js'
import { boardNames, readBoardProfile } from '../../src/config/board.js'

const CONFIG_TXT = 'arm_64bit=1\n# keep me\n[all]\nenable_uart=1\n'
const BOOT = join('boot', 'firmware', 'config.txt')

function filesBelow(root: string): Record<string, string> {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true })
  return Object.fromEntries(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(root.length), readFileSync(path, 'utf8')]),
  )
}

t.test('every board: applied, applied again without a change, and put back', (t) => {
  for (const name of boardNames()) {
    const root = t.testdir({ boot: { firmware: { 'config.txt': CONFIG_TXT } } })
    const before = filesBelow(root)
    const profile = readBoardProfile(name)
    const plan = planChanges(profile, root)
    t.same(filesBelow(root), before, 'a plan changes nothing')
    t.ok(plan.changes.length > 0)
    applyChanges(plan, root)
    for (const { path, after } of plan.changes) {
      t.equal(readFileSync(join(root, path), 'utf8'), after, `${name}: ${path}`)
    }
    t.same(planChanges(profile, root).changes, [], `${name}: twice is as once`)
    revertChanges(root)
    t.same(filesBelow(root), before, `${name}: the way back`)
  }
  t.end()
})

t.test('a file that is not on this system is passed over, and said', (t) => {
  const plan = planChanges(readBoardProfile('raspberry-pi-5'), t.testdir({}))
  t.match(plan.passedOver, [{ path: '/boot/firmware/config.txt' }])
  t.end()
})

t.test('the lines of others in a file of the system stay as they are', (t) => {
  const profile = readBoardProfile('raspberry-pi-5')
  const line = fc.string({ maxLength: 30 }).filter((text) => !text.includes('genkan'))
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), fc.boolean(), (lines, endsWithNewline) => {
      const root = t.testdir({})
      const path = join(root, BOOT)
      mkdirSync(dirname(path), { recursive: true })
      const text = lines.join('\n') + (endsWithNewline ? '\n' : '')
      writeFileSync(path, text)
      applyChanges(planChanges(profile, root), root)
      const applied = readFileSync(path, 'utf8')
      if (!applied.startsWith(text)) return false
      writeFileSync(path, `${applied}dtparam=spi=on\n`)
      applyChanges(planChanges(profile, root), root)
      if (readFileSync(path, 'utf8') !== `${applied}dtparam=spi=on\n`) return false
      revertChanges(root)
      const rest = readFileSync(path, 'utf8')
      return rest.startsWith(text) && rest.endsWith('dtparam=spi=on\n') && !rest.includes('genkan')
    }),
    { numRuns: 30 },
  )
  t.end()
})

t.test('a block broken by hand is refused before anything changes', (t) => {
  const root = t.testdir({ boot: { firmware: { 'config.txt': '# genkan: begin\nx=1\n' } } })
  t.throws(() => planChanges(readBoardProfile('raspberry-pi-5'), root), /has no "# genkan: end"/)
  t.notOk(existsSync(join(root, 'etc')))
  t.end()
})
