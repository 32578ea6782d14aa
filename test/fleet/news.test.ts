import fc from 'fast-check'
import t from 'tap'

import { startFleetLink } from '../../src/fleet/link.js'
import { newsOf, readNews } from '../../src/fleet/news.js'
import { CHANGE_CHANNEL } from '../../src/fleet/record-table.js'
import { removeMember } from '../../src/fleet/rotation.js'
import type { RecordRow } from '../../src/fleet/sealed-record.js'
import { sampleEmbedding, sampleTemplate } from '../store/samples.js'
import { pause, until } from '../faults/running-daemon.js'
import { noPostgres, startCluster } from './cluster.js'
import { digests, fleetOf, settle } from './kiosk.js'

const NOTIFY_BYTES = 8000
const NEVER_OPEN = { timeZone: 'UTC', weekly: [], holidays: [] }

const rows = fc.array(
  fc.record({
    kind: fc.constantFrom('person', 'template', 'picture'),
    subject: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
    version: fc.nat().map(String),
    deleted: fc.boolean(),
    generation: fc.integer({ min: 1, max: 9 }),
    ciphertext: fc.nat({ max: 6500 }).map((bytes) => Buffer.alloc(bytes, 7)),
    keyed_hash: fc.constant(Buffer.alloc(32, 1)),
    author: fc.constant('01JD4QXNWZ8Y3Q4R5S6T7V8W9X'),
    seq: fc.nat().map(String),
  }),
  { maxLength: 12 },
)

t.test('rows come out of notifications as they went in, or the table is read', (t) => {
  fc.assert(
    fc.property(rows, (written) => {
      const payloads = newsOf(written, '7')
      t.ok(payloads.length >= 1 && payloads.length <= 4)
      t.ok(payloads.every((payload) => Buffer.byteLength(payload) < NOTIFY_BYTES))
      if (payloads[0] === '7') return t.equal(readNews('7'), undefined)
      const read = payloads.flatMap((payload) => readNews(payload) ?? [])
      return t.same(
        read,
        written.filter(({ kind }) => kind !== 'picture'),
      )
    }),
    { numRuns: 40 },
  )
  for (const nonsense of ['', '12', '{"rows":[{}]}', '{"rows":"x"}', '[']) {
    t.equal(readNews(nonsense), undefined)
  }
  t.end()
})

