import { cpSync } from 'node:fs'
import { join } from 'node:path'

import { connect } from 'mqtt'

import { startFleetLink } from '../../fleet/link.js'
import { openSecrets } from '../../fleet/membership.js'
import type { Membership } from '../../fleet/membership.js'
import { hearRevocation } from '../../fleet/revocations.js'
import { openStore } from '../../store/store.js'

/** What a process with simulated replicas is told. */
export interface ReplicasOrder {
  /** A joined kiosk's store that has read everything; each replica begins with a copy of it. */
  readonly template: string
  readonly folder: string
  readonly first: number
  /** One a replica. */
  readonly memberships: readonly Membership[]
  readonly url: string
  readonly broker: string
  readonly topic: string
}

/** When a replica first had something, by the clock of the day. */
export interface Seen {
  readonly id: string
  readonly atMs: number
}

/** What it tells: that all are connected, or what was seen since it last told. */
export type ReplicasNews =
  | { readonly kind: 'ready' }
  /** Processor time so far, when asked with `cpu`. */
  | { readonly kind: 'cpu'; readonly ms: number }
  | { readonly kind: 'seen'; readonly all: readonly Seen[] }

/** Together, so that telling takes no time from those who are still to hear. */
const TELL_EVERY_MS = 200
const seen: Seen[] = []
setInterval(() => {
  if (seen.length > 0) tell({ kind: 'seen', all: seen.splice(0) })
}, TELL_EVERY_MS)

function tell(news: ReplicasNews): void {
  process.send?.(news)
}

const now = () => performance.timeOrigin + performance.now()

async function open(order: ReplicasOrder, index: number, membership: Membership): Promise<void> {
  const number = order.first + index
  const folder = join(order.folder, `replica-${number}`)
  cpSync(order.template, folder, { recursive: true })
  const store = openStore({ folder, nowMs: Date.now, role: 'command' })
  const { replica } = store
  replica.remember('membership', membership)
  const secrets = openSecrets(replica)
  const client = connect(order.broker, { clientId: `replica-${number}`, reconnectPeriod: 1000 })
  client.on('message', (_, payload) => {
    const hearing = hearRevocation(secrets, replica, payload)
    if (hearing.outcome !== 'applied') return
    if (store.persons.get(hearing.personId)?.active !== false) return
    seen.push({ id: hearing.personId, atMs: now() })
  })
  await client.subscribeAsync(order.topic, { qos: 1 })
  await new Promise<void>((resolve) => {
    startFleetLink({
      replica,
      secrets,
      address: { url: order.url },
      name: `replica ${number}`,
      pollMs: 10_000,
      random: Math.random,
      onApplied({ templates }) {
        for (const { templateId } of templates) seen.push({ id: templateId, atMs: now() })
      },
      onFresh: () => resolve(),
      onState: () => undefined,
      status: () => ({ simulated: true }),
    })
  })
}

process.on('message', (order: ReplicasOrder | 'cpu') => {
  if (order === 'cpu') {
    const { user, system } = process.cpuUsage()
    tell({ kind: 'cpu', ms: (user + system) / 1000 })
    return
  }
  void (async () => {
    for (const [index, membership] of order.memberships.entries()) {
      await open(order, index, membership)
    }
    tell({ kind: 'ready' })
  })()
})
process.once('disconnect', () => process.exit(0))
