import { spawn, type ChildProcess } from 'node:child_process'

import { findToolsVersion, monitorArguments, type GpioLine } from './gpio-tools.js'

/** A contact that is being watched. */
export interface ContactWatch {
  stop(): void
}

const RETRY_MS = 5000

/** Watches a contact at a line of the board through libgpiod's `gpiomon`, started again when it ends. */
export function watchGpioContact(
  line: GpioLine,
  onState: (state: 'open' | 'closed' | 'unknown') => void,
): ContactWatch {
  let child: ChildProcess | undefined
  let retry: NodeJS.Timeout | undefined
  let stopped = false

  function again(): void {
    if (stopped) return
    onState('unknown')
    retry = setTimeout(() => void start(), RETRY_MS)
    retry.unref()
  }

  async function start(): Promise<void> {
    const version = await findToolsVersion('gpiomon')
    if (stopped) return
    if (version === undefined) {
      again()
      return
    }
    const monitor = spawn('gpiomon', monitorArguments(version, line), {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    child = monitor
    let ended = false
    const end = (): void => {
      if (!ended) again()
      ended = true
    }
    monitor.once('error', end)
    monitor.once('exit', end)
    monitor.stdout.setEncoding('utf8').on('data', (text: string) => {
      const last = text.trim().split('\n').at(-1)?.trim()
      if (last !== undefined && last !== '') onState(last === '1' ? 'open' : 'closed')
    })
  }

  void start()
  return {
    stop() {
      stopped = true
      clearTimeout(retry)
      child?.kill('SIGTERM')
    },
  }
}
