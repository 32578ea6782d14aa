import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { pino } from 'pino'

import { loadConfig } from '../../src/config/load.js'
import { beginFleet, invite, joinFleet } from '../../src/fleet/joining.js'
import { openSecrets } from '../../src/fleet/membership.js'
import { migrateRecord } from '../../src/fleet/migrate.js'
import { assetPath } from '../../src/models/registry.js'
import { startDaemon } from '../../src/start-daemon.js'
import { openStore } from '../../src/store/store.js'
import type { Cluster, Test } from './cluster.js'

const log = pino({ level: 'silent' })

/** Begins a fleet of kiosks whose stores are in these folders; the first two by name. */
export async function makeFleet(cluster: Cluster, folders: readonly string[]): Promise<void> {
  const client = await cluster.connect()
  await migrateRecord(client)
  let invitation = ''
  for (const [index, folder] of folders.entries()) {
    const store = openStore({ folder, nowMs: Date.now })
    if (index === 0) {
      await beginFleet(client, store.replica, 'first')
      invitation = await invite(client, openSecrets(store.replica))
    } else {
      await joinFleet(client, store.replica, 'second', invitation)
    }
    store.close()
  }
  await client.end()
}

/**
 * The real daemon at a replay of one man, in this process.
 * @param fleet further settings of `store.fleet`
 * @param camera further settings of the replay
 */
export async function startDoor(
  t: Test,
  folder: string,
  door: string,
  url: string,
  mqttPort: number,
  fleet = 'pollSeconds: 2, decisions: true',
  camera = 'gapS: 0.2, fps: 4',
) {
  const configPath = join(folder, 'genkan.yaml')
  writeFileSync(
    configPath,
    `door: { id: ${door} }
camera: { source: replay, ${camera} }
liveness: { mode: texture }
decision: { cooldownMs: 0, grantCooldownMs: 0 }
store: { folder: ${join(folder, 'data')}, fleet: { url: ${url}, ${fleet} } }
mqtt: { url: 'mqtt://127.0.0.1:${mqttPort}' }
admin: { port: 0 }
`,
  )
  const { config } = loadConfig({ configPath, board: undefined })
  const file = assetPath('franck.mp4')
  const daemon = await startDaemon({
    config,
    log,
    onAlive: () => undefined,
    isSupervised: true,
    playlist: [{ kind: 'clip', label: 'a man', file, startS: 0, durationS: 14 }],
  })
  t.teardown(() => daemon.stop())
  return daemon
}

/** Folders that go with the test. */
export function doorFolders(t: Test, names: readonly string[]): string[] {
  return names.map((name) => {
    const folder = mkdtempSync(join(tmpdir(), `genkan-fleet-${name}-`))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    return folder
  })
}
