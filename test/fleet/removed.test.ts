import t from 'tap'
import { ulid } from 'ulid'

import { invite, joinFleet } from '../../src/fleet/joining.js'
import { openSecrets } from '../../src/fleet/membership.js'
import type { Connection } from '../../src/fleet/postgres.js'
import { resealRecords } from '../../src/fleet/reseal.js'
import { removeMember } from '../../src/fleet/rotation.js'
import { contentKeyedHash, sealRecord, subjectHash } from '../../src/fleet/sealed-record.js'
import { copyOnce } from '../../src/fleet/sync.js'
import type { Payload } from '../../src/store/replica/record.js'
import { sampleTemplate, temporaryStore } from '../store/samples.js'
import { noPostgres, startCluster } from './cluster.js'
import { digests, fleetOf, settle, type Kiosk } from './kiosk.js'

/** Writes a row as a removed kiosk in league with the server's administrator does. */
async function forge(client: Connection, { secrets }: Kiosk, payload: Payload, version: number) {
  const { kind, id: subject } = payload
  const author = secrets.membership().kiosk
  const change = { kind, subject, version, payload, author }
  const { ciphertext, generation } = sealRecord(secrets, change)
  await client.query('UPDATE fleet SET seq = seq + 1')
  await client.query(
    `INSERT INTO fleet_record (subject, kind, version, deleted, generation, ciphertext, keyed_hash,
       author, seq) VALUES ($1, $2, $3, false, $4, $5, $6, $7, (SELECT seq FROM fleet))
     ON CONFLICT (subject) DO UPDATE SET version = excluded.version, deleted = false,
       generation = excluded.generation, ciphertext = excluded.ciphertext,
       keyed_hash = excluded.keyed_hash, author = excluded.author, seq = excluded.seq`,
    [
      subjectHash(secrets, kind, subject),
      kind,
      version,
      generation,
      ciphertext,
      contentKeyedHash(secrets, change),
      author,
    ],
  )
}

t.test('the key of a kiosk that was removed', { skip: noPostgres }, async (t) => {
  const cluster = await startCluster(t)
  const kiosks = await fleetOf(t, cluster, 3)
  const [a, b, c] = kiosks
  const revoked = a.store.persons.create('Ada', 'cli')
  a.store.templates.add(sampleTemplate(revoked.id, 3), 'cli')
  b.store.templates.add(sampleTemplate(b.store.persons.create('Bob', 'cli').id, 4), 'cli')
  await settle(kiosks)
  await cluster.kill()
  cluster.copyTo('before the removal')
  await cluster.start()
  const client = await cluster.connect()
  await settle(kiosks)
  a.store.persons.update(revoked.id, { active: false }, 'cli')
  await settle(kiosks)
  await removeMember(client, a.secrets, a.store.replica, 'kiosk 3')
  await resealRecords(client, a.secrets, a.store.replica)
  await settle([a, b])

  const person = {
    kind: 'person' as const,
    name: 'Mallory',
    active: true,
    createdAtMs: 1,
    validFromMs: null,
    validUntilMs: null,
    retainUntilMs: null,
    groups: [],
  }
  const edits = { [c.secrets.membership().kiosk]: 99, [a.secrets.membership().kiosk]: 99 }

  await t.test('lets nobody in by a row written with it, and no new kiosk either', async (t) => {
    const stranger = ulid()
    await forge(client, c, { ...person, id: stranger, edits }, 1)
    await forge(client, c, { ...person, id: revoked.id, edits }, 50)
    for (const kiosk of [a, b]) {
      t.equal((await kiosk.copy()).unreadable, 2, 'and says that there are such rows')
      t.equal(kiosk.store.persons.get(stranger), undefined)
      t.equal(kiosk.store.persons.get(revoked.id)?.active, false)
    }
    const { left } = await resealRecords(client, a.secrets, a.store.replica)
    t.equal(left, 2, 'nobody gives them the new seal')
    const late = temporaryStore(t)
    await joinFleet(client, late.replica, 'kiosk 4', await invite(client, a.secrets))
    const secrets = openSecrets(late.replica)
    await copyOnce(client, { replica: late.replica, secrets, onApplied: () => undefined })
    t.equal(late.persons.get(stranger), undefined)
    t.not(late.persons.get(revoked.id)?.active, true)
  })

  await t.test('is as useless after a backup from before the removal', async (t) => {
    await client.end()
    await cluster.kill()
    cluster.restoreFrom('before the removal')
    await cluster.start()
    await settle([b, a])
    await t.rejects(
      c.copy().catch(() => c.copy()),
      { code: 'removed' },
    )
    const again = await cluster.connect()
    const { rows } = await again.query('SELECT generation FROM fleet')
    t.same(rows, [{ generation: 2 }], 'the key was given back')
    const old = await again.query('SELECT 1 FROM fleet_record WHERE generation < 2')
    t.equal(old.rowCount, 0)
    await again.end()
    for (const { store } of [a, b]) t.equal(store.persons.get(revoked.id)?.active, false)
    t.equal(new Set(digests([a, b])).size, 1)
    const late = a.store.persons.create('Carol', 'cli')
    await settle([a, b])
    t.equal(b.store.persons.get(late.id)?.name, 'Carol')
  })
})
