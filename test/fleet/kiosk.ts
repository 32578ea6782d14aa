import type { Connection } from '../../src/fleet/postgres.js'
import { openSecrets, type FleetSecrets } from '../../src/fleet/membership.js'
import { beginFleet, invite, joinFleet } from '../../src/fleet/joining.js'
import { migrateRecord } from '../../src/fleet/migrate.js'
import { pushChanges } from '../../src/fleet/record-table.js'
import { createTakenRows } from '../../src/fleet/news.js'
import type { RecordRow } from '../../src/fleet/sealed-record.js'
import { copyOnce, takeNews, type CopyReport } from '../../src/fleet/sync.js'
import type { AppliedChanges } from '../../src/store/replica/replica.js'
import type { Store } from '../../src/store/store.js'
import { temporaryStore } from '../store/samples.js'
import type { Cluster, Test } from './cluster.js'

/** A kiosk without a camera: its store and its place in a fleet. */
export interface Kiosk {
  readonly store: Store
  readonly secrets: FleetSecrets
  readonly applied: AppliedChanges[]
  /** One round with the record. */
  copy(): Promise<CopyReport>
  /** Rows that come with a wake-up. @returns whether no round is needed at once */
  hear(rows: readonly RecordRow[]): boolean
  /** Gives what waits to the record and dies before it hears of it. */
  copyAndForget(): Promise<void>
}

function toKiosk(t: Test, cluster: Cluster, store: Store): Kiosk {
  const secrets = openSecrets(store.replica)
  const applied: AppliedChanges[] = []
  const onApplied = (changes: AppliedChanges) => void applied.push(changes)
  const parts = { replica: store.replica, secrets, onApplied, taken: createTakenRows() }
  let client: Connection | undefined
  async function close(): Promise<void> {
    const open = client
    client = undefined
    await open?.end().catch(() => undefined)
  }
  t.teardown(close)
  return {
    store,
    secrets,
    applied,
    async copy() {
      client ??= await cluster.connect()
      try {
        return await copyOnce(client, parts)
      } catch (error) {
        await close()
        throw error
      }
    },
    hear: (rows) => takeNews(parts, rows),
    async copyAndForget() {
      client ??= await cluster.connect()
      await pushChanges(client, secrets, store.replica.pending(200))
    },
  }
}

/** Begins a fleet with so many kiosks. @param storeOf for the kiosk of a number, from 1 */
export async function fleetOf(
  t: Test,
  cluster: Cluster,
  count: number,
  storeOf: (number: number) => Store = () => temporaryStore(t),
): Promise<Kiosk[]> {
  const client = await cluster.connect()
  await migrateRecord(client)
  const first = storeOf(1)
  await beginFleet(client, first.replica, 'kiosk 1')
  const kiosks = [toKiosk(t, cluster, first)]
  for (let number = 2; number <= count; number++) {
    const text = await invite(client, openSecrets(first.replica))
    const store = storeOf(number)
    await joinFleet(client, store.replica, `kiosk ${number}`, text)
    kiosks.push(toKiosk(t, cluster, store))
  }
  await client.end()
  return kiosks
}

/** Copies in turns until nobody has anything to tell or to hear. */
export async function settle(kiosks: readonly Kiosk[]): Promise<void> {
  for (let round = 0; round < 20; round++) {
    let moved = 0
    for (const kiosk of kiosks) {
      // A connection that broke meanwhile shows at its next use.
      const { pulled, pushed } = await kiosk.copy().catch(() => kiosk.copy())
      moved += pulled + pushed
    }
    if (moved === 0) return
  }
  throw new Error('the kiosks never came to rest')
}

export const digests = (kiosks: readonly Kiosk[]): string[] =>
  kiosks.map(({ store }) => store.replica.digest())
