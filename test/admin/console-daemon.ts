import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { pino } from 'pino'

import type { ReplayItem } from '../../src/capture/replay-playlist.js'
import { loadConfig } from '../../src/config/load.js'
import { startDaemon } from '../../src/start-daemon.js'
import { assetPath } from '../../src/models/registry.js'
import { writeReplayPicture } from '../../src/replay-picture.js'

/** A real daemon at the replay camera, in a folder of its own. */
export interface ConsoleDaemon {
  readonly url: string
  readonly token: string
  /** A picture of the first man of the replay. */
  readonly picture: Buffer
  /** Ends the daemon and leaves its folder, so that {@link ConsoleDaemon.start} can begin again. */
  halt(): Promise<void>
  /** Begins again at the same address, with the same store, and with another camera if one is given. */
  start(camera?: string): Promise<void>
  stop(): Promise<void>
}

/** A camera that is not there. */
export const NO_CAMERA = '{ source: v4l2, device: /dev/video99 }'

/** One man talks, again and again, so that a walk never waits long for him. */
function oneMan(): ReplayItem[] {
  const file = assetPath('franck.mp4')
  return [{ kind: 'clip', label: 'a man talking', file, startS: 0, durationS: 14 }]
}

/**
 * Starts the daemon with everything real but the pauses between attempts, which are short.
 * @param camera its configuration, by default the replay of one man
 */
export async function startConsoleDaemon(
  camera = '{ source: replay, gapS: 0.4 }',
  playlist: readonly ReplayItem[] = oneMan(),
): Promise<ConsoleDaemon> {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-console-'))
  const configPath = join(folder, 'genkan.yaml')
  const log = pino({ level: 'silent' })

  function begin(cameraNow: string, port: number) {
    writeFileSync(
      configPath,
      `camera: ${cameraNow}
decision: { cooldownMs: 200, grantCooldownMs: 200 }
store: { folder: ${join(folder, 'data')} }
mqtt: { embeddedPort: 0 }
admin: { port: ${port} }
`,
    )
    const { config } = loadConfig({ configPath, board: undefined })
    return startDaemon({ config, log, onAlive: () => undefined, playlist: [...playlist] })
  }

  let daemon = await begin(camera, 0)
  const { consoleUrl: url, newToken: token = '' } = daemon
  const file = await writeReplayPicture(join(folder, 'data'))
  return {
    url,
    token,
    picture: readFileSync(file),
    halt: () => daemon.stop(),
    async start(cameraNow = camera) {
      daemon = await begin(cameraNow, Number(new URL(url).port))
    },
    async stop() {
      await daemon.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
