import t from 'tap'

import { readAudit, writeAudit } from '../../src/fleet/audit-sink.js'
import { noPostgres, startCluster } from './cluster.js'
import { fleetOf } from './kiosk.js'

t.test('the audit of every kiosk in the record', { skip: noPostgres }, async (t) => {
  const cluster = await startCluster(t)
  const [a, b] = await fleetOf(t, cluster, 2)
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
