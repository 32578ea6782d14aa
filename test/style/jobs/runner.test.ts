import { readdirSync } from 'node:fs'
import { getPriority } from 'node:os'

import sharp from 'sharp'
import t from 'tap'

import { temporaryStore } from '../../store/samples.js'
import {
  hasEnded,
  isOver,
  openEasel,
  PAINTED_MS,
  smallJob,
  stateOf,
  until,
  untilJob,
} from './painting.js'

t.setTimeout(2 * PAINTED_MS)
const opts = { timeout: PAINTED_MS }

/** Six levels of nothing else would go by before a test can look. */
const LONG = { sizePixels: 96, stepsPerLevel: 400, optimiser: 'adam' } as const

t.test('a job is painted at lowest priority, seen on the way, and kept', opts, async (t) => {
  const store = temporaryStore(t)
  const { runner, children, faults } = openEasel(t, store)
  const submitted = runner.submit(await smallJob(), 'cli')
  if (submitted.outcome !== 'queued') throw new Error(submitted.outcome)
  const { id } = submitted.job
  const previews: Uint8Array[] = []
  const parts: number[] = []
  runner.subscribe(id, (event) => {
    if (event.type === 'preview') previews.push(event.jpeg)
    if (event.type === 'job' && event.job.progress) parts.push(event.job.progress.part)
  })
  await untilJob(runner, id, ({ progress }) => progress !== null)
  const pid = children[0]?.pid ?? 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    t.equal(getPriority(Number(thread)), 19, `thread ${thread}`)
  }
  const job = await untilJob(runner, id, hasEnded)
  t.equal(job.state, 'done', JSON.stringify(job.failure))
  t.ok(previews.length > 0)
  t.match(await sharp(previews[0]).metadata(), { format: 'jpeg' })
  t.strictSame(
    parts,
    [...parts].sort((a, b) => a - b),
    'it only goes forward',
  )
  t.match(await sharp(runner.picture(id, 'result')).metadata(), {
    format: 'png',
    width: 64,
    height: 48,
  })
  t.match(await sharp(runner.picture(id, 'thumbnail')).metadata(), { format: 'jpeg' })
  t.equal(runner.preview(id), undefined)
  await until(() => isOver(pid), 'the child to end')
  t.strictSame(faults, [])
})

t.test('killed with -9 in the middle, a job goes on from its checkpoint', opts, async (t) => {
  const store = temporaryStore(t)
  const { runner, children, faults } = openEasel(t, store)
  const submitted = runner.submit(await smallJob({ ...LONG, stepsPerLevel: 60 }), 'cli')
  if (submitted.outcome !== 'queued') throw new Error(submitted.outcome)
  const { id } = submitted.job
  const before = await untilJob(runner, id, ({ progress }) => (progress?.step ?? 0) >= 10)
  process.kill(children[0]?.pid ?? 0, 'SIGKILL')
  await until(() => children.length === 2, 'a second child')
  const after: number[] = []
  const leave = runner.subscribe(id, (event) => {
    if (event.type === 'job' && event.job.progress) after.push(event.job.progress.step)
  })
  const job = await untilJob(runner, id, hasEnded)
  leave()
  t.equal(job.state, 'done', JSON.stringify(job.failure))
  t.ok((after.at(0) ?? 0) >= (before.progress?.step ?? 0), `went on at ${after.at(0)}`)
  t.match(faults, [/ended before its job/])
  t.equal(children.length, 2)
})

t.test('what the daemon left under way goes on when it starts again', opts, async (t) => {
  const store = temporaryStore(t)
  const first = openEasel(t, store)
  const submitted = first.runner.submit(await smallJob({ ...LONG, stepsPerLevel: 60 }), 'cli')
  if (submitted.outcome !== 'queued') throw new Error(submitted.outcome)
  const { id } = submitted.job
  const before = await untilJob(first.runner, id, ({ progress }) => (progress?.step ?? 0) >= 5)
  first.runner.stop()
  t.equal(store.styleJobs.get(id)?.state, 'running')
  const second = openEasel(t, store)
  const next = await untilJob(second.runner, id, ({ progress }) => {
    return (progress?.step ?? 0) > (before.progress?.step ?? 0)
  })
  t.ok(next.progress)
  t.equal((await untilJob(second.runner, id, hasEnded)).state, 'done')
})

t.test('jobs that kill their process again and again are given up', opts, async (t) => {
  const store = temporaryStore(t)
  const { runner, children } = openEasel(t, store, { checkpointEveryMs: 600_000 })
  const submitted = runner.submit(await smallJob(LONG), 'cli')
  if (submitted.outcome !== 'queued') throw new Error(submitted.outcome)
  const { id } = submitted.job
  let killed = 0
  const killer = setInterval(() => {
    const child = children.at(-1)
    if (child === undefined || children.length === killed) return
    killed = children.length
    process.kill(child.pid, 'SIGKILL')
  }, 20)
  const job = await untilJob(runner, id, hasEnded)
  clearInterval(killer)
  t.match(job, { state: 'failed', failure: { cause: /died 4 times/, cure: /smaller/ } })
  t.equal(children.length, 4)
})

