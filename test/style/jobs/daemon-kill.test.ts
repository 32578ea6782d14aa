import t from 'tap'

import { enrolMan, newHome, startDaemon, until } from '../../faults/running-daemon.js'
import type { RunningDaemon } from '../../faults/running-daemon.js'
import { isOver, PAINTED_MS } from './painting.js'
import { childrenOf } from './processes.js'

t.setTimeout(2 * PAINTED_MS)

interface Job {
  readonly id: string
  readonly state: string
  readonly progress: { readonly level: number; readonly step: number } | null
}

async function jobOf(daemon: RunningDaemon, id: string): Promise<Job> {
  return (await (await daemon.api('GET', `api/style/jobs/${id}`)).json()) as Job
}

t.test('a daemon killed with -9 leaves no painter behind, and its job goes on', async (t) => {
  const home = newHome(t)
  const first = await startDaemon(t, home, {})
  const personId = await enrolMan(first)
  const order = {
    content: { kind: 'library', id: 'mona-lisa' },
    style: { kind: 'library', id: 'waves' },
    settings: { sizePixels: 128, stepsPerLevel: 200, optimiser: 'adam' },
    personId,
  }
  const created = await first.api('POST', 'api/style/jobs', order)
  t.equal(created.status, 201)
  const { id } = (await created.json()) as Job
  await until(
    async () => ((await jobOf(first, id)).progress?.step ?? 0) > 0,
    'the first step',
    PAINTED_MS,
  )
  const painters = childrenOf(first.pid)
  t.equal(painters.length, 1)
  await first.kill('SIGKILL')
  const second = await startDaemon(t, home, {})
  await until(() => painters.every(isOver), 'the painter of the killed daemon to end')
  t.match(await jobOf(second, id), { state: 'running' })
  const [painter] = childrenOf(second.pid)
  t.ok(painter)

  t.equal((await second.api('DELETE', `api/persons/${personId}`)).status, 200)
  await until(() => isOver(painter), 'the painter to end with the person')
  t.equal((await second.api('GET', `api/style/jobs/${id}`)).status, 404)
  t.equal(await second.kill('SIGINT'), 0)
})
