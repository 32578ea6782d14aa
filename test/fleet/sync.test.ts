import { dirname } from 'node:path'

import t from 'tap'

import { migrateRecord } from '../../src/fleet/migrate.js'
import { connectPostgres } from '../../src/fleet/postgres.js'
import { resealRecords } from '../../src/fleet/reseal.js'
import { removeMember } from '../../src/fleet/rotation.js'
import { keyedHash } from '../../src/fleet/seal.js'
import { openRecord, subjectHash, type RecordRow } from '../../src/fleet/sealed-record.js'
import { folderBytes, sampleEmbedding, sampleTemplate } from '../store/samples.js'
import { noPostgres, startCluster } from './cluster.js'
import { digests, fleetOf, settle, type Kiosk } from './kiosk.js'
import {
  everythingAtServer,
  formsOfEmbedding,
  formsOfName,
  formsOfPicture,
  found,
  type Form,
} from './readable.js'
import { startRelay } from './relay.js'

const CROP = 'crop-marker-51d0'
const NAME = 'Zaphod Markerbrox'

t.test('a fleet over a real PostgreSQL', { skip: noPostgres }, async (t) => {
  const cluster = await startCluster(t)
  const kiosks = await fleetOf(t, cluster, 3)
  const [a, b, c] = kiosks

  await t.test('an enrolment reaches every kiosk, its picture only the record', async (t) => {
    a.store.groups.create({ id: 'staff', name: 'Staff' }, 'cli')
    const person = a.store.persons.create(NAME, 'cli')
    a.store.persons.update(person.id, { groups: ['staff'] }, 'cli')
    const template = a.store.templates.add(sampleTemplate(person.id, 5, CROP), 'cli')
    a.store.consents.add(person.id, { textVersion: '1' }, 'cli')
    await settle(kiosks)
    t.match(b.store.persons.get(person.id), { name: NAME, groups: ['staff'], active: true })
    const [copy] = c.store.templates.byPerson(person.id)
    t.same(copy.embedding.vector, template.embedding.vector)
    t.equal(copy.cropPng.length, 0)
    t.equal(new Set(digests(kiosks)).size, 1)
    t.equal(a.store.replica.hasPending(), false)
    t.match(
      b.applied.flatMap(({ templates }) => templates),
      [{ templateId: template.id }],
    )
    t.same(
      a.applied.flatMap(({ confirmed }) => confirmed),
      [template.id],
    )
    const client = await cluster.connect()
    const pictures = await client.query(`SELECT kind FROM fleet_record WHERE kind = 'picture'`)
    t.equal(pictures.rowCount, 1)
    await client.end()
  })

  await t.test(
    'neither the server nor a stolen disk tells a name, a face or a picture',
    async (t) => {
      const [template] = a.store.templates.gallery()
      const { vector } = template.embedding
      const { cropPng } = sampleTemplate('', 5, CROP)
      const forms = [...formsOfName(NAME), ...formsOfEmbedding(vector), ...formsOfPicture(cropPng)]
      const isOfOurs = ({ what }: Form) => !what.startsWith('beginning')
      t.same(found(everythingAtServer(cluster), forms.filter(isOfOurs)), [])
      for (const { store } of kiosks) {
        t.same(found(folderBytes(dirname(store.info.path)), forms.filter(isOfOurs)), [])
      }

      // This is the sealing, not a search that finds nothing.
      const client = await cluster.connect()
      await client.query('CREATE TABLE clear (name text, vector bytea, body json, crop text)')
      await client.query('INSERT INTO clear VALUES ($1, $2, $3, $4)', [
        NAME,
        Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength),
        JSON.stringify([...vector]),
        `data:image/png;base64,${Buffer.from(cropPng).toString('base64')}`,
      ])
      t.same(found(everythingAtServer(cluster), forms).sort(), [
        'beginning of picture as base64',
        'decimals',
        'end of picture as base64',
        'float32',
        'float32 as hex',
        'name',
        'picture as base64',
      ])
      await client.query('DROP TABLE clear')
      await client.end()
    },
  )

  await t.test('who is at the server by which hash tells nobody without the key', async (t) => {
    const client = await cluster.connect()
    const { rows } = await client.query<RecordRow>(
      `SELECT * FROM fleet_record WHERE kind = 'person'`,
    )
    const [person] = a.store.persons.list()
    const row = rows.find(({ subject }) =>
      subject.equals(subjectHash(b.secrets, 'person', person.id)),
    )
    t.ok(row, 'known to whoever has the key')
    const stranger = { ...b.secrets, indexKey: () => Buffer.alloc(32, 7) }
    t.notOk(row?.subject.equals(subjectHash(stranger, 'person', person.id)))
    // Whatever the server holds is no key to it.
    const { rows: known } = await client.query<{ bytes: Buffer }>(
      `SELECT sign_key AS bytes FROM fleet_member UNION ALL SELECT box_key FROM fleet_member
       UNION ALL SELECT mac FROM fleet_member UNION ALL SELECT sealed FROM fleet_key
       UNION ALL SELECT convert_to(id, 'UTF8') FROM fleet`,
    )
    for (const { bytes } of [...known, { bytes: Buffer.alloc(0) }, { bytes: Buffer.alloc(32) }]) {
      t.notOk(row?.subject.equals(keyedHash(bytes, `subject\nperson\n${person.id}`)))
    }
    await client.end()
  })

  await t.test('a deletion takes everything with it, everywhere', async (t) => {
    const [person] = b.store.persons.list()
    b.store.persons.delete(person.id, 'cli')
    await settle(kiosks)
    for (const { store } of kiosks) {
      t.same(store.persons.list(), [])
      t.equal(store.templates.gallery().length, 0)
    }
    const client = await cluster.connect()
    const left = await client.query(
      `SELECT kind FROM fleet_record WHERE NOT deleted AND kind IN ('person', 'template', 'picture', 'consent')`,
    )
    t.equal(left.rowCount, 0, 'nothing of the person is left at the server')
    await client.end()
  })

  await t.test('edits made in ignorance of each other take nobody further', async (t) => {
    const person = a.store.persons.create('Ada', 'cli')
    await settle(kiosks)
    a.store.persons.update(person.id, { name: 'Ada L.', validUntilMs: 5000 }, 'cli')
    b.store.persons.update(person.id, { active: false }, 'cli')
    c.store.persons.update(person.id, { validUntilMs: 4000, groups: ['staff'] }, 'cli')
    await settle(kiosks)
    for (const { store } of kiosks) {
      t.match(store.persons.get(person.id), {
        active: false,
        validUntilMs: 4000,
        groups: ['staff'],
      })
    }
    t.equal(new Set(digests(kiosks)).size, 1)
    c.store.persons.update(person.id, { active: true }, 'cli')
    await settle(kiosks)
    t.equal(a.store.persons.get(person.id)?.active, true, 'in knowledge it may be undone')
  })

  await t.test('a face added to somebody who was deleted meanwhile is gone, too', async (t) => {
    const person = a.store.persons.create('Eve', 'cli')
    await settle(kiosks)
    a.store.persons.delete(person.id, 'cli')
    b.store.templates.add(sampleTemplate(person.id, 7), 'cli')
    await b.copy()
    await settle(kiosks)
    for (const { store } of kiosks) t.equal(store.persons.get(person.id), undefined)
    t.equal(new Set(digests(kiosks)).size, 1)
    const client = await cluster.connect()
    const left = await client.query(
      `SELECT kind FROM fleet_record WHERE NOT deleted AND kind IN ('template', 'picture')`,
    )
    t.equal(left.rowCount, 0)
    await client.end()
  })

  await t.test('a group that was deleted under somebody admits nobody', async (t) => {
    a.store.groups.create({ id: 'cleaners', name: 'Cleaners' }, 'cli')
    const person = a.store.persons.create('Bob', 'cli')
    await settle(kiosks)
    a.store.groups.remove('cleaners', 'cli')
    b.store.persons.update(person.id, { groups: ['cleaners'] }, 'cli')
    await settle(kiosks)
    await settle(kiosks)
    for (const { store } of kiosks) t.match(store.persons.get(person.id), { active: false })
    a.store.groups.create({ id: 'cleaners', name: 'Cleaners again' }, 'cli')
    await settle(kiosks)
    t.match(c.store.groups.list(), [{ id: 'cleaners', name: 'Cleaners again' }, { id: 'staff' }])
  })

  await t.test('of two encodings of one picture the later stands everywhere', async (t) => {
    const person = a.store.persons.create('Kim', 'cli')
    const template = a.store.templates.add(sampleTemplate(person.id, 11), 'cli')
    await settle(kiosks)
    const encode = ({ store }: Kiosk, seed: number) =>
      store.encodings.add(template.id, { ...sampleEmbedding(seed), modelId: 'another' })
    encode(a, 12)
    encode(b, 13)
    await settle(kiosks)
    t.equal(new Set(digests(kiosks)).size, 1, 'neither knew the other')
    encode(a, 14)
    await a.copyAndForget()
    encode(a, 15)
    await settle(kiosks)
    t.equal(new Set(digests(kiosks)).size, 1, 'the first had been given without it being known')
    const client = await cluster.connect()
    await client.query('DELETE FROM fleet_commit')
    await client.end()
    encode(a, 16)
    await settle(kiosks)
    t.equal(new Set(digests(kiosks)).size, 1, 'the record was read anew meanwhile')
    const known = c.store.templates.galleryOf(person.id).map(({ embedding }) => embedding)
    const { vector } = sampleEmbedding(16)
    t.same(known.find(({ modelId }) => modelId === 'another')?.vector, vector)
  })

  await t.test('whoever is cut off in the middle of writing holds up nobody', async (t) => {
    const relay = await startRelay(t, cluster.port)
    const cut = await connectPostgres({ url: `postgres://genkan@127.0.0.1:${relay.port}/postgres` })
    const setting = 'idle_in_transaction_session_timeout'
    t.same((await cut.query(`SHOW ${setting}`)).rows, [{ [setting]: '10s' }])
    await cut.query(`SET ${setting} = 300`)
    await cut.query('BEGIN')
    await cut.query('SELECT id FROM fleet FOR UPDATE')
    relay.swallow(true)
    const person = b.store.persons.create('Lea', 'cli')
    await settle(kiosks)
    t.equal(a.store.persons.get(person.id)?.name, 'Lea')
    relay.swallow(false)
  })

  await t.test('killed with -9, the server comes back and nothing is lost', async (t) => {
    const person = a.store.persons.create('Carol', 'cli')
    await cluster.kill()
    await t.rejects(a.copy(), { code: 'unreachable' })
    t.ok(a.store.replica.hasPending())
    await cluster.start()
    await settle(kiosks)
    t.equal(c.store.persons.get(person.id)?.name, 'Carol')
  })

  await t.test('restored from an older backup, it gets back what it lost', async (t) => {
    const kept = a.store.persons.create('Dora', 'cli')
    const revoked = a.store.persons.create('Frank', 'cli')
    const gone = a.store.persons.create('Gina', 'cli')
    a.store.templates.add(sampleTemplate(kept.id, 9), 'cli')
    await settle(kiosks)
    await cluster.kill()
    cluster.copyTo('backup')
    await cluster.start()
    b.store.persons.update(revoked.id, { active: false }, 'cli')
    b.store.persons.delete(gone.id, 'cli')
    const late = b.store.persons.create('Harry', 'cli')
    b.store.persons.update(kept.id, { name: 'Dora the second' }, 'cli')
    await settle([b, c])
    await cluster.kill()
    cluster.restoreFrom('backup')
    await cluster.start()
    // A kiosk that had heard nothing of it writes over what was lost.
    a.store.persons.update(kept.id, { validUntilMs: 9000 }, 'cli')
    await settle([a])
    await settle(kiosks)
    for (const { store } of kiosks) {
      t.equal(store.persons.get(revoked.id)?.active, false)
      t.equal(store.persons.get(gone.id), undefined)
      t.equal(store.persons.get(late.id)?.name, 'Harry')
      t.match(store.persons.get(kept.id), { active: true, validUntilMs: 9000 })
    }
    t.equal(new Set(digests(kiosks)).size, 1)
  })

  await t.test('whoever is removed can read and tell nothing any more', async (t) => {
    const client = await cluster.connect()
    await settle(kiosks)
    await removeMember(client, a.secrets, a.store.replica, 'kiosk 3')
    const { resealed, left } = await resealRecords(client, a.secrets, a.store.replica)
    t.ok(resealed > 0)
    t.equal(left, 0)
    await t.rejects(c.copy(), { code: 'removed' })
    const { rows } = await client.query<RecordRow>('SELECT * FROM fleet_record')
    t.ok(rows.length > 0)
    t.ok(rows.every((row) => !('unreadable' in openRecord(a.secrets, row))))
    t.ok(
      rows.every((row) => 'unreadable' in openRecord(c.secrets, row)),
      'its key opens nothing',
    )
    const person = a.store.persons.create('Ines', 'cli')
    await settle([a, b])
    t.equal(b.store.persons.get(person.id)?.name, 'Ines')
    t.equal(c.store.persons.get(person.id), undefined)
    await client.end()
  })

  await t.test('rows that somebody changed at the server are not taken', async (t) => {
    const client = await cluster.connect()
    const person = a.store.persons.create('Jane', 'cli')
    await a.copy()
    await client.query(
      `UPDATE fleet_record SET version = version + 5 WHERE seq = (SELECT max(seq) FROM fleet_record)`,
    )
    for (const round of [1, 2]) {
      const { unreadable } = await b.copy()
      t.equal(unreadable, 1, `and still said in round ${round}`)
      t.equal(b.store.persons.get(person.id), undefined)
    }
    a.store.persons.update(person.id, { name: 'Jane D.' }, 'cli')
    await client.query(
      `UPDATE fleet_record SET version = version - 5 WHERE seq = (SELECT max(seq) FROM fleet_record)`,
    )
    t.equal((await b.copy()).unreadable, 0)
    await settle([a, b])
    t.equal(b.store.persons.get(person.id)?.name, 'Jane D.')
    await client.end()
  })

  await t.test('migrations are harmless when repeated', async (t) => {
    const client = await cluster.connect()
    t.equal(await migrateRecord(client), 2)
    await client.end()
  })
})
