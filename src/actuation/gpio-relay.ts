import { spawn, type ChildProcess } from 'node:child_process'

import { failed, type Actuator } from './actuator.js'
import {
  findToolsVersion,
  pulseArguments,
  restArguments,
  type GpioLine,
  type GpioToolsVersion,
} from './gpio-tools.js'

/** A tool that has not failed by then holds the line. */
const SETTLE_MS = 150

/** Opens by a pulse on a line of the board, through libgpiod's `gpioset`. */
export function createGpioRelay(line: GpioLine): Actuator {
  let pulse: ChildProcess | undefined

  /** Ends what is under way. */
  function letGo(): void {
    pulse?.kill('SIGTERM')
    pulse = undefined
  }

  function rest(version: GpioToolsVersion): void {
    if (pulse !== undefined) return
    const child = spawn('gpioset', restArguments(version, line), { stdio: 'ignore' })
    child.once('error', () => undefined)
  }

  void findToolsVersion('gpioset').then((version) => version && rest(version))

  return {
    kind: 'gpio',
    close: letGo,
    async open({ pulseMs, withinMs }) {
      const startedMs = performance.now()
      const version = await findToolsVersion('gpioset')
      if (version === undefined) {
        return failed('gpioset of libgpiod 1 or 2 does not run', 'apt-get install gpiod')
      }
      if (performance.now() - startedMs > withinMs) {
        return failed('the board was too slow to open in time', 'see its load and temperature')
      }
      letGo()
      const child = spawn('gpioset', pulseArguments(version, line, pulseMs), {
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      pulse = child
      // A tool that outlives its pulse would hold the door open.
      const overdue = setTimeout(() => child.kill('SIGKILL'), pulseMs + 1000)
      let said = ''
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(0, 200)
      })
      return new Promise((resolve) => {
        const settled = setTimeout(
          () => resolve({ outcome: 'opened', confirmed: false }),
          Math.min(SETTLE_MS, pulseMs),
        )
        const end = (code: number | null): void => {
          clearTimeout(settled)
          clearTimeout(overdue)
          if (pulse === child) pulse = undefined
          rest(version)
          const why = said.trim() === '' ? `exit code ${code ?? 'none'}` : said.trim()
          resolve(
            code === 0
              ? { outcome: 'opened', confirmed: false }
              : failed(
                  `gpioset failed: ${why}`,
                  'check actuation.gpio with gpioinfo, and that genkan is in the group gpio',
                ),
          )
        }
        child.once('error', () => end(null))
        child.once('exit', end)
      })
    },
  }
}
