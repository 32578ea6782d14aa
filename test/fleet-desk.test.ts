import { pino } from 'pino'
import t from 'tap'

import { configSchema } from '../src/config/schema.js'
import { openFleetDesk } from '../src/fleet-desk.js'
import { createRecognition, loadGallery } from '../src/recognition.js'
import type { ThresholdInForce } from '../src/threshold-source.js'
import { until } from './faults/running-daemon.js'
import { noPostgres, startCluster } from './fleet/cluster.js'
import { fleetOf } from './fleet/kiosk.js'
import { sampleTemplate } from './store/samples.js'

const limits: ThresholdInForce = { value: 0.5, margin: 0, targetFpir: 0.001, advice: undefined }

t.test(
  'one face under two names is reported, and a stale door closes',
  { skip: noPostgres },
  async (t) => {
    const cluster = await startCluster(t)
    const [a, b] = await fleetOf(t, cluster, 2)
    const { store } = b
    const first = a.store.persons.create('Ada', 'cli')
    const template = sampleTemplate(first.id, 1)
    a.store.templates.add(template, 'cli')
    await a.copy()
    const second = store.persons.create('Ada again', 'cli')
    store.templates.add({ ...template, personId: second.id }, 'cli')

    const { modelId } = template.embedding
    const readPerson = (personId: string) =>
      store.templates
        .byPerson(personId)
        .map(({ id, embedding }) => ({ templateId: id, personId, embedding }))
    const recognition = createRecognition(
      () => loadGallery(store, modelId).gallery,
      {
        kind: 'ready',
        targetFpir: () => 0.001,
        forGallery: () => limits,
        forVerification: () => limits,
      },
      () => [],
      { mode: 'off' },
      readPerson,
    )
    const desk = await openFleetDesk({
      config: configSchema.parse({
        store: {
          fleet: { url: cluster.url, pollSeconds: 1, maxStalenessMinutes: 1, whenStale: 'closed' },
        },
      }),
      store,
      recognition,
      current: (stored) => stored,
      recentProbes: { forgetAll: () => undefined },
      live: { showSystemChange: () => undefined },
      log: pino({ level: 'silent' }),
      modelIds: {},
      groups: () => null,
      rollout: { state: () => null },
    })
    t.match(desk.withhold()?.cause, /was last read more than 1 minutes ago/, 'never read yet')
    desk.start({ send: () => Promise.resolve(true), state: () => ({ name: 'connected' }) }, () => ({
      state: 'degraded',
      cause: 'dark',
      cure: 'light',
    }))
    await until(() => desk.withhold() === undefined, 'the first reading')
    await until(() => store.replica.duplicates().length > 0, 'the second name to be found')
    t.match(store.replica.duplicates(), [{ personId: first.id, otherId: second.id }])
    const own = async () => (await desk.view()).doors?.find(({ isThis }) => isThis)
    await until(async () => (await own())?.health === 'degraded', 'what the door says of itself')
    t.match(await own(), { name: 'kiosk 2', standing: 'member', cause: 'dark', groups: [] })
    t.equal((await desk.view()).doors?.length, 2)
    t.match(desk.trouble()?.cause, /two persons have one face/)
    t.equal(recognition.gallery.personCount, 2, 'nothing was merged')
    t.ok(store.audit.about(second.id).some(({ action }) => action === 'fleet.duplicate-face'))

    store.persons.delete(second.id, 'cli')
    await until(() => desk.trouble() === undefined, 'the trouble to be over')

    // What another door says that it found is looked at, and only then believed.
    const third = a.store.persons.create('Ada thrice', 'cli')
    a.store.templates.add({ ...template, personId: third.id }, 'cli')
    const bob = a.store.persons.create('Bob', 'cli')
    a.store.templates.add(sampleTemplate(bob.id, 2), 'cli')
    await a.copy()
    await until(() => store.persons.get(bob.id) !== undefined, 'what the other door enrolled')
    t.same((await desk.view()).duplicates, [], 'whose face it is, is for that door to see')
    const client = await cluster.connect()
    const pairs = [
      [first.id, third.id],
      [first.id, bob.id],
      [first.id, first.id],
    ]
    await client.query('UPDATE fleet_member SET status = $2 WHERE id = $1', [
      a.secrets.membership().kiosk,
      JSON.stringify({ duplicates: pairs }),
    ])
    await client.end()
    const { duplicates } = await desk.view()
    t.equal(duplicates.length, 1)
    t.match(duplicates, [{ personId: first.id, otherId: third.id }])
    await desk.stop()
    t.equal(store.persons.list().length, 3)
  },
)