t.test('a wake-up that carries what was written', { skip: noPostgres }, async (t) => {
  const cluster = await startCluster(t)
  const kiosks = await fleetOf(t, cluster, 3)
  const [a, b, c] = kiosks
  const listener = await cluster.connect()
  const heard: RecordRow[] = []
  listener.on('notification', ({ payload }) => heard.push(...(readNews(payload ?? '') ?? [])))
  await listener.query(`LISTEN ${CHANGE_CHANNEL}`)
  /** What is written meanwhile, as the others hear it. */
  async function toldWhile(writing: () => Promise<unknown>): Promise<RecordRow[]> {
    // The server tells before it answers: what was written before is heard by now.
    await listener.query('SELECT 1')
    heard.length = 0
    await writing()
    await listener.query('SELECT 1')
    return [...heard]
  }
  const toldBy = (kiosk: typeof a) => toldWhile(() => kiosk.copy())
  const ada = a.store.persons.create('Ada', 'cli')
  await settle(kiosks)
  a.store.templates.add(sampleTemplate(ada.id, 3), 'cli')
  const grace = a.store.persons.create('Grace', 'cli')
  const enrolled = await toldBy(a)

  await t.test('is taken without asking, and the next round finds nothing amiss', async (t) => {
    const before = b.store.replica.cursor()
    t.equal(b.hear(enrolled), true)
    t.equal(b.store.templates.countOf(ada.id), 1)
    t.match(b.store.persons.get(grace.id), { name: 'Grace' })
    t.same(b.store.replica.cursor(), before, 'only the table says how far the record goes')
    await settle(kiosks)
    t.equal(new Set(digests(kiosks)).size, 1)
    t.equal(b.store.replica.hasPending(), false)
  })

  await t.test('what came with it is not taken again from the table', async (t) => {
    a.store.persons.update(grace.id, { name: 'Grace H.' }, 'cli')
    const told = await toldBy(a)
    t.equal(b.hear(told), true)
    t.match(await b.copy(), { pulled: 0, pushed: 0, unreadable: 0 })
    t.equal(b.store.replica.cursor().sequence, Number(told[0].seq), 'but it counts as read')
    await settle(kiosks)
    t.equal(new Set(digests(kiosks)).size, 1)
  })

  await t.test('one that comes late takes nothing back', async (t) => {
    a.store.persons.update(ada.id, { name: 'Ada L.' }, 'cli')
    const early = await toldBy(a)
    a.store.persons.update(ada.id, { active: false }, 'cli')
    const late = await toldBy(a)
    await b.copy()
    t.equal(b.hear([...late, ...early]), true)
    t.match(b.store.persons.get(ada.id), { name: 'Ada L.', active: false })
    t.equal(b.store.replica.hasPending(), false)
    await settle(kiosks)
  })

  await t.test(
    'an old one that is played again with a new number takes nothing back',
    async (t) => {
      const crew = { id: 'crew', name: 'Crew' }
      const [{ templateId }] = a.store.templates
        .byPerson(ada.id)
        .map(({ id }) => ({ templateId: id }))
      const encode = (seed: number) => {
        const { vector } = sampleEmbedding(seed)
        a.store.encodings.add(templateId, { modelId: 'another', vector })
        return vector
      }
      const old: RecordRow[] = []
      async function change(action: () => unknown): Promise<void> {
        action()
        old.push(...(await toldBy(a)))
        await settle(kiosks)
      }
      await change(() => encode(21))
      await change(() => a.store.groups.create(crew, 'cli'))
      await change(() => a.store.groups.setSchedule('crew', NEVER_OPEN, 'cli'))
      await change(() => a.store.groups.remove('crew', 'cli'))
      const vector = encode(22)
      a.store.groups.create(crew, 'cli')
      a.store.groups.setSchedule('crew', NEVER_OPEN, 'cli')
      await settle(kiosks)
      t.equal(old.length, 5)
      for (const row of old) {
        b.hear([{ ...row, seq: '90000' }])
        const what = `${row.kind} ${row.version}`
        t.match(b.store.groups.schedule('crew')?.schedule, NEVER_OPEN, what)
        const known = b.store.templates
          .gallery()
          .find(({ embedding }) => embedding.modelId === 'another')
        t.same(known?.embedding.vector, vector, what)
      }
      await settle(kiosks)
      t.equal(new Set(digests(kiosks)).size, 1)

      // Deleted for good, whatever of it is played again.
      a.store.groups.remove('crew', 'cli')
      await settle(kiosks)
      for (const row of old) b.hear([{ ...row, seq: '90000' }])
      t.same(b.store.groups.list(), [])
      await settle(kiosks)
      for (const { store } of kiosks) t.same(store.groups.list(), [])
      t.equal(b.store.replica.hasPending(), false)
    },
  )

  await t.test(
    'a backup from between a deletion and the next of its name deletes nothing',
    async (t) => {
      const client = await cluster.connect()
      const tables = ['fleet', 'fleet_record', 'fleet_commit']
      a.store.groups.create({ id: 'crew', name: 'Crew' }, 'cli')
      await settle(kiosks)
      for (const table of tables)
        await client.query(`CREATE TABLE aside_${table} AS TABLE ${table}`)
      a.store.groups.setSchedule('crew', NEVER_OPEN, 'cli')
      await settle(kiosks)
      for (const table of tables) {
        await client.query(`DELETE FROM ${table}`)
        await client.query(`INSERT INTO ${table} SELECT * FROM aside_${table}`)
      }
      await client.end()
      await settle(kiosks)
      for (const { store } of kiosks) t.match(store.groups.schedule('crew')?.schedule, NEVER_OPEN)
      t.equal(new Set(digests(kiosks)).size, 1)
    },
  )

  await t.test('one that somebody changed is not believed, and the record is asked', async (t) => {
    a.store.persons.update(grace.id, { active: false }, 'cli')
    const told = await toldBy(a)
    const [row] = told
    const changed = Buffer.from(row.ciphertext)
    changed[20] ^= 1
    t.equal(b.hear([{ ...row, ciphertext: changed }]), false)
    t.equal(b.hear([{ ...row, deleted: true }]), false)
    t.equal(b.store.persons.get(grace.id)?.active, true)
    await settle(kiosks)
    t.equal(b.store.persons.get(grace.id)?.active, false)
  })

  await t.test('a round that had to wait says for how long', async (t) => {
    const locker = await cluster.connect()
    await locker.query('BEGIN')
    await locker.query('LOCK TABLE fleet')
    const tookMs = new Promise<number>((resolve) => {
      const link = startFleetLink({
        replica: b.store.replica,
        secrets: b.secrets,
        address: { url: cluster.url },
        name: 'genkan',
        pollMs: 60_000,
        random: Math.random,
        onApplied: () => undefined,
        onFresh: resolve,
        onState: () => undefined,
        status: () => ({}),
      })
      t.teardown(() => link.stop())
    })
    const waits = async () => {
      const { rowCount } = await locker.query(`SELECT 1 FROM pg_locks WHERE NOT granted`)
      return rowCount === 1
    }
    await until(waits, 'the round to wait')
    await pause(200)
    await locker.query('COMMIT')
    await locker.end()
    t.ok((await tookMs) >= 200)
  })

  await t.test('a removed kiosk’s is not believed where it tells something new', async (t) => {
    c.store.persons.create('Mallory', 'cli')
    await a.copy()
    const client = await cluster.connect()
    await removeMember(client, a.secrets, a.store.replica, 'kiosk 3')
    await client.end()
    await b.copy()
    // Written with the old key, whatever the head says by now.
    const client2 = await cluster.connect()
    await client2.query('UPDATE fleet SET generation = 1')
    const told = await toldWhile(() => c.copyAndForget())
    await client2.query('UPDATE fleet SET generation = 2')
    await client2.end()
    t.equal(told.length, 1)
    t.equal(b.hear(told), false)
    t.notOk(b.store.persons.list().some(({ name }) => name === 'Mallory'))
  })
  await listener.end()
})
