import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { connectAsync } from 'mqtt'
import t from 'tap'

import type { Decision } from '../../src/decision/decision.js'
import { writeReplayPicture } from '../../src/replay-picture.js'
import { openStore } from '../../src/store/store.js'
import { noMosquitto, startMosquitto } from '../events/mosquitto.js'
import { pause, until } from '../faults/running-daemon.js'
import { noPostgres, startCluster } from './cluster.js'
import { doorFolders, makeFleet, startDoor } from './doors.js'
import {
  everythingAtServer,
  filesIn,
  formsOfEmbedding,
  formsOfName,
  formsOfPicture,
  found,
} from './readable.js'

/** On a machine that others load, too. */
const PATIENCE_MS = 240_000
const ADA = 'Ada Markerbrox'
const EVE = 'Eve Markerbrox'

interface FleetView {
  readonly duplicates: readonly { readonly personId: string; readonly otherId: string }[]
}

t.test(
  'two real doors enrol one face under two names while neither hears of the other',
  { skip: noPostgres || noMosquitto, timeout: 900_000 },
  async (t) => {
    const cluster = await startCluster(t)
    const { port: mqttPort } = await startMosquitto(t)
    const listener = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`)
    t.teardown(() => listener.endAsync())
    const heard: { topic: string; payload: Buffer }[] = []
    listener.on('message', (topic, payload) => heard.push({ topic, payload }))
    await listener.subscribeAsync('#')
    const [pictures, ...folders] = doorFolders(t, ['pictures', 'first', 'second'])
    await makeFleet(
      cluster,
      folders.map((folder) => join(folder, 'data')),
    )
    const doors = await Promise.all(
      folders.map((folder, index) =>
        startDoor(t, folder, `door-${index + 1}`, cluster.url, mqttPort),
      ),
    )
    const [one, two] = doors
    const headers = { authorization: `Bearer ${one.newToken ?? ''}` }
    const picture = readFileSync(await writeReplayPicture(pictures))
    async function enrol(door: string, name: string): Promise<string> {
      const form = new FormData()
      form.set('name', name)
      form.set('picture', new File([picture], 'man.jpg', { type: 'image/jpeg' }))
      const answer = await fetch(`${door}api/persons`, { method: 'POST', headers, body: form })
      t.equal(answer.status, 201, `${name} is nobody else there`)
      return ((await answer.json()) as { id: string }).id
    }
    async function decides(door: string, is: (decision: Decision) => boolean, what: string) {
      async function holds(): Promise<boolean> {
        await pause(200)
        const answer = await fetch(`${door}api/decisions?limit=1`, { headers })
        const decision = ((await answer.json()) as { items: Decision[] }).items.at(0)
        return decision !== undefined && is(decision)
      }
      await until(holds, what, PATIENCE_MS)
      t.pass(what)
    }
    const grants = (name: string) => (decision: Decision) =>
      decision.outcome === 'granted' && decision.person.name === name
    const isAmbiguous = (decision: Decision) =>
      decision.outcome === 'denied' && decision.reason === 'ambiguous'
    const view = async (door: string): Promise<FleetView> =>
      (await (await fetch(`${door}api/fleet`, { headers })).json()) as FleetView

    // Both know the first kiosk's token by the record.
    await until(
      async () => (await fetch(`${two.consoleUrl}api/persons`, { headers })).status === 200,
      'the token at the second door',
      PATIENCE_MS,
    )
    await cluster.kill()
    const ada = await enrol(one.consoleUrl, ADA)
    const eve = await enrol(two.consoleUrl, EVE)
    await decides(one.consoleUrl, grants(ADA), 'the first door knows her by one name')
    await decides(two.consoleUrl, grants(EVE), 'the second by the other')

    await cluster.start()
    const [personId, otherId] = [ada, eve].sort()
    const finds = async () => {
      const views = await Promise.all(doors.map(({ consoleUrl }) => view(consoleUrl)))
      return views.every(({ duplicates }) =>
        duplicates.some((two) => two.personId === personId && two.otherId === otherId),
      )
    }
    await until(finds, 'every console to name both', PATIENCE_MS)
    t.pass('every console names both')
    for (const { consoleUrl } of doors) {
      await decides(consoleUrl, isAmbiguous, 'nobody enters by either name')
    }

    const gone = await fetch(`${two.consoleUrl}api/persons/${eve}`, { method: 'DELETE', headers })
    t.equal(gone.status, 200)
    for (const { consoleUrl } of doors) {
      await decides(consoleUrl, grants(ADA), 'known by the one name that is left')
    }
    await until(
      async () =>
        (await view(one.consoleUrl)).duplicates.concat((await view(two.consoleUrl)).duplicates)
          .length === 0,
      'nothing left to be said of it',
      PATIENCE_MS,
    )

    await Promise.all(doors.map((door) => door.stop()))
    const store = openStore({ folder: join(folders[0], 'data'), nowMs: Date.now })
    const forms = store.templates
      .byPerson(ada)
      .flatMap(({ embedding, cropPng }) => [
        ...formsOfEmbedding(embedding.vector),
        ...formsOfPicture(cropPng),
      ])
      .concat(formsOfPicture(picture))
      .filter(({ what }) => !what.startsWith('beginning'))
    store.close()
    t.ok(forms.length > 40)
    const names = [...formsOfName(ADA), ...formsOfName(EVE)]
    const traffic = Buffer.concat(
      heard.map(({ topic, payload }) => Buffer.concat([Buffer.from(topic), payload])),
    )
    t.comment(`${heard.length} messages, ${traffic.length} bytes`)
    t.same(found(traffic, forms), [], 'no face and no picture over the broker')
    t.same(found(everythingAtServer(cluster), [...forms, ...names]), [], 'nor a name at the server')
    for (const folder of folders) {
      t.same(found(filesIn(join(folder, 'data')), [...forms, ...names]), [], 'nor on a disk')
    }
  },
)