t.test('cancelled, deleted or erased jobs end at once with all their pictures', opts, async (t) => {
  const store = temporaryStore(t)
  const { runner, children } = openEasel(t, store)
  const person = store.persons.create('Ada', 'cli')
  const ends = [
    { how: 'cancel', end: (id: string) => runner.cancel(id) },
    { how: 'delete', end: (id: string) => runner.delete(id, 'cli') },
    {
      how: 'erase',
      end() {
        store.persons.delete(person.id, 'cli')
        runner.lookAround()
      },
    },
  ]
  for (const [index, { how, ...one }] of ends.entries()) {
    const job = { ...(await smallJob(LONG)), personId: how === 'erase' ? person.id : null }
    const submitted = runner.submit(job, 'cli')
    if (submitted.outcome !== 'queued') throw new Error(submitted.outcome)
    const { id } = submitted.job
    await untilJob(runner, id, ({ progress }) => progress !== null)
    const { pid } = children[index] ?? { pid: 0 }
    t.notOk(isOver(pid))
    one.end(id)
    await until(() => isOver(pid), `the child to end: ${how}`)
    t.equal(store.styleJobs.held().bytes, 0, how)
    t.equal(runner.get(id)?.state, how === 'cancel' ? 'cancelled' : undefined)
    t.equal(runner.cancel(id), false)
  }
})

t.test('one at a time, and no more than may wait or be kept', opts, async (t) => {
  const store = temporaryStore(t)
  const limits = { maxQueued: 2, maxKept: 3, maxKeptBytes: 1e8 }
  const { runner, children } = openEasel(t, store, { limits })
  const one = runner.submit(await smallJob(LONG), 'cli')
  const two = runner.submit(await smallJob(LONG), 'cli')
  t.equal(runner.submit(await smallJob(), 'cli').outcome, 'queue-full')
  if (one.outcome !== 'queued' || two.outcome !== 'queued') throw new Error('not queued')
  t.equal(one.job.state, 'running')
  t.equal(two.job.state, 'queued')
  t.equal(children.length, 1)
  runner.cancel(one.job.id)
  t.equal(runner.get(two.job.id)?.state, 'running')
  t.equal(children.length, 2)
  runner.cancel(two.job.id)
  const three = runner.submit(await smallJob(LONG), 'cli')
  if (three.outcome !== 'queued') throw new Error(three.outcome)
  runner.cancel(three.job.id)
  t.equal(runner.submit(await smallJob(), 'cli').outcome, 'gallery-full')
  runner.delete(one.job.id, 'cli')
  t.equal(runner.submit(await smallJob(), 'cli').outcome, 'queued')
})

t.test('what the engine cannot use ends the job with cause and cure', opts, async (t) => {
  const store = temporaryStore(t)
  const { runner } = openEasel(t, store)
  const good = await smallJob()
  const narrow = await sharp({
    create: { width: 900, height: 2, channels: 3, background: '#808080' },
  })
    .png()
    .toBuffer()
  const hostile = {
    'no picture': Buffer.from('<svg onload="alert(1)"/>'.repeat(9)),
    'cut off': good.content.subarray(0, 60),
    narrow,
  }
  for (const [name, content] of Object.entries(hostile)) {
    const submitted = runner.submit({ ...good, content }, 'cli')
    if (submitted.outcome !== 'queued') throw new Error(submitted.outcome)
    const job = await untilJob(runner, submitted.job.id, hasEnded)
    t.match(job, { state: 'failed', failure: { cause: /.{10}/, cure: /.{10}/ } }, name)
  }
})

t.test('while a face is judged, the process stands still', opts, async (t) => {
  const store = temporaryStore(t)
  const { runner, pause, children } = openEasel(t, store)
  const submitted = runner.submit(await smallJob(LONG), 'cli')
  if (submitted.outcome !== 'queued') throw new Error(submitted.outcome)
  const { pid } = children[0] ?? { pid: 0 }
  await untilJob(runner, submitted.job.id, ({ progress }) => progress !== null)
  pause.judging()
  await until(() => stateOf(pid) === 'T', 'the child to stop')
  pause.judged()
  await until(() => stateOf(pid) !== 'T', 'the child to go on')
  pause.judging()
  const other = runner.submit(await smallJob(LONG), 'cli')
  t.equal(other.outcome, 'queued')
  runner.cancel(submitted.job.id)
  await until(() => isOver(pid), 'a stopped child can be ended')
  const { pid: next } = children[1] ?? { pid: 0 }
  await until(() => stateOf(next) === 'T', 'a child that starts meanwhile to stop')
  pause.judged()
  await until(() => stateOf(next) !== 'T', 'it to go on')
})
