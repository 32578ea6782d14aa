import { spawn } from 'node:child_process'

import t from 'tap'

import { createChildRegister } from '../../../src/style/jobs/leftovers.js'
import { isOver, stateOf, until } from './painting.js'

/** Marks kept as a store keeps them. */
function memory(): { get: () => unknown; set: (marks: unknown) => void } {
  let kept: unknown = undefined
  return {
    get: () => kept,
    set(marks) {
      kept = JSON.parse(JSON.stringify(marks))
    },
  }
}

function sleeper(t: { teardown(action: () => unknown): unknown }): number {
  const child = spawn('sleep', ['300'], { stdio: 'ignore' })
  t.teardown(() => child.kill('SIGKILL'))
  return child.pid ?? 0
}

t.test('a stopped child of a killed daemon is ended at the next start', async (t) => {
  const marks = memory()
  const pid = sleeper(t)
  createChildRegister(marks).add(pid)
  process.kill(pid, 'SIGSTOP')
  await until(() => stateOf(pid) === 'T', 'it to stop')
  t.equal(createChildRegister(marks).endLeftovers(), 1)
  await until(() => isOver(pid), 'it to end')
  t.equal(createChildRegister(marks).endLeftovers(), 0)
})

t.test('a process that only has the same number is left alone', (t) => {
  const marks = memory()
  const pid = sleeper(t)
  createChildRegister(marks).add(pid)
  const [mark] = marks.get() as [{ startTicks: number }]
  marks.set([{ ...mark, startTicks: mark.startTicks - 1 }])
  t.equal(createChildRegister(marks).endLeftovers(), 0)
  t.notOk(isOver(pid))
  t.end()
})

t.test('what was let go of, or cannot be read, ends nothing', (t) => {
  const marks = memory()
  const pid = sleeper(t)
  const register = createChildRegister(marks)
  register.add(pid)
  register.remove(pid)
  t.equal(createChildRegister(marks).endLeftovers(), 0)
  for (const junk of [null, 'x', [{ pid: -1, startTicks: 0 }], [{ pid: 1, startTicks: 0 }], {}]) {
    marks.set(junk)
    t.equal(createChildRegister(marks).endLeftovers(), 0)
  }
  t.notOk(isOver(pid))
  t.end()
})
