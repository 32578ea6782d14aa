import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { CommandError } from './command-error.js'

/** A request to its API, as its first admin. */
export interface AskInit extends Omit<RequestInit, 'headers'> {
  readonly headers?: Readonly<Record<string, string>>
}

/** The real daemon on its replay, in a folder of its own, with the first man enrolled. */
export interface BenchDaemon {
  readonly ask: (path: string, init?: AskInit) => Promise<Response>
  /** Ends it and removes all it wrote. */
  readonly stop: () => void
}

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
    const picture = /picture=@(\S+)/.exec(said)?.[1]
    if (url && token && picture) return { url, token, picture }
    await pause(100)
  }
  throw new CommandError('fault', 'the daemon did not start; try `npm start` by itself')
}

/** @param settings environment variables of the configuration, beside those that keep it apart */
export async function startBenchDaemon(
  settings: Readonly<Record<string, string>>,
): Promise<BenchDaemon> {
  const folder = mkdtempSync(join(tmpdir(), 'genkan-bench-'))
  const daemon = spawn(process.execPath, [MAIN], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      ...process.env,
      ...settings,
      GENKAN_ADMIN_PORT: '0',
      GENKAN_MQTT_EMBEDDED_PORT: '0',
      GENKAN_STORE_FOLDER: join(folder, 'data'),
    },
  })
  const stop = () => {
    daemon.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const { url, token, picture } = await whatItSays(daemon)
    const ask = (path: string, init: AskInit = {}) =>
      fetch(new URL(path, url), {
        ...init,
        headers: { ...init.headers, Authorization: `Bearer ${token}` },
      })
    const form = new FormData()
    form.set('name', 'First man')
    const file = isAbsolute(picture) ? picture : join(folder, picture)
    form.set('picture', new Blob([readFileSync(file)]))
    const enrolled = await ask('/api/persons', { method: 'POST', body: form })
    if (enrolled.status !== 201) {
      throw new CommandError('fault', `the first man was not enrolled: ${await enrolled.text()}`)
    }
    return { ask, stop }
  } catch (error) {
    stop()
    throw error
  }
}
