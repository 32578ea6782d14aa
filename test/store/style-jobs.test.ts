import { dirname } from 'node:path'

import t, { type Test } from 'tap'

import type { Store } from '../../src/store/store.js'
import { folderBytes, temporaryStore } from './samples.js'

/** A picture's worth of bytes that nothing else holds. */
function bytesOf(marker: string): Uint8Array {
  return Buffer.from(Array.from({ length: 400 }, (_, index) => `${marker} ${index}`).join(' '))
}

function addJob(store: Store, name = 'one', personId: string | null = null): string {
  const content = bytesOf(`content-${name}`)
  const style = bytesOf(`style-${name}`)
  return store.styleJobs.create({ personId, request: { name }, content, style }, 'cli').id
}

const DONE = {
  state: 'done',
  progress: { part: 1 },
  result: bytesOf('result-picture'),
  thumbnail: bytesOf('result-small'),
} as const

t.test('what was running is done first, then the oldest', (t) => {
  const { styleJobs } = temporaryStore(t)
  const store = { styleJobs } as Store
  const [first, second] = [addJob(store, 'a'), addJob(store, 'b')]
  t.equal(styleJobs.next()?.id, first)
  t.match(styleJobs.begin(second), { state: 'running', starts: 1 })
  t.equal(styleJobs.next()?.id, second)
  t.equal(styleJobs.begin(second)?.starts, 2)
  t.equal(styleJobs.advance(second, { part: 0.5 }), true)
  t.equal(styleJobs.get(second)?.starts, 2, 'without a checkpoint it got nowhere')
  t.equal(styleJobs.advance(second, { part: 0.6 }, bytesOf('checkpoint')), true)
  t.match(styleJobs.get(second), { starts: 1, progress: { part: 0.6 } })
  t.ok(styleJobs.picture(second, 'checkpoint'))
  t.match(styleJobs.held(), { jobs: 2, unfinished: 2 })
  t.equal(styleJobs.end(second, DONE), true)
  t.equal(styleJobs.next()?.id, first)
  t.strictSame(
    styleJobs.page({ limit: 1 }).jobs.map(({ id }) => id),
    [second],
  )
  t.match(styleJobs.page({ limit: 9, beforeId: second }), { jobs: [{ id: first }], more: false })
  t.end()
})

t.test('once ended, only the result is kept, and nothing moves it', (t) => {
  const store = temporaryStore(t)
  const { styleJobs } = store
  const id = addJob(store)
  t.equal(styleJobs.advance(id, {}), false, 'it has not begun')
  styleJobs.begin(id)
  styleJobs.advance(id, {}, bytesOf('checkpoint'))
  styleJobs.end(id, DONE)
  for (const part of ['content', 'style', 'checkpoint'] as const) {
    t.equal(styleJobs.picture(id, part), undefined, part)
  }
  t.strictSame(Buffer.from(styleJobs.picture(id, 'result') ?? []), DONE.result)
  t.equal(styleJobs.advance(id, {}), false)
  t.equal(styleJobs.end(id, { state: 'cancelled' }), false)
  t.equal(styleJobs.begin(id), undefined)
  t.match(styleJobs.get(id), { state: 'done', progress: { part: 1 } })
  t.equal(styleJobs.held().unfinished, 0)
  t.end()
})

t.test('pictures of no size and too large words are refused', (t) => {
  const { styleJobs } = temporaryStore(t)
  const one = { personId: null, request: {}, content: bytesOf('c'), style: bytesOf('s') }
  t.throws(() => styleJobs.create({ ...one, content: new Uint8Array(0) }, 'cli'), {
    code: 'invalid-value',
  })
  t.throws(() => styleJobs.create({ ...one, request: { text: 'x'.repeat(20_000) } }, 'cli'), {
    code: 'invalid-value',
  })
  t.throws(() => styleJobs.create({ ...one, personId: '01JD4QXNWZ8Y3Q4R5S6T7V8W9X' }, 'cli'), {
    code: 'not-found',
  })
  t.strictSame(styleJobs.held(), { jobs: 0, unfinished: 0, bytes: 0 }, 'all or nothing')
  t.end()
})

/** Whether the marker is in the decrypted pages and in the files as they lie on disk. */
async function whereIs(store: Store, marker: string) {
  const found = await store.erasure.search([bytesOf(marker)])
  return {
    decrypted: found.found > 0,
    onDisk: folderBytes(dirname(store.info.path)).includes(Buffer.from(`${marker} 17`)),
  }
}

async function expectGone(t: Test, store: Store, markers: readonly string[]): Promise<void> {
  for (const marker of markers) {
    t.strictSame(await whereIs(store, marker), { decrypted: false, onDisk: false }, marker)
  }
}

t.test(
  'pictures are encrypted while kept, and zeroed when deleted or no longer needed',
  async (t) => {
    const store = temporaryStore(t)
    const id = addJob(store)
    store.styleJobs.begin(id)
    store.styleJobs.advance(id, {}, bytesOf('checkpoint-picture'))
    const sources = ['content-one', 'style-one', 'checkpoint-picture']
    for (const marker of sources) {
      t.strictSame(await whereIs(store, marker), { decrypted: true, onDisk: false }, marker)
    }
    store.styleJobs.end(id, DONE)
    await expectGone(t, store, sources)
    t.equal((await whereIs(store, 'result-picture')).decrypted, true)
    t.equal(store.styleJobs.delete(id, 'cli'), true)
    t.equal(store.styleJobs.delete(id, 'cli'), false)
    await expectGone(t, store, ['result-picture', 'result-small'])
  },
)

t.test('with a person go the jobs that show them, and the idle picture made of one', async (t) => {
  const store = temporaryStore(t)
  const person = store.persons.create('Ada', 'cli')
  const id = addJob(store, 'ada', person.id)
  const other = addJob(store, 'other')
  store.displayPicture.set({ jpeg: bytesOf('idle-ada'), jobId: id, personId: person.id }, 'cli')
  t.equal(store.styleJobs.picturesOfPerson(person.id).length, 2)
  t.equal(store.displayPicture.get()?.personId, person.id)
  store.persons.delete(person.id, 'cli')
  t.equal(store.styleJobs.get(id), undefined)
  t.equal(store.displayPicture.get(), undefined)
  t.equal(store.styleJobs.get(other)?.state, 'queued')
  await expectGone(t, store, ['content-ada', 'style-ada', 'idle-ada'])
})

t.test('the idle picture is one, replaced and removed', async (t) => {
  const { displayPicture, ...rest } = temporaryStore(t)
  t.equal(displayPicture.get(), undefined)
  t.equal(displayPicture.delete('cli'), false)
  displayPicture.set({ jpeg: bytesOf('idle-first'), jobId: null, personId: null }, 'cli')
  displayPicture.set({ jpeg: bytesOf('idle-second'), jobId: null, personId: null }, 'cli')
  t.strictSame(Buffer.from(displayPicture.get()?.jpeg ?? []), bytesOf('idle-second'))
  await expectGone(t, { displayPicture, ...rest }, ['idle-first'])
  t.equal(displayPicture.delete('cli'), true)
  t.equal(displayPicture.get(), undefined)
})
