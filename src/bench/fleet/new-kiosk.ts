import { join } from 'node:path'

import { ulid } from 'ulid'

import { beginFleet, invite, joinFleet } from '../../fleet/joining.js'
import { openSecrets } from '../../fleet/membership.js'
import type { FleetSecrets } from '../../fleet/membership.js'
import { migrateRecord } from '../../fleet/migrate.js'
import type { Connection } from '../../fleet/postgres.js'
import { pushChanges } from '../../fleet/record-table.js'
import { copyOnce } from '../../fleet/sync.js'
import type { PendingChange, Replica } from '../../store/replica/replica.js'
import type { Payload } from '../../store/replica/record.js'
import { openStore } from '../../store/store.js'
import { toVectorBytes } from '../../store/vector-bytes.js'
import { createGallery } from '../../matching/gallery.js'
import { randomEmbedding } from '../random-gallery.js'
import type { PostgresServer } from './postgres-server.js'

/** What a new kiosk took to have everybody in its store and its gallery, and what an idle round costs with and without them. */
export interface NewKiosk {
  readonly persons: number
  readonly seconds: number
  /** Processor time of this process meanwhile, without the server’s. */
  readonly cpuSeconds: number
  /** Longest that the event loop stood still meanwhile. */
  readonly longestTurnMs: number
  /** A round in which nothing is new, with nobody in the record and with everybody. */
  readonly idleEmpty: IdleRound
  readonly idleFull: IdleRound
}

/** What a round costs in which nothing is new. */
export interface IdleRound {
  /** Middle of 200, from asking to knowing. */
  readonly medianMs: number
  /** Processor time of this process a round; whatever else runs on the machine leaves it be. */
  readonly cpuMs: number
  /** Pages of tables and indices that the server touched a round, whatever it took. */
  readonly pages: number
}

const PERSONS_A_PUSH = 250
const IDLE_ROUNDS = 200

function change(payload: Payload, mark: number): PendingChange {
  return { kind: payload.kind, subject: payload.id, mark, base: 0, payload }
}

async function fill(client: Connection, secrets: FleetSecrets, persons: number): Promise<void> {
  const { kiosk } = secrets.membership()
  for (let done = 0; done < persons; done += PERSONS_A_PUSH) {
    const count = Math.min(PERSONS_A_PUSH, persons - done)
    const changes = Array.from({ length: count }, (_, index) => {
      const id = ulid()
      const person: Payload = {
        kind: 'person',
        id,
        name: `Person ${done + index}`,
        active: true,
        createdAtMs: Date.now(),
        validFromMs: null,
        validUntilMs: null,
        retainUntilMs: null,
        groups: [],
        edits: { [kiosk]: 1 },
      }
      const template: Payload = {
        kind: 'template',
        id: ulid(),
        personId: id,
        modelId: 'bench',
        quality: 0.9,
        source: 'cli',
        enrolledAtMs: Date.now(),
        vector: toVectorBytes(randomEmbedding('bench').vector).toString('base64'),
      }
      return [change(person, 1), change(template, 1)]
    })
    await pushChanges(client, secrets, changes.flat())
  }
}

/** Pages that the server touched for this database so far. */
async function pagesTouched(client: Connection): Promise<number> {
  await client.query('SELECT pg_stat_force_next_flush()')
  const { rows } = await client.query<{ pages: string }>(
    `SELECT blks_hit + blks_read AS pages FROM pg_stat_database
     WHERE datname = current_database()`,
  )
  return Number(rows[0]?.pages)
}

async function measureIdle(
  client: Connection,
  replica: Replica,
  secrets: FleetSecrets,
): Promise<IdleRound> {
  const times: number[] = []
  await copyOnce(client, { replica, secrets, onApplied: () => undefined })
  const pagesBefore = await pagesTouched(client)
  const cpuBefore = process.cpuUsage()
  for (let round = 0; round < IDLE_ROUNDS; round++) {
    const startMs = performance.now()
    await copyOnce(client, { replica, secrets, onApplied: () => undefined })
    times.push(performance.now() - startMs)
  }
  const { user, system } = process.cpuUsage(cpuBefore)
  return {
    medianMs: times.sort((a, b) => a - b)[IDLE_ROUNDS / 2] ?? Number.NaN,
    cpuMs: (user + system) / 1000 / IDLE_ROUNDS,
    pages: ((await pagesTouched(client)) - pagesBefore) / IDLE_ROUNDS,
  }
}

/** Fills a record with so many persons of one template each, and lets a new kiosk read it. */
export async function benchNewKiosk(
  server: PostgresServer,
  folder: string,
  persons: number,
  onProgress: (line: string) => void,
): Promise<NewKiosk> {
  const client = await server.connect()
  await migrateRecord(client)
  const source = openStore({ folder: join(folder, 'filler'), nowMs: Date.now })
  await beginFleet(client, source.replica, 'filler')
  const secrets = openSecrets(source.replica)
  const idleEmpty = await measureIdle(client, source.replica, secrets)
  await fill(client, secrets, persons)
  onProgress(`${persons} persons are in the record`)
  const store = openStore({ folder: join(folder, 'new'), nowMs: Date.now })
  await joinFleet(client, store.replica, 'new', await invite(client, secrets))
  const own = openSecrets(store.replica)
  let longestTurnMs = 0
  let lastMs = performance.now()
  const timer = setInterval(() => {
    const nowMs = performance.now()
    longestTurnMs = Math.max(longestTurnMs, nowMs - lastMs - 1)
    lastMs = nowMs
  }, 1)
  const startMs = performance.now()
  const cpuBefore = process.cpuUsage()
  const gallery = createGallery('bench')
  await copyOnce(client, {
    replica: store.replica,
    secrets: own,
    // As a daemon's gallery follows.
    onApplied({ templates }) {
      for (const { personId } of templates) {
        gallery.removePerson(personId)
        for (const entry of store.templates.galleryOf(personId)) gallery.add(entry)
      }
    },
  })
  const seconds = (performance.now() - startMs) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  const cpuSeconds = (user + system) / 1e6
  clearInterval(timer)
  const found = Math.min(store.templates.counts().size, gallery.personCount)
  if (found !== persons) throw new Error(`the new kiosk has ${found} of ${persons} persons`)
  // What the server still does of its own accord after so many rows is no part of an idle round.
  await client.query('VACUUM ANALYZE')
  await client.query('CHECKPOINT')
  const idleFull = await measureIdle(client, store.replica, own)
  store.close()
  source.close()
  await client.end()
  return { persons, seconds, cpuSeconds, longestTurnMs, idleEmpty, idleFull }
}
