import t from 'tap'

import { readAudit, resealAudit, writeAudit } from '../../src/fleet/audit-sink.js'
import { invite, joinFleet } from '../../src/fleet/joining.js'
import { openSecrets } from '../../src/fleet/membership.js'
import { removeMember } from '../../src/fleet/rotation.js'
import { temporaryStore } from '../store/samples.js'
import { noPostgres, startCluster } from './cluster.js'
import { fleetOf, settle } from './kiosk.js'

t.test('the audit of every kiosk in the record', { skip: noPostgres }, async (t) => {
  const cluster = await startCluster(t)
  const [a, b, c] = await fleetOf(t, cluster, 3)
  const client = await cluster.connect()
  t.teardown(() => client.end())
  const kioskOf = ({ secrets }: typeof a) => secrets.membership().kiosk
  const write = ({ secrets, store }: typeof a) => writeAudit(client, secrets, store.audit)
  const person = a.store.persons.create('Ada', 'cli')
  a.store.persons.delete(person.id, 'cli')

  await t.test('is handed over once, and read and checked at another', async (t) => {
    const { sequence } = a.store.audit.head()
    t.equal(await write(a), sequence)
    t.equal(await write(a), sequence, 'harmless when repeated')
    await write(b)
    const read = await readAudit(client, b.secrets, kioskOf(a), 2)
    t.match(read, { whole: sequence, brokenAt: null })
    t.match(read.entries, [
      { action: 'person.delete', subjectId: person.id },
      { action: 'person.create', subjectId: person.id },
    ])
    const { rows } = await client.query<{ ciphertext: Buffer }>(
      'SELECT ciphertext FROM fleet_audit',
    )
    for (const { ciphertext } of rows) t.notOk(ciphertext.includes('person.'))
  })

  await t.test('a restored database gets again what it lost', async (t) => {
    await client.query('DELETE FROM fleet_audit WHERE kiosk = $1 AND sequence > 1', [kioskOf(a)])
    await write(a)
    const { whole, brokenAt } = await readAudit(client, a.secrets, kioskOf(a), 0)
    t.same({ whole, brokenAt }, { whole: a.store.audit.head().sequence, brokenAt: null })
  })

  await t.test('a removed kiosk’s key opens none of it any more', async (t) => {
    await settle([a, b, c])
    await removeMember(client, a.secrets, a.store.replica, 'kiosk 3')
    await settle([a, b])
    for (const { secrets, store } of [a, b]) await resealAudit(client, secrets, store.audit)
    for (const kiosk of [a, b]) {
      t.match(await readAudit(client, c.secrets, kioskOf(kiosk), 9), { whole: 0, brokenAt: 1 })
      const read = await readAudit(client, a.secrets, kioskOf(kiosk), 0)
      t.equal(read.brokenAt, null)
      t.ok(read.whole > 0)
    }
    const joined = temporaryStore(t)
    await joinFleet(client, joined.replica, 'kiosk 4', await invite(client, a.secrets))
    t.equal(openSecrets(joined.replica).recordKey(1), undefined, 'nor does a new one get it')
    t.equal((await readAudit(client, openSecrets(joined.replica), kioskOf(b), 0)).brokenAt, null)
  })

  await t.test('a row that was taken out, moved or changed is found', async (t) => {
    await client.query(
      `UPDATE fleet_audit SET ciphertext = (SELECT ciphertext FROM fleet_audit
         WHERE kiosk = $1 AND sequence = 1) WHERE kiosk = $1 AND sequence = 2`,
      [kioskOf(a)],
    )
    t.match(await readAudit(client, b.secrets, kioskOf(a), 9), { whole: 1, brokenAt: 2 })
    await client.query('DELETE FROM fleet_audit WHERE kiosk = $1 AND sequence = 2', [kioskOf(a)])
    t.match(await readAudit(client, b.secrets, kioskOf(a), 9), { whole: 1, brokenAt: 2 })
    t.match(await readAudit(client, a.secrets, kioskOf(b), 9), { brokenAt: null })
  })

  await t.test('a store that was restored does not overwrite what was told', async (t) => {
    const longer = { ...a.store.audit, linksAfter: () => [] }
    await t.rejects(writeAudit(client, a.secrets, longer), { code: 'untrusted' })
  })
})
