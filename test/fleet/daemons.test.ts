import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import type { Decision } from '../../src/decision/decision.js'
import { writeReplayPicture } from '../../src/replay-picture.js'
import { noMosquitto, startMosquitto } from '../events/mosquitto.js'
import { pause, until } from '../faults/running-daemon.js'
import { noPostgres, startCluster } from './cluster.js'
import { doorFolders, makeFleet, startDoor } from './doors.js'

/** On a machine that others load, too. */
const PATIENCE_MS = 150_000

t.test(
  'two real doors, a real PostgreSQL and a real broker',
  { skip: noPostgres || noMosquitto },
  async (t) => {
    const cluster = await startCluster(t)
    const { port: mqttPort } = await startMosquitto(t)
    const folders = doorFolders(t, ['first', 'second'])
    await makeFleet(
      cluster,
      folders.map((folder) => join(folder, 'data')),
    )
    const [one, two] = await Promise.all(
      folders.map((folder, index) =>
        startDoor(t, folder, `door-${index + 1}`, cluster.url, mqttPort),
      ),
    )
    // The first kiosk's token is good at every console of the fleet.
    const token = one.newToken ?? ''
    const api = (url: string, method: string, path: string, body?: FormData) =>
      fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(body ? { body } : {}),
      })
    async function newest(url: string): Promise<Decision | undefined> {
      const answer = await api(url, 'GET', 'api/decisions?limit=1')
      if (answer.status !== 200) return undefined
      const { items } = (await answer.json()) as { items: Decision[] }
      return items[0]
    }
    const decides = (url: string, what: string, wanted: Partial<Decision>) =>
      until(
        async () => {
          const decision = await newest(url)
          await pause(200)
          return Object.entries(wanted).every(
            ([key, value]) => decision?.[key as keyof Decision] === value,
          )
        },
        what,
        PATIENCE_MS,
      )

    await decides(two.consoleUrl, 'the stranger at the second door', { reason: 'unknown' })
    const form = new FormData()
    form.set('name', 'First man')
    const picture = readFileSync(await writeReplayPicture(join(folders[0], 'data')))
    form.set('picture', new File([picture], 'man.jpg', { type: 'image/jpeg' }))
    const answer = await api(one.consoleUrl, 'POST', 'api/persons', form)
    t.equal(answer.status, 201)
    const { id } = (await answer.json()) as { id: string }
    await decides(two.consoleUrl, 'a grant at the second door', { outcome: 'granted' })
    t.pass('enrolled at the first door, granted at the second')

    await cluster.kill()
    const before = await newest(two.consoleUrl)
    await until(
      async () => {
        const decision = await newest(two.consoleUrl)
        return decision?.outcome === 'granted' && decision.id !== before?.id
      },
      'a grant without the database',
      PATIENCE_MS,
    )
    t.pass('the door goes on by its own copy')

    t.equal((await api(one.consoleUrl, 'DELETE', `api/persons/${id}`)).status, 200)
    await decides(two.consoleUrl, 'the revocation, over the broker alone', {
      reason: 'not-permitted',
    })
    t.pass('revoked over MQTT while the database is gone')

    await cluster.start()
    const gone = async () => (await api(two.consoleUrl, 'GET', `api/persons/${id}`)).status === 404
    await until(gone, 'the deletion at the second door', PATIENCE_MS)
    await decides(two.consoleUrl, 'a stranger there again', { reason: 'unknown' })
    const client = await cluster.connect()
    await until(
      async () => {
        const { rows } = await client.query<{ doors: string }>(
          'SELECT count(DISTINCT door) AS doors FROM fleet_decision',
        )
        return rows[0].doors === '2'
      },
      'the decisions of both doors in the database',
      PATIENCE_MS,
    )
    const twice = await client.query(
      'SELECT id FROM fleet_decision GROUP BY id HAVING count(*) > 1',
    )
    t.equal(twice.rowCount, 0)
    const named = await client.query(
      `SELECT 1 FROM fleet_decision WHERE body::text LIKE '%First man%'`,
    )
    t.equal(named.rowCount, 0, 'no name of a person')
    await client.end()
  },
)
