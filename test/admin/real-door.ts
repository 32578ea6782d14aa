import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createDoorContact } from '../../src/actuation/door-contact.js'
import { createDoorKeeper } from '../../src/actuation/door-keeper.js'
import { pino } from 'pino'

import { createAdminPorts } from '../../src/admin-ports.js'
import { ALONE } from '../../src/admin/ports/fleet.js'
import { createAdminApp } from '../../src/admin/app.js'
import type { AdminApp, AdminOptions } from '../../src/admin/environment.js'
import type { AdminPorts } from '../../src/admin/ports.js'
import { loadConfig } from '../../src/config/load.js'
import { createEnrolmentService } from '../../src/enrolment.js'
import { createLiveSettings } from '../../src/live-settings.js'
import { createLiveView } from '../../src/live-view.js'
import type { LiveView } from '../../src/live-view.js'
import { createMetrics } from '../../src/metrics.js'
import { createRecentProbes } from '../../src/recent-probes.js'
import type { RecentProbes } from '../../src/recent-probes.js'
import { createRecognition, loadGallery } from '../../src/recognition.js'
import type { Recognition } from '../../src/recognition.js'
import { loadStages } from '../../src/stages.js'
import type { Stages } from '../../src/stages.js'
import { ROLES, type Role } from '../../src/store/admin-tokens.js'
import { openStore, type Store } from '../../src/store/store.js'
import { openStyleDesk } from '../../src/style-desk.js'
import { createThresholdSource } from '../../src/threshold-source.js'
import { ulid } from 'ulid'
import { createMemoryDoor } from './memory-door.js'

/** The admin API over a real store and, where they are asked for, real nets; no camera, no broker. */
export interface RealDoor {
  readonly folder: string
  readonly store: Store
  readonly recognition: Recognition
  readonly live: LiveView
  readonly recentProbes: RecentProbes
  readonly ports: AdminPorts
  /** Orders that the lock was given. */
  readonly orders: readonly string[]
  readonly app: AdminApp
  /** Bearer header by role. */
  readonly headers: Readonly<Record<Role, { Authorization: string }>>
  readonly tokens: Readonly<Record<Role, string>>
  /** Asks with a role, by default admin; a plain object is sent as JSON. */
  ask(path: string, init?: AskInit): Promise<Response>
}

export interface AskInit {
  readonly method?: string
  readonly role?: Role
  readonly json?: unknown
  readonly body?: NonNullable<RequestInit['body']>
  readonly headers?: Record<string, string>
}

let loaded: Promise<Stages> | undefined

/** The nets, loaded once in a test process. */
export function realStages(): Promise<Stages> {
  const { config } = loadConfig({ configPath: undefined, board: undefined })
  loaded ??= loadStages(config.models)
  return loaded
}

/** Opens a door in a folder of its own that goes with the test. */
export async function openRealDoor(
  t: { teardown(action: () => void): unknown },
  options: AdminOptions & { readonly nowMs?: () => number } = {},
): Promise<RealDoor> {
  const { config } = loadConfig({ configPath: undefined, board: undefined })
  const folder = mkdtempSync(join(tmpdir(), 'genkan-door-'))
  const { nowMs = Date.now, ...appOptions } = options
  const store = openStore({ folder, nowMs })
  t.teardown(() => {
    store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const stages = await realStages()
  const settings = createLiveSettings(store.settings, config)
  const recognition = createRecognition(
    () => loadGallery(store, stages.encoder.modelId).gallery,
    createThresholdSource(config.matching, stages.nets.encoder, () => settings.values().targetFpir),
    () => store.negatives.list(),
  )
  const recentProbes = createRecentProbes(() => performance.now())
  const live = createLiveView()
  const memory = createMemoryDoor()
  const desk = openStyleDesk({ config, store, live, log: pino({ level: 'silent' }) })
  t.teardown(() => desk.stop())
  const orders: string[] = []
  const keeper = createDoorKeeper({
    door: config.door.id,
    actuator: {
      kind: 'gpio',
      open({ id }) {
        orders.push(id)
        return Promise.resolve({ outcome: 'opened', confirmed: true })
      },
      close: () => undefined,
    },
    contact: createDoorContact({ expectedMs: 8000, heldOpenMs: 30_000 }),
    records: store.doorLog,
    pulseMs: 3000,
    grantLifeMs: 3000,
    nowMs,
    monotonicMs: () => performance.now(),
    newId: () => ulid(),
    onRecordFault: (error) => {
      throw error
    },
  })
  const ports = createAdminPorts({
    door: { name: config.door.name, ...keeper },
    fleet: ALONE,
    settings,
    cooldownMs: config.decision.cooldownMs,
    registry: createMetrics().registry,
    style: desk.style,
    display: desk.display,
    store,
    recognition,
    enrolment: createEnrolmentService({ store, recognition, readEnrolment: stages.readEnrolment }),
    readProbe: stages.readProbe,
    recentProbes,
    live,
    nowMs,
    health: () => memory.ports.health(),
  })
  const app = createAdminApp(ports, appOptions)
  const texts = await Promise.all(
    ROLES.map(async (role) => {
      const { text } = await store.adminTokens.create({ label: role, role }, 'system')
      return [role, text] as const
    }),
  )
  const tokens = Object.fromEntries(texts) as Record<Role, string>
  const headers = Object.fromEntries(
    texts.map(([role, text]) => [role, { Authorization: `Bearer ${text}` }]),
  ) as Record<Role, { Authorization: string }>
  return {
    folder,
    store,
    recognition,
    live,
    recentProbes,
    ports,
    orders,
    app,
    headers,
    tokens,
    async ask(path, { method = 'GET', role = 'admin', json, body, headers: more = {} } = {}) {
      return app.request(path, {
        method,
        headers: {
          ...headers[role],
          ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...more,
        },
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
        ...(body === undefined ? {} : { body }),
      })
    },
  }
}
