import { readFileSync } from 'node:fs'

import sharp from 'sharp'

import { createChildren } from '../../../src/style/jobs/child.js'
import type { Child, StartChild } from '../../../src/style/jobs/child.js'
import { createDoorPause } from '../../../src/style/jobs/door-pause.js'
import type { DoorPause } from '../../../src/style/jobs/door-pause.js'
import { createChildRegister } from '../../../src/style/jobs/leftovers.js'
import type { JobSettings } from '../../../src/style/jobs/request.js'
import { createStyleRunner } from '../../../src/style/jobs/runner.js'
import type { NewJob, RunnerParts, StyleJob, StyleRunner } from '../../../src/style/jobs/runner.js'
import type { Store } from '../../../src/store/store.js'

/** Lowest priority on a busy machine: a job takes as long as the others let it. */
export const PAINTED_MS = 240_000

/** A real queue over a store, and a hand on its children. */
export interface Easel {
  readonly runner: StyleRunner
  readonly pause: DoorPause
  /** Those that were started, in order. */
  readonly children: readonly Child[]
  readonly faults: readonly string[]
}

interface Test {
  teardown(action: () => unknown): unknown
}

/** Opens the queue with real children. */
export function openEasel(t: Test, store: Store, options: Partial<RunnerParts> = {}): Easel {
  const pause = createDoorPause()
  const register = createChildRegister({
    get: () => store.memory.get('style-children'),
    set: (marks) => store.memory.set('style-children', marks),
  })
  const start = createChildren({ pause, register })
  const children: Child[] = []
  const startChild: StartChild = (listener) => {
    const child = start(listener)
    children.push(child)
    return child
  }
  const faults: string[] = []
  const runner = createStyleRunner({
    records: store.styleJobs,
    startChild,
    limits: { maxQueued: 10, maxKept: 100, maxKeptBytes: 1e8 },
    threads: 1,
    executionProviders: ['cpu'],
    onFault: (what, details) => faults.push(`${what} ${JSON.stringify(details)}`),
    previewEveryMs: 0,
    checkpointEveryMs: 0,
    retryMs: 10,
    ...options,
  })
  t.teardown(() => runner.stop())
  return { runner, pause, children, faults }
}

/** Coloured stripes as PNG; `turn` changes their direction. */
export async function stripes(turn: 0 | 90, width = 96, height = 72): Promise<Uint8Array> {
  const data = Buffer.alloc(width * height * 3)
  for (let i = 0; i < width * height; i++) {
    const at = turn === 0 ? i % width : Math.floor(i / width)
    data.set([(at * 23) % 256, (at * 7) % 256, 255 - ((at * 11) % 256)], i * 3)
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
}

/** A small job: content of horizontal stripes, style of vertical ones. */
export async function smallJob(
  settings: JobSettings = {},
): Promise<NewJob & { readonly content: Uint8Array; readonly style: Uint8Array }> {
  const upload = { kind: 'upload' } as const
  return {
    request: {
      content: upload,
      style: upload,
      settings: { sizePixels: 64, stepsPerLevel: 6, ...settings },
    },
    personId: null,
    content: await stripes(0),
    style: await stripes(90),
  }
}

/** Resolves with the job once that holds of it. */
export function untilJob(
  runner: StyleRunner,
  id: string,
  holds: (job: StyleJob) => boolean,
): Promise<StyleJob> {
  return new Promise((resolve, reject) => {
    const now = runner.get(id)
    if (now !== undefined && holds(now)) {
      resolve(now)
      return
    }
    const timer = setTimeout(() => {
      leave()
      reject(new Error(`waited in vain; the job is ${JSON.stringify(runner.get(id))}`))
    }, PAINTED_MS)
    const leave = runner.subscribe(id, (event) => {
      if (event.type !== 'job' || !holds(event.job)) return
      clearTimeout(timer)
      leave()
      resolve(event.job)
    })
  })
}

export const hasEnded = ({ state }: StyleJob): boolean => state !== 'queued' && state !== 'running'

/** Letter of a process's state, such as T for stopped; `undefined` when there is none. */
export function stateOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)
  } catch {
    return undefined
  }
}

/** Whether the process has ended or waits to be buried. */
export const isOver = (pid: number): boolean => [undefined, 'Z', 'X'].includes(stateOf(pid))

export async function until(holds: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + PAINTED_MS
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
