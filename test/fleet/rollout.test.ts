import { readFileSync } from 'node:fs'

import t from 'tap'

import { openAdmittedGroups } from '../../src/admitted-groups.js'
import { configSchema } from '../../src/config/schema.js'
import { judgeAccess } from '../../src/decision/policy.js'
import {
  createPictureEncoder,
  encoderOfFleet,
  startEncoderRollout,
} from '../../src/encoder-rollout.js'
import { toFleetDoor } from '../../src/fleet/doors.js'
import { listMembers, reportStatus } from '../../src/fleet/members.js'
import { hindrances } from '../../src/fleet/rollout.js'
import { decodeImage, encodePng } from '../../src/frame/decode.js'
import { loadGallery } from '../../src/recognition.js'
import { loadStages } from '../../src/stages.js'
import { assetPath } from '../../src/models/registry.js'
import { until } from '../faults/running-daemon.js'
import { noPostgres, startCluster } from './cluster.js'
import { digests, fleetOf, settle, type Kiosk } from './kiosk.js'

const OLD = 'mobilefacenet-128-pca-int8'
const NEW = 'mobilefacenet-128'

t.test(
  'doors come to another encoder stage by stage, and nobody enrols anew',
  { skip: noPostgres, timeout: 120_000 },
  async (t) => {
    const cluster = await startCluster(t)
    const kiosks = await fleetOf(t, cluster, 3)
    const [a, b, c] = kiosks
    const config = configSchema.parse({ store: { fleet: { url: cluster.url } } })
    const stages = await loadStages(config.models)
    const decoded = await decodeImage(readFileSync(assetPath('joconde.jpg')))
    if (!decoded.ok) throw new Error(decoded.detail)
    const reading = await stages.readEnrolment(decoded.image)
    if (reading.kind !== 'readable') throw new Error(reading.detail)
    const { id: personId } = a.store.persons.create('A man', 'cli')
    const { id: templateId } = a.store.templates.add(
      {
        personId,
        embedding: reading.embedding,
        quality: 0.9,
        source: 'cli',
        cropPng: Buffer.from(await encodePng(reading.aligned)),
      },
      'cli',
    )
    await settle(kiosks)
    const idOf = ({ secrets }: Kiosk) => secrets.membership().kiosk
    const encoderAt = ({ store }: Kiosk) => encoderOfFleet(config, store)

    await t.test('first the pictures are shown to it, by whoever keeps them', async (t) => {
      a.store.fleetRules.setRollout({ from: OLD, to: NEW, stages: [[idOf(b)]], reached: 0 }, 'cli')
      await settle(kiosks)
      t.equal(c.store.fleetRules.rollout()?.to, NEW)
      for (const { store } of kiosks) t.equal(store.encodings.countUnseen(NEW), 1)
      const asked: string[] = []
      const background = (kiosk: Kiosk) =>
        startEncoderRollout({
          config,
          store: kiosk.store,
          running: OLD,
          pictures: createPictureEncoder(config.models),
          onWanted: (why) => asked.push(why),
          onTrouble: (error) => t.fail(String(error)),
        })
      const works = [background(a), background(c)]
      await until(() => a.store.encodings.countUnseen(NEW) === 0, 'the picture to be shown')
      t.match(works[0].state(), { encoder: NEW, unseen: 0, hindrance: null })
      t.match(works[1].state(), { encoder: NEW, unseen: 1 }, 'whoever has no picture waits')
      for (const work of works) await work.stop()
      t.same(asked, [], 'no door uses it yet')
      await settle(kiosks)
      for (const { store } of kiosks) t.equal(store.encodings.countUnseen(NEW), 0)
      t.equal(new Set(digests(kiosks)).size, 1)
    })

    await t.test('then a stage, and both kinds of door know the man by their own', async (t) => {
      b.store.fleetRules.setRollout({ from: OLD, to: NEW, stages: [[idOf(b)]], reached: 1 }, 'cli')
      await settle(kiosks)
      t.equal(encoderAt(b).config.models.encoder, NEW)
      t.equal(encoderAt(a).config.models.encoder, undefined)
      const probe = await createPictureEncoder(config.models).encode(NEW, {
        cropPng: Buffer.from(await encodePng(reading.aligned)),
        modelId: OLD,
      })
      for (const [kiosk, model, embedding] of [
        [b, NEW, probe],
        [a, OLD, reading.embedding],
      ] as const) {
        const { gallery, otherModelTemplates } = loadGallery(kiosk.store, model)
        t.equal(otherModelTemplates, 0)
        t.equal(gallery.personCount, 1)
        t.equal(gallery.templateCount, 1)
        t.match(gallery.identify(embedding, { threshold: 0.1, margin: 0 }), { personId })
      }
    })

    await t.test('a door that knows fewer people by the new one stays as it is', async (t) => {
      const person = b.store.persons.create('Another', 'cli')
      b.store.templates.add(
        {
          personId: person.id,
          embedding: reading.embedding,
          quality: 0.9,
          source: 'cli',
          cropPng: Buffer.from(await encodePng(reading.aligned)),
        },
        'cli',
      )
      t.match(encoderAt(b), { hindrance: /1 templates are not known to mobilefacenet-128 yet/ })
      t.equal(encoderAt(b).config.models.encoder, undefined)
      const asked: string[] = []
      const work = (running: string) =>
        startEncoderRollout({
          config,
          store: {
            ...b.store,
            // As if another kiosk kept the picture.
            encodings: { ...b.store.encodings, nextUnseen: () => undefined },
          },
          running,
          pictures: createPictureEncoder(config.models),
          onWanted: (why) => asked.push(why),
          onTrouble: (error) => t.fail(String(error)),
        })
      for (const running of [OLD, NEW]) await work(running).stop()
      t.same(asked, [], 'nor does one that has gone over come back for somebody new')
      b.store.persons.delete(person.id, 'cli')
      await work(OLD).stop()
      t.match(asked, [/the fleet wants mobilefacenet-128 at this door/])
      const byHand = configSchema.parse({ ...config, matching: { threshold: 0.7 } })
      t.match(encoderOfFleet(byHand, b.store).hindrance, /threshold is set by hand/)
      await settle(kiosks)
    })

    await t.test('the next stage waits until the doors of this one are well', async (t) => {
      const client = await cluster.connect()
      const say = (kiosk: Kiosk, status: object) =>
        reportStatus(client, kiosk.secrets, {
          version: '1',
          door: 'd',
          calibration: '0123456789ab',
          groups: [],
          sequence: 1,
          pending: 0,
          health: 'online',
          models: { encoder: OLD },
          rollout: { encoder: NEW, unseen: 0, hindrance: null },
          ...status,
        })
      const rollout = a.store.fleetRules.rollout()
      const reasons = async (nowMs = Date.now()) => {
        if (rollout === undefined) throw new Error('there is no roll-out')
        const rows = await listMembers(client, a.secrets)
        return hindrances(
          rollout,
          rows.map((row) => toFleetDoor(row, idOf(a))),
          nowMs,
        )
      }
      t.equal((await reasons()).length, 3, 'nobody has been heard of')
      for (const kiosk of kiosks) await say(kiosk, {})
      t.same(await reasons(), ['kiosk 2: does not use mobilefacenet-128 yet'])
      await say(b, { models: { encoder: NEW }, health: 'degraded', cause: 'no picture' })
      t.same(await reasons(), ['kiosk 2: is not well: no picture'])
      await say(b, { models: { encoder: NEW }, calibration: null })
      t.same(await reasons(), ['kiosk 2: has no calibration of mobilefacenet-128'])
      await say(b, { models: { encoder: `${NEW}-h0123abcd` } })
      t.same(await reasons(), [], 'a head learnt on site is no other encoder')
      await say(c, { rollout: { encoder: NEW, unseen: 4, hindrance: null } })
      t.same(await reasons(), [`kiosk 3: knows 4 templates by ${OLD} only`])
      await say(c, { rollout: null })
      t.same(await reasons(), ['kiosk 3: has not heard of the roll-out yet'])
      await say(c, { rollout: { encoder: NEW, unseen: 0, hindrance: 'cannot use it' } })
      t.same(await reasons(), ['kiosk 3: cannot use it'])
      await say(c, {})
      t.equal((await reasons(Date.now() + 200_000)).length, 3, 'silent for three minutes')
      await client.end()
    })

    await t.test('a template that is deleted goes in every encoder’s form', async (t) => {
      const deleted = c.store.templates.delete(templateId, 'cli')
      t.equal(deleted, true)
      await settle(kiosks)
      for (const { store } of kiosks) t.same(store.templates.gallery(), [])
      const client = await cluster.connect()
      const left = await client.query(
        `SELECT kind FROM fleet_record WHERE NOT deleted AND kind IN ('template', 'picture', 'encoding')`,
      )
      t.equal(left.rowCount, 0)
      await client.end()
      t.equal(new Set(digests(kiosks)).size, 1)
    })

    await t.test('any kiosk says whom a door admits', async (t) => {
      const staffDoor = configSchema.parse({
        door: { groups: ['staff'] },
        store: { fleet: { url: cluster.url } },
      })
      const atB = openAdmittedGroups(staffDoor, b.store)
      for (const id of ['staff', 'guests', 'night']) a.store.groups.create({ id, name: id }, 'cli')
      await settle(kiosks)

      t.same(atB(), ['staff'], 'the door’s configuration, while the fleet says nothing')
      t.throws(() => a.store.fleetRules.setAdmits(idOf(b), ['nobody-knows'], 'cli'), {
        code: 'not-found',
      })
      a.store.fleetRules.setAdmits(idOf(b), ['guests', 'staff'], 'cli')
      await settle(kiosks)
      t.same(atB(), ['guests', 'staff'])
      t.same(openAdmittedGroups(staffDoor, a.store)(), ['staff'], 'of no other door')
      t.match(
        b.applied.some(({ others }) => others),
        true,
        'the door is told',
      )

      const visitor = { active: true, validFromMs: null, validUntilMs: null, groups: ['night'] }
      const judged = (doorGroups: readonly string[] | null) =>
        judgeAccess(visitor, { scheduleOf: () => null, lockdown: false, doorGroups }, 0).outcome
      t.equal(judged(null), 'permitted')
      t.equal(judged(['night']), 'permitted')
      t.equal(judged(atB()), 'not-permitted')
      t.equal(judged([]), 'not-permitted', 'no group is nobody, not everybody')

      a.store.fleetRules.setAdmits(idOf(b), ['night'], 'cli')
      b.store.fleetRules.setAdmits(idOf(b), ['guests'], 'cli')
      await settle(kiosks)
      for (const { store } of kiosks) t.same(store.fleetRules.admits(idOf(b)), [])
      t.equal(new Set(digests(kiosks)).size, 1)
      a.store.fleetRules.setAdmits(idOf(b), null, 'cli')
      await settle(kiosks)
      t.equal(atB(), null, 'everybody, said in knowledge of what was')

      b.store.replica.end()
      t.same(
        openAdmittedGroups(staffDoor, b.store)(),
        ['staff'],
        'a door that left is its own again',
      )
    })
  },
)
