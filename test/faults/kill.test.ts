import { join } from 'node:path'

import t from 'tap'

import { openStore } from '../../src/store/store.js'
import { assetPath } from '../../src/models/registry.js'
import { noMosquitto, startMosquitto } from '../events/mosquitto.js'
import { startReader } from '../events/reader.js'
import { replayPicture } from './replay-picture.js'
import {
  EAGER,
  enrolMan,
  isCaughtUp,
  newHome,
  pause,
  rounds,
  spawnDaemon,
  startDaemon,
  until,
} from './running-daemon.js'
import type { RunningDaemon } from './running-daemon.js'

const ROUNDS = Number(process.env['GENKAN_KILL_ROUNDS'] ?? rounds(3, 100))
/** Every so many rounds the daemon is killed before it is there. */
const EARLY_EVERY = 5
/** A person holds 40 at most. */
const MAX_FACES = 38

interface Acknowledged {
  readonly persons: string[]
  readonly faces: string[]
}

/** Enrols over the API until the daemon is gone; keeps what was answered with 201. */
async function enrolUntilKilled(
  daemon: RunningDaemon,
  manId: string,
  acknowledged: Acknowledged,
): Promise<void> {
  try {
    for (let index = 0; ; index++) {
      const person = await daemon.api('POST', 'api/persons', { name: `Person ${index}` })
      if (person.status !== 201) throw new Error(`${person.status}: ${await person.text()}`)
      acknowledged.persons.push(((await person.json()) as { id: string }).id)
      await pause(60)
      if (index % 8 > 0 || acknowledged.faces.length >= MAX_FACES) continue
      const form = new FormData()
      form.set('picture', await replayPicture())
      const face = await daemon.api('POST', `api/persons/${manId}/faces`, form)
      const answer = (await face.json()) as { faceId?: string; id?: string }
      if (face.status === 201) acknowledged.faces.push(answer.faceId ?? answer.id ?? '')
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
  }
}

t.test(
  'kill -9 during enrolments and decisions: nothing acknowledged or shown is lost',
  { skip: noMosquitto, timeout: 3_600_000 },
  async (t) => {
    const broker = await startMosquitto(t)
    const reader = await startReader(t, broker.port)
    const home = newHome(t)
    const env = {
      ...EAGER,
      GENKAN_MQTT_URL: `mqtt://127.0.0.1:${broker.port}`,
      GENKAN_CAMERA_SOURCE: 'file',
      GENKAN_CAMERA_PATH: assetPath('franck.mp4'),
    }
    const acknowledged: Acknowledged = { persons: [], faces: [] }
    const shown: string[] = []
    let manId = ''
    const startsMs: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      if (round % EARLY_EVERY === EARLY_EVERY - 1) {
        const early = spawnDaemon(home, env)
        const gone = new Promise((resolve) => early.once('close', resolve))
        early.stdout?.resume()
        early.stderr?.resume()
        await pause(Math.random() * (startsMs.at(-1) ?? 0))
        early.kill('SIGKILL')
        await gone
        continue
      }
      const daemon = await startDaemon(t, home, env)
      startsMs.push(daemon.startMs)
      if (manId === '') manId = await enrolMan(daemon)
      const enrolling = enrolUntilKilled(daemon, manId, acknowledged)
      if (round % 2 === 0) {
        const before = acknowledged.persons.length
        await until(() => daemon.decisions().length > 0, 'a decision')
        await until(() => acknowledged.persons.length > before, 'an enrolment')
      }
      await pause(Math.random() * 1000)
      await daemon.kill('SIGKILL')
      await enrolling
      shown.push(...daemon.decisions())
    }
    const last = await startDaemon(t, home, env)
    // A stop gives the broker a moment for what it decided last, not for what had waited.
    await until(() => isCaughtUp(last), 'what had waited to be handed over')
    t.equal(await last.kill('SIGINT'), 0)
    shown.push(...last.decisions())

    const store = openStore({ folder: join(home.folder, 'data'), nowMs: Date.now })
    t.teardown(() => store.close())
    t.equal(store.outbox.stats().pending, 0, 'everything was handed over')
    const persons = new Set(store.persons.list().map(({ id }) => id))
    t.strictSame(
      acknowledged.persons.filter((id) => !persons.has(id)),
      [],
      'no person was lost',
    )
    const faces = new Set(store.templates.byPerson(manId).map(({ id }) => id))
    t.strictSame(
      acknowledged.faces.filter((id) => !faces.has(id)),
      [],
      'no face was lost',
    )
    const recorded: string[] = []
    const outcomeOf = (id: string) => store.decisions.get(id)?.decision.outcome
    let cursor: string | null = null
    do {
      const page = store.decisions.list({ limit: 500, ...(cursor === null ? {} : { cursor }) })
      recorded.unshift(...page.decisions.map(({ decision }) => decision.id).reverse())
      cursor = page.nextCursor
    } while (cursor !== null)
    t.strictSame(
      shown.filter((id) => !recorded.includes(id)),
      [],
      'no shown decision was lost',
    )
    const granted = new Set(recorded.filter((id) => outcomeOf(id) === 'granted'))
    const grants = reader.of('grant').map(({ json }) => json)
    t.strictSame(
      grants.filter(({ id }) => !granted.has(String(id))),
      [],
      'no grant was heard whose decision is not in the store',
    )
    const sequences = grants.map(({ sequence }) => Number(sequence))
    t.ok(
      sequences.every((sequence, index) => index === 0 || sequence > sequences[index - 1]),
      'and each was sent once, in order',
    )
    await until(() => reader.decisionIds().length >= recorded.length, 'the reader')
    t.strictSame(
      reader.decisionIds(),
      recorded,
      'each arrived, once after de-duplication, in order',
    )
    t.equal(store.examine().persons, persons.size, 'and the store is whole')
    t.ok(shown.length > 0 && acknowledged.persons.length >= ROUNDS / 3)
    const interrupted = recorded.filter((id) => {
      const decision = store.decisions.get(id)?.decision
      return decision?.outcome === 'denied' && /genkan ended during/.test(decision.detail)
    })
    const sorted = startsMs.toSorted((a, b) => a - b)
    t.comment(
      `${ROUNDS} kills, ${acknowledged.persons.length} persons, ${acknowledged.faces.length} faces, ` +
        `${recorded.length} decisions (${interrupted.length} of interrupted attempts), ` +
        `${grants.length} grants heard, ${reader.of('decision').length - recorded.length} repeats; ` +
        `starts took ${Math.round(sorted[sorted.length >> 1] ?? 0)} ms in the middle, ` +
        `${Math.round(sorted.at(-1) ?? 0)} ms at most`,
    )
  },
)
