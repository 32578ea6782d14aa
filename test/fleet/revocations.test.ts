import t from 'tap'

import { signText } from '../../src/fleet/identity.js'
import { listMembers } from '../../src/fleet/members.js'
import { hearRevocation, revocationMessage, revocationTopic } from '../../src/fleet/revocations.js'
import { removeMember } from '../../src/fleet/rotation.js'
import { noPostgres, startCluster } from './cluster.js'
import { fleetOf, settle } from './kiosk.js'

t.test('a topic takes no levels or wildcards from a prefix', (t) => {
  t.equal(revocationTopic('site/genkan', 'F'), 'site/genkan/fleet/F/revocation')
  t.throws(() => revocationTopic('site/#', 'F'))
  t.end()
})

t.test('revocations over the broker', { skip: noPostgres }, async (t) => {
  const cluster = await startCluster(t)
  const kiosks = await fleetOf(t, cluster, 3)
  const [a, b, c] = kiosks
  const person = a.store.persons.create('Ada', 'cli')
  await settle(kiosks)
  const client = await cluster.connect()
  for (const { secrets } of kiosks) await listMembers(client, secrets)
  const isActive = ({ store }: typeof b) => store.persons.get(person.id)?.active
  const hear = (kiosk: typeof b, text: string) =>
    hearRevocation(kiosk.secrets, kiosk.store.replica, Buffer.from(text))

  a.store.persons.update(person.id, { active: false }, 'cli')
  a.store.replica.announce()
  const [told] = a.store.replica.unsent(10)
  const message = revocationMessage(a.secrets, told)

  await t.test('one that is not signed by a kiosk of the fleet changes nothing', (t) => {
    const { statement, signature } = JSON.parse(message) as Record<string, string>
    const content = JSON.parse(statement) as Record<string, unknown>
    const other = JSON.stringify({ ...content, personId: '01JD4QXNWZ8Y3Q4R5S6T7V8W9X' })
    const wrongFleet = JSON.stringify({ ...content, fleet: '01JD4QXNWZ8Y3Q4R5S6T7V8W9X' })
    const forged = signText(c.secrets.kioskKeys(), statement).toString('base64')
    t.equal(hear(b, JSON.stringify({ statement: other, signature })).outcome, 'not-trusted')
    t.equal(hear(b, JSON.stringify({ statement, signature: forged })).outcome, 'not-trusted')
    t.equal(hear(b, JSON.stringify({ statement: wrongFleet, signature })).outcome, 'another-fleet')
    for (const text of ['', '{', '[]', 'null', '{"statement":"x"}', 'a'.repeat(5000)]) {
      t.equal(hear(b, text).outcome, 'not-valid')
    }
    t.equal(isActive(b), true)
    t.end()
  })

  await t.test(
    'a true one holds at once, and a record that lacks it does not undo it',
    async (t) => {
      t.equal(hear(b, message).outcome, 'applied')
      t.equal(hear(a, message).outcome, 'own')
      t.equal(isActive(b), false)
      c.store.persons.update(person.id, { name: 'Ada L.' }, 'cli')
      await c.copy()
      await b.copy()
      t.match(b.store.persons.get(person.id), { name: 'Ada L.', active: false })
      await settle(kiosks)
      t.equal(isActive(c), false)
    },
  )

  await t.test('made active again in knowledge of it, nobody can play it once more', async (t) => {
    c.store.persons.update(person.id, { active: true }, 'cli')
    await settle(kiosks)
    t.equal(isActive(b), true)
    t.equal(hear(b, message).outcome, 'replayed')
    t.equal(hear(c, message).outcome, 'applied', 'new to it, but older than what it knows')
    for (const kiosk of kiosks) t.equal(isActive(kiosk), true)
  })

  await t.test('a removed kiosk revokes nobody', async (t) => {
    await removeMember(client, a.secrets, a.store.replica, 'kiosk 3')
    await settle([a, b])
    c.store.persons.update(person.id, { active: false }, 'cli')
    c.store.replica.announce()
    const [last] = c.store.replica.unsent(10).slice(-1)
    t.equal(hear(b, revocationMessage(c.secrets, last)).outcome, 'not-trusted')
    t.equal(isActive(b), true)
  })
  await client.end()
})
