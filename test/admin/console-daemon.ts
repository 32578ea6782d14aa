import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { pino } from 'pino'

import type { ReplayItem } from '../../src/capture/replay-playlist.js'
import { loadConfig } from '../../src/config/load.js'
import { startDaemon } from '../../src/daemon.js'
import { assetPath } from '../../src/models/registry.js'
import { writeReplayPicture } from '../../src/replay-picture.js'

/** A real daemon at the replay camera, in a folder of its own. */
export interface ConsoleDaemon {
  readonly url: string
  readonly token: string
  /** A picture of the first man of the replay. */
  readonly picture: Buffer
  stop(): Promise<void>
}

/** One man talks, again and again, so that a walk never waits long for him. */
function oneMan(): ReplayItem[] {
  const file = assetPath('franck.mp4')
  return [{ kind: 'clip', label: 'a man talking', file, startS: 0, durationS: 14 }]
}

/** Starts the daemon with everything real but the pauses between attempts, which are short. */
export async function startConsoleDaemon(): Promise<ConsoleDaemon> {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-console-'))
  const configPath = join(folder, 'genkan.yaml')
  writeFileSync(
    configPath,
    `camera: { source: replay, gapS: 0.4 }
decision: { cooldownMs: 200, grantCooldownMs: 200 }
store: { folder: ${join(folder, 'data')} }
mqtt: { embeddedPort: 0 }
admin: { port: 0 }
`,
  )
  const { config } = loadConfig({ configPath, board: undefined })
  const log = pino({ level: 'silent' })
  const daemon = await startDaemon({
    config,
    log,
    onAlive: () => undefined,
    playlist: oneMan(),
  })
  const file = await writeReplayPicture(config.store.folder)
  return {
    url: daemon.consoleUrl,
    token: daemon.newToken ?? '',
    picture: readFileSync(file),
    async stop() {
      await daemon.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
