import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { DAEMON_ENVIRONMENT, DAEMON_NODE_ARGUMENTS } from '../daemon-process.js'
import { assetPath } from '../models/registry.js'
import { writeReplayPicture } from '../replay-picture.js'
import { CommandError } from './command-error.js'

/** A request to its API, as its first admin. */
export interface AskInit extends Omit<RequestInit, 'headers'> {
  readonly headers?: Readonly<Record<string, string>>
}

/** The real daemon, in a folder of its own, with the first man of the replay enrolled. */
export interface BenchDaemon {
  readonly ask: (path: string, init?: AskInit) => Promise<Response>
  readonly brokerUrl: string
  /** Path of the enrolled man in its API. */
  readonly manPath: string
  /** Where its store is, and the environment that a command needs to work beside it. */
  readonly dataFolder: string
  readonly env: NodeJS.ProcessEnv
  /** Ends it and removes all it wrote. */
  readonly stop: () => void
}

/**
 * The first man stays before the camera, and the door decides as often as it can: texture alone and no
 * rest after a decision.
 */
export const BUSY_DOOR = {
  GENKAN_CAMERA_SOURCE: 'file',
  GENKAN_CAMERA_PATH: assetPath('franck.mp4'),
  GENKAN_CAMERA_LOOP: 'true',
  GENKAN_CAMERA_FPS: '15',
  GENKAN_LIVENESS_MODE: 'texture',
  GENKAN_DECISION_COOLDOWN_MS: '0',
  GENKAN_DECISION_GRANT_COOLDOWN_MS: '0',
} as const

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url))
const START_MS = 120_000

/** Reads what the daemon says at its first start. */
async function whatItSays(daemon: ChildProcess) {
  let said = ''
  daemon.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text))
  const untilMs = performance.now() + START_MS
  while (performance.now() < untilMs && daemon.exitCode === null) {
    const url = /console {2}(\S+?)#token=/.exec(said)?.[1]
    const token = /token {4}(\S+)/.exec(said)?.[1]
    const brokerUrl = /events --url (\S+)/.exec(said)?.[1]
    if (url && token && brokerUrl) return { url, token, brokerUrl }
    await pause(100)
  }
  throw new CommandError('fault', 'the daemon did not start; try `npm start` by itself')
}

/** @param settings environment variables of the configuration, beside those that keep it apart */
export async function startBenchDaemon(
  settings: Readonly<Record<string, string>>,
): Promise<BenchDaemon> {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-bench-'))
  const dataFolder = join(folder, 'data')
  const env = {
    ...process.env,
    ...DAEMON_ENVIRONMENT,
    ...settings,
    GENKAN_ADMIN_PORT: '0',
    GENKAN_MQTT_EMBEDDED_PORT: '0',
    GENKAN_STORE_FOLDER: dataFolder,
  }
  const daemon = spawn(process.execPath, [...DAEMON_NODE_ARGUMENTS, MAIN], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
    env,
  })
  const stop = () => {
    daemon.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const { url, token, brokerUrl } = await whatItSays(daemon)
    const ask = (path: string, init: AskInit = {}) =>
      fetch(new URL(path, url), {
        ...init,
        headers: { ...init.headers, Authorization: `Bearer ${token}` },
      })
    const form = new FormData()
    form.set('name', 'First man')
    form.set('picture', new Blob([readFileSync(await writeReplayPicture(folder))]))
    const enrolled = await ask('/api/persons', { method: 'POST', body: form })
    if (enrolled.status !== 201) {
      throw new CommandError('fault', `the first man was not enrolled: ${await enrolled.text()}`)
    }
    const manPath = enrolled.headers.get('Location') ?? '/api/persons'
    return { ask, brokerUrl, manPath, dataFolder, env, stop }
  } catch (error) {
    stop()
    throw error
  }
}
