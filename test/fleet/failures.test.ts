import t from 'tap'

import { postgresPrograms, startStandbyServer } from '../../src/bench/fleet/postgres-server.js'
import { connectPostgres } from '../../src/fleet/postgres.js'
import { sampleTemplate, temporaryStore } from '../store/samples.js'
import { noPostgres, startCluster } from './cluster.js'
import { digests, fleetOf, settle } from './kiosk.js'
import { startRelay } from './relay.js'

t.test('failed over to a standby that had not got everything', { skip: noPostgres }, async (t) => {
  const primary = await startCluster(t)
  const standby = await startStandbyServer(postgresPrograms() ?? '', primary)
  t.teardown(() => standby.remove())
  const relay = await startRelay(t, primary.port)
  const url = `postgres://genkan@127.0.0.1:${relay.port}/postgres`
  const kiosks = await fleetOf(t, { ...primary, connect: () => connectPostgres({ url }) }, 3)
  const [a, b, c] = kiosks
  const revoked = a.store.persons.create('Ada', 'cli')
  const gone = a.store.persons.create('Bob', 'cli')
  const kept = a.store.persons.create('Carol', 'cli')
  a.store.templates.add(sampleTemplate(kept.id, 2), 'cli')
  await settle(kiosks)
  const watch = await standby.connect()
  const hasAll = async () => {
    const { rows } = await watch.query<{ seq: string | null }>(
      `SELECT seq FROM fleet WHERE to_regclass('fleet') IS NOT NULL`,
    )
    return Number(rows.at(0)?.seq) >= a.store.replica.cursor().sequence
  }
  while (!(await hasAll().catch(() => false))) await new Promise((next) => setTimeout(next, 50))
  await watch.end()

  // The standby is cut off, so that the last commits are at the primary alone.
  await standby.kill()
  b.store.persons.update(revoked.id, { active: false }, 'cli')
  b.store.persons.delete(gone.id, 'cli')
  const late = b.store.persons.create('Dora', 'cli')
  await settle([b, c])
  await primary.kill()
  await standby.start()
  const chief = await standby.connect()
  await chief.query('SELECT pg_promote()')
  await chief.end()
  relay.pointTo(standby.port)

  // One that had heard nothing writes first, as the standby had it.
  a.store.persons.update(revoked.id, { name: 'Ada L.' }, 'cli')
  await settle([a])
  await settle(kiosks)
  await settle(kiosks)
  for (const { store } of kiosks) {
    t.match(store.persons.get(revoked.id), { active: false })
    t.equal(store.persons.get(gone.id), undefined)
    t.equal(store.persons.get(late.id)?.name, 'Dora')
    t.match(store.persons.get(kept.id), { active: true })
    t.equal(store.templates.byPerson(kept.id).length, 1)
  }
  t.equal(new Set(digests(kiosks)).size, 1)
})

t.test('wrong clocks decide nothing about who wins', { skip: noPostgres }, async (t) => {
  const YEAR_MS = 366 * 86_400_000
  const cluster = await startCluster(t)
  const kiosks = await fleetOf(t, cluster, 3, (number) =>
    temporaryStore(t, { nowMs: () => Date.now() + (number - 2) * 20 * YEAR_MS }),
  )
  const [behind, right, ahead] = kiosks
  const person = ahead.store.persons.create('Ada', 'cli')
  const other = behind.store.persons.create('Bob', 'cli')
  await settle(kiosks)
  behind.store.persons.update(person.id, { active: false }, 'cli')
  ahead.store.persons.update(person.id, { name: 'Ada of the future' }, 'cli')
  ahead.store.persons.update(other.id, { active: true, name: 'Bob of the future' }, 'cli')
  behind.store.persons.delete(other.id, 'cli')
  await settle(kiosks)
  for (const { store } of kiosks) {
    t.equal(store.persons.get(person.id)?.active, false, 'revoked by the clock that is behind')
    t.equal(store.persons.get(other.id), undefined)
  }
  ahead.store.persons.update(person.id, { active: true }, 'cli')
  await settle(kiosks)
  behind.store.persons.update(person.id, { active: false }, 'cli')
  await settle(kiosks)
  t.equal(right.store.persons.get(person.id)?.active, false, 'the last who knew the other wins')
  t.equal(new Set(digests(kiosks)).size, 1)
})
