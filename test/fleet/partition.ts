import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import t from 'tap'

import type { Decision } from '../../src/decision/decision.js'
import { writeReplayPicture } from '../../src/replay-picture.js'
import { openStore } from '../../src/store/store.js'
import { noMosquitto, startMosquitto } from '../events/mosquitto.js'
import { until } from '../faults/running-daemon.js'
import { noPostgres, startCluster } from './cluster.js'
import { doorFolders, makeFleet, startDoor } from './doors.js'
import { startRelay } from './relay.js'

/** On a machine that others load, too. */
const PATIENCE_MS = 240_000
/** How long nothing comes through, at least; a minute or two is enough to be stale. */
const PARTITION_MS = Number(process.env['GENKAN_PARTITION_MINUTES'] ?? 0) * 60_000
/** In a long one somebody comes about once a minute. */
const CAMERA = PARTITION_MS > 0 ? 'gapS: 45, fps: 4' : 'gapS: 0.2, fps: 4'
/** What a door says that has not read the record for longer than it may. */
const STALE = {
  reason: 'fault',
  detail: 'the fleet’s record was last read more than 1 minutes ago',
} as const
/** What is sent with a request. */
interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | FormData
}

/** Takes minutes: `npm run test:faults` runs it. */
const skip = noPostgres || noMosquitto

t.test(
  'two real doors whose network swallows everything for longer than they may be stale',
  { skip, timeout: 900_000 + PARTITION_MS },
  async (t) => {
    const cluster = await startCluster(t)
    const { port: mqttPort } = await startMosquitto(t)
    const folders = doorFolders(t, ['first', 'second'])
    await makeFleet(
      cluster,
      folders.map((folder) => join(folder, 'data')),
    )
    const relay = await startRelay(t, cluster.port)
    const url = `postgres://genkan@127.0.0.1:${relay.port}/postgres`
    const stale = (then: string) => `pollSeconds: 1, maxStalenessMinutes: 1, whenStale: ${then}`
    const [one, two] = await Promise.all([
      startDoor(t, folders[0], 'door-1', url, mqttPort, stale('continue'), CAMERA),
      startDoor(t, folders[1], 'door-2', url, mqttPort, stale('closed'), CAMERA),
    ])
    const token = one.newToken ?? ''
    const headers = { authorization: `Bearer ${token}` }
    /** Asks once more where the connection had been closed in a long pause. */
    async function ask(url: string, init: Sent = {}): Promise<Response> {
      const request = () => fetch(url, { ...init, headers: { ...headers, ...init.headers } })
      return request().catch(request)
    }
    async function newest(door: string): Promise<Decision | undefined> {
      const answer = await ask(`${door}api/decisions?limit=1`)
      if (answer.status !== 200) return undefined
      return ((await answer.json()) as { items: Decision[] }).items[0]
    }
    /** Whatever was decided after a decision, newest first. */
    async function decidedSince(door: string, id: string): Promise<Decision[]> {
      const answer = await ask(`${door}api/decisions/export.ndjson`)
      const lines = (await answer.text()).split('\n').filter((line) => line !== '')
      const decisions = lines.map((line) => JSON.parse(line) as Decision)
      return decisions.slice(
        0,
        decisions.findIndex((decision) => decision.id === id),
      )
    }
    async function change(door: string, id: string, body: object): Promise<void> {
      const answer = await ask(`${door}api/persons/${id}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json', 'if-match': '*' },
        body: JSON.stringify(body),
      })
      t.equal(answer.status, 200)
    }
    /** Waits for a decision after the one that is newest now. */
    async function decides(door: string, what: string, wanted: Partial<Decision>): Promise<void> {
      const before = (await newest(door))?.id
      const is = async () => {
        const decision = await newest(door)
        return (
          decision !== undefined &&
          decision.id !== before &&
          Object.entries(wanted).every(([key, value]) => decision[key as keyof Decision] === value)
        )
      }
      await until(is, what, PATIENCE_MS)
      t.pass(what)
    }
    async function enrol(name: string): Promise<string> {
      const form = new FormData()
      form.set('name', name)
      const picture = readFileSync(await writeReplayPicture(join(folders[0], 'data')))
      form.set('picture', new File([picture], 'man.jpg', { type: 'image/jpeg' }))
      const answer = await ask(`${one.consoleUrl}api/persons`, {
        method: 'POST',
        body: form,
      })
      t.equal(answer.status, 201)
      return ((await answer.json()) as { id: string }).id
    }

    const id = await enrol('First man')
    await decides(two.consoleUrl, 'granted at the second door', { outcome: 'granted' })

    relay.swallow(true)
    const startMs = performance.now()
    const lasted = (part: number) =>
      sleep(Math.max(0, startMs + part * PARTITION_MS - performance.now()))
    await decides(two.consoleUrl, 'a stale door closes where it was told to', STALE)
    await decides(one.consoleUrl, 'and goes on where it was told to', { outcome: 'granted' })
    const stale1 = (await newest(one.consoleUrl))?.id ?? ''
    const stale2 = (await newest(two.consoleUrl))?.id ?? ''
    await lasted(0.5)
    const first = await decidedSince(one.consoleUrl, stale1)
    t.notOk(
      first.some((decision) => decision.outcome === 'denied' && decision.detail === STALE.detail),
      'never closed for being stale where it goes on',
    )
    // On a machine that others load a picture may be late, which is a fault as well.
    const faults = first.filter((decision) => 'reason' in decision && decision.reason === 'fault')
    t.comment(`${faults.length} faults, all of another kind`)
    const granted = first.filter(({ outcome }) => outcome === 'granted').length
    t.comment(`${granted} of ${first.length} decisions granted before the revocation`)
    t.ok(PARTITION_MS === 0 || granted * 2 > first.length, 'valid all the while')

    await change(two.consoleUrl, id, { name: 'The first man' })
    await change(one.consoleUrl, id, { active: false })
    const isActive = async (door: string) => {
      const answer = await ask(`${door}api/persons/${id}`)
      return ((await answer.json()) as { active: boolean }).active
    }
    await until(
      async () => !(await isActive(two.consoleUrl)),
      'the revocation by the broker alone',
      PATIENCE_MS,
    )

    const told1 = (await newest(one.consoleUrl))?.id ?? ''
    await lasted(1)
    const second = await decidedSince(one.consoleUrl, told1)
    const closed = await decidedSince(two.consoleUrl, stale2)
    t.comment(`${second.length} decisions after it, ${closed.length} at the closed door`)
    t.notOk(
      second.concat(closed).some(({ outcome }) => outcome === 'granted'),
      'nobody entered',
    )
    t.comment(`nothing came through for ${((performance.now() - startMs) / 60_000).toFixed(1)} min`)

    relay.swallow(false)
    await decides(two.consoleUrl, 'open for others again, and shut for who was revoked', {
      reason: 'not-permitted',
    })
    await until(
      async () => {
        const answer = await ask(`${two.consoleUrl}api/fleet`)
        const { doors } = (await answer.json()) as {
          doors: { pending: number; sequence: number }[] | null
        }
        return (
          doors?.length === 2 &&
          doors.every(({ pending, sequence }) => pending === 0 && sequence === doors[0].sequence)
        )
      },
      'both doors to have read and told the same',
      PATIENCE_MS,
    )
    await Promise.all([one.stop(), two.stop()])
    const [hash, other] = folders.map((folder) => {
      const store = openStore({ folder: join(folder, 'data'), nowMs: Date.now })
      t.equal(store.persons.get(id)?.active, false)
      const digest = store.replica.digest()
      store.close()
      return digest
    })
    t.equal(hash, other, 'the same hash')
  },
)
