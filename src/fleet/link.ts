import { createBackOff, pause } from '../events/back-off.js'
import { createBell } from '../events/bell.js'
import { explainPostgres } from './fault.js'
import { listMembers, reportStatus } from './members.js'
import { migrateRecord } from './migrate.js'
import { createTakenRows, readNews } from './news.js'
import type { Connection, PostgresAddress } from './postgres.js'
import { connectPostgres } from './postgres.js'
import { CHANGE_CHANNEL, readPage } from './record-table.js'
import type { RecordRow } from './sealed-record.js'
import { copyOnce, takeNews } from './sync.js'
import type { CopyParts } from './sync.js'

/** How the line to the record stands. */
export type LinkState =
  | { readonly name: 'connecting' | 'connected' | 'stopped' }
  | { readonly name: 'degraded'; readonly cause: string; readonly cure: string }

export interface LinkParts extends CopyParts {
  readonly address: PostgresAddress
  /** For the server's list of connections. */
  readonly name: string
  /** Asks by itself so often; a change wakes it sooner. */
  readonly pollMs: number
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Told after each whole round, with how long ago it began: what is known is as old as that. */
  readonly onFresh: (agoMs: number) => void
  readonly onState: (state: LinkState) => void
  /** What this kiosk says of itself, about once a minute. */
  readonly status: () => Readonly<Record<string, unknown>>
  /** What else is to be written to the same database after a round, such as decisions. */
  readonly afterRound?: (client: Connection) => Promise<void>
}

/** The line between this kiosk and the record. It runs without one, too: changes wait in the replica. */
export interface FleetLink {
  state(): LinkState
  /** There is something to tell. */
  kick(): void
  /** Reads anew who is in the fleet, at the next round; heeded every few seconds at most. */
  relearnMembers(): void
  stop(): Promise<void>
}

const STATUS_EVERY_MS = 60_000
const MEMBERS_EVERY_MS = 600_000
const MEMBERS_SOON_MS = 5000
/** Kiosks that are woken in one moment spread over this, so that they don't all ask at once. */
const SPREAD_MS = 200

/** What came with wake-ups and is not taken yet; with more than this the table is read. */
const NEWS_ROWS = 200

const DAMAGED = {
  cause: 'the fleet’s database holds rows that somebody changed, or sealed with the key of before',
  cure: 'after a removal run genkan fleet reseal at the kiosk that did it; else find out who wrote to it',
}

/** Starts connecting and copying in the background, for ever, until stopped. */
export function startFleetLink(parts: LinkParts): FleetLink {
  const stopping = new AbortController()
  const isStopping = (): boolean => stopping.signal.aborted
  const bell = createBell()
  let state: LinkState = { name: 'connecting' }
  let isSomebodyNew = false
  let isAsked = false
  const news: RecordRow[] = []
  const taken = createTakenRows()
  const copying: CopyParts = { ...parts, taken }

  function enter(next: LinkState): void {
    if (JSON.stringify(next) === JSON.stringify(state)) return
    state = next
    parts.onState(next)
  }

  /** A quarter earlier or later: kiosks that started together part. */
  const around = (durationMs: number) => durationMs * (0.75 + parts.random() / 2)

  /** Rings for a whole round. */
  function ask(): void {
    isAsked = true
    bell.ring()
  }

  function hear(payload: string | undefined): void {
    const rows = readNews(payload ?? '')
    if (rows === undefined || news.length + rows.length > NEWS_ROWS) isAsked = true
    else news.push(...rows)
    bell.ring()
  }

  async function serve(client: Connection): Promise<void> {
    client.on('notification', ({ payload }) => hear(payload))
    client.on('end', ask)
    await migrateRecord(client)
    await client.query(`LISTEN ${CHANGE_CHANNEL}`)
    // A connection's first reading costs the server ten times the next: not when all are woken at once.
    await readPage(client, parts.replica.cursor().sequence)
    let reportAtMs = 0
    let learntMs = Number.NEGATIVE_INFINITY
    while (!isStopping()) {
      isAsked = false
      const beganMs = performance.now()
      const { unreadable } = await copyOnce(client, copying)
      if (unreadable === 0) parts.onFresh(performance.now() - beganMs)
      enter(unreadable === 0 ? { name: 'connected' } : { name: 'degraded', ...DAMAGED })
      await parts.afterRound?.(client)
      if (performance.now() >= reportAtMs) {
        await reportStatus(client, parts.secrets, parts.status())
        reportAtMs = performance.now() + around(STATUS_EVERY_MS)
      }
      const learnAfterMs = isSomebodyNew ? MEMBERS_SOON_MS : MEMBERS_EVERY_MS
      if (performance.now() - learntMs >= learnAfterMs) {
        await listMembers(client, parts.secrets)
        learntMs = performance.now()
        isSomebodyNew = false
      }
      const timer = setTimeout(ask, around(parts.pollMs))
      try {
        while (!isAsked && !isStopping()) {
          await bell.whenRung(stopping.signal)
          if (!takeNews(copying, news.splice(0))) isAsked = true
        }
      } finally {
        clearTimeout(timer)
      }
      await pause(parts.random() * SPREAD_MS, stopping.signal)
    }
  }

  async function run(): Promise<void> {
    const backOff = createBackOff(parts.random)
    while (!isStopping()) {
      let client: Connection | undefined
      try {
        client = await connectPostgres(parts.address, parts.name)
        await serve(client)
      } catch (error) {
        const { cause, cure } = explainPostgres(error)
        if (!isStopping()) {
          if (state.name === 'connected') backOff.reset()
          enter({ name: 'degraded', cause, cure })
        }
      } finally {
        await client?.end().catch(() => undefined)
      }
      await pause(backOff.next(), stopping.signal)
    }
    enter({ name: 'stopped' })
  }

  const running = run()
  return {
    state: () => state,
    kick: ask,
    relearnMembers() {
      isSomebodyNew = true
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}
