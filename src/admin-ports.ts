import type { Registry } from 'prom-client'
import type { FleetPort } from './admin/ports/fleet.js'
import type { AdminPorts } from './admin/ports.js'
import type { DoorPort } from './admin/ports/door.js'
import type { Health } from './admin/ports/health.js'
import type { KioskSettings } from './admin/ports/settings.js'
import type { DisplayPort, StylePort } from './admin/ports/style.js'
import { createBackupsPort } from './backups-port.js'
import { createDecisionsPort } from './decisions-port.js'
import type { PictureReader } from './encoding/read-picture.js'
import type { EnrolmentService } from './enrolment.js'
import type { LiveView } from './live-view.js'
import type { LiveSettings } from './live-settings.js'
import { createPeoplePorts } from './people-port.js'
import { purgeDue } from './purge.js'
import type { RecentProbes } from './recent-probes.js'
import { createRecognitionPort } from './recognition-port.js'
import type { Recognition } from './recognition.js'
import type { Store } from './store/store.js'

export interface AdminPortParts {
  readonly store: Store
  readonly recognition: Recognition
  readonly enrolment: EnrolmentService
  readonly readProbe: PictureReader
  readonly recentProbes: RecentProbes
  readonly live: LiveView
  readonly door: DoorPort
  readonly fleet: FleetPort
  readonly settings: LiveSettings
  /** How long a face waits after a denial. */
  readonly cooldownMs: number
  readonly registry: Pick<Registry, 'contentType' | 'metrics'>
  readonly style: StylePort
  readonly display: DisplayPort
  readonly health: () => Health
  /** Wall clock. */
  readonly nowMs: () => number
}

/** Writing all metrics out takes milliseconds, and nobody needs them twice a second. */
const METRICS_FRESH_MS = 1000

function createMetricsText({ registry }: Pick<AdminPortParts, 'registry'>) {
  let newest: { readonly atMs: number; readonly text: Promise<string> } | undefined
  return () => {
    const atMs = performance.now()
    if (newest === undefined || atMs - newest.atMs >= METRICS_FRESH_MS) {
      newest = { atMs, text: registry.metrics() }
    }
    return newest.text
  }
}

/** Gives the admin API what it asks for out of store, gallery and live view. */
export function createAdminPorts(parts: AdminPortParts): AdminPorts {
  const { store, live, settings } = parts
  const people = createPeoplePorts(parts)
  const metricsText = createMetricsText(parts)

  return {
    ...people,
    fleet: parts.fleet,
    recognition: createRecognitionPort(parts),
    decisions: createDecisionsPort(parts),
    live,
    tokens: {
      async verify(text) {
        const token = await store.adminTokens.verify(text)
        return token && { id: token.id, name: token.label, role: token.role }
      },
      list: () => store.adminTokens.list(),
      create: (token, actor) => store.adminTokens.create(token, actor),
      revoke(id, actor) {
        const tokens = store.adminTokens.list()
        const token = tokens.find((one) => one.id === id)
        if (token === undefined) return 'no-such-token'
        const admins = tokens.filter(({ role }) => role === 'admin')
        if (token.role === 'admin' && admins.length === 1) return 'last-admin'
        return store.adminTokens.revoke(id, actor) ? 'revoked' : 'no-such-token'
      },
    },
    audit: {
      list({ cursor, limit }) {
        const beforeSequence = cursor === undefined ? undefined : Number(cursor)
        if (beforeSequence !== undefined && !Number.isSafeInteger(beforeSequence)) {
          return { items: [], nextCursor: null }
        }
        const entries = store.audit.list({
          limit: limit + 1,
          ...(beforeSequence === undefined ? {} : { beforeSequence }),
        })
        const names = new Map(
          store.adminTokens.list().map(({ id, label }) => [`token:${id}`, label]),
        )
        const items = entries
          .slice(0, limit)
          .map((entry) => ({ ...entry, actorName: names.get(entry.actor) ?? null }))
        const last = items.at(-1)
        const more = entries.length > limit && last !== undefined
        return { items, nextCursor: more ? String(last.sequence) : null }
      },
      verify: () => store.audit.verifyInSteps(),
    },
    groups: store.groups,
    door: parts.door,
    settings,
    backups: createBackupsPort(store),
    kiosk(): KioskSettings {
      const { nameOnKiosk, kioskLanguage, kioskSound } = settings.values()
      return { nameOnKiosk, kioskLanguage, kioskSound, cooldownMs: parts.cooldownMs }
    },
    purge: (dryRun, actor) =>
      purgeDue(
        { store, nowMs: parts.nowMs, erase: (id, by) => people.persons.remove(id, by) },
        settings.values(),
        { dryRun, actor },
      ),
    metrics: async () => ({ type: parts.registry.contentType, text: await metricsText() }),
    style: parts.style,
    display: parts.display,
    sessions: {
      begin: ({ id, role }) => store.sessions.create(id, role),
      verify(text) {
        const session = store.sessions.verify(text)
        const token = session && store.adminTokens.get(session.tokenId)
        return token && { id: token.id, name: token.label, role: token.role, sessionId: session.id }
      },
      end({ id, sessionId }) {
        if (sessionId !== undefined) store.sessions.end(sessionId, `token:${id}`)
      },
    },
    idempotency: store.idempotency,
    health: parts.health,
  }
}
