import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { orderSchema, reportSchema } from './messages.js'
import type { Order, Report } from './messages.js'
import type { DoorPause } from './door-pause.js'
import type { ChildRegister } from './leftovers.js'

const WORKER = fileURLToPath(new URL('./worker.js', import.meta.url))
/** Of util-linux: has the kernel kill a child whose daemon was killed, also while it is stopped. */
const SETPRIV = '/usr/bin/setpriv'
const END_WITH_PARENT = existsSync(SETPRIV)
  ? { execPath: SETPRIV, before: ['--pdeathsig', 'KILL', '--', process.execPath] }
  : { execPath: process.execPath, before: [] }
/** JavaScript's own share; pictures and nets lie outside it. */
const HEAP_MB = 512

/** How a child ended. */
export interface ChildEnd {
  /** Signal or exit code, and the last of what it wrote, for the log. */
  readonly how: string
}

/** A process of its own for what must not hold the door up. */
export interface Child {
  readonly pid: number
  send(order: Order): void
  /** Ends it at once, also in the middle of a step; nothing more is told of it. */
  kill(): void
}

/** Who is told what a child does. */
export interface ChildListener {
  onReport(report: Report): void
  /** Once; nothing comes after it. */
  onEnd(end: ChildEnd): void
}

export type StartChild = (listener: ChildListener) => Child

const KEPT_OUTPUT = 2000

/**
 * Starts children of lowest priority. Each is a process for one task: when it ends, all its memory
 * goes back, and whatever breaks in it breaks nothing else.
 */
export function createChildren(parts: {
  readonly pause: DoorPause
  readonly register: ChildRegister
}): StartChild {
  const { pause, register } = parts
  return (listener) => {
    const child = fork(WORKER, {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execPath: END_WITH_PARENT.execPath,
      execArgv: [...END_WITH_PARENT.before, `--max-old-space-size=${HEAP_MB}`],
      // Neither tokens nor passwords of the daemon's surroundings are for it.
      env: {
        PATH: process.env['PATH'] ?? '',
        LD_LIBRARY_PATH: process.env['LD_LIBRARY_PATH'] ?? '',
      },
    })
    let output = ''
    let ended = false
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-KEPT_OUTPUT)
    })
    const { pid } = child
    if (pid !== undefined) {
      register.add(pid)
      pause.add(pid)
    }

    function letGo(): void {
      ended = true
      if (pid === undefined) return
      pause.remove(pid)
      register.remove(pid)
    }

    function end(how: string): void {
      if (ended) return
      letGo()
      listener.onEnd({ how: output === '' ? how : `${how}: ${output.trim()}` })
    }

    child.on('message', (message) => {
      if (ended) return
      const report = reportSchema.safeParse(message)
      if (report.success) {
        listener.onReport(report.data)
        return
      }
      child.kill('SIGKILL')
      end('it reported something that is not understood')
    })
    child.on('error', (error) => end(error.message))
    child.on('close', (code, signal) => end(signal ?? `exit code ${code ?? 'unknown'}`))

    return {
      pid: pid ?? 0,
      send(order) {
        if (!child.connected) return
        child.send(orderSchema.parse(order), () => undefined)
      },
      kill() {
        if (ended) return
        child.kill('SIGKILL')
        letGo()
      },
    }
  }
}
