import type { Logger } from 'pino'

import type { DisplayPort, StylePort } from './admin/ports/style.js'
import type { Config } from './config/schema.js'
import type { Line } from './line.js'
import type { LiveView } from './live-view.js'
import { defaultModels } from './models/registry.js'
import { createStylePorts } from './style-port.js'
import type { Store } from './store/store.js'
import { createChildren } from './style/jobs/child.js'
import { createDrawer } from './style/jobs/drawer.js'
import { createDoorPause } from './style/jobs/door-pause.js'
import type { DoorPause } from './style/jobs/door-pause.js'
import { createChildRegister } from './style/jobs/leftovers.js'
import { createLivePainter } from './style/jobs/live-painter.js'
import { createStyleRunner } from './style/jobs/runner.js'
import { createSeer } from './style/jobs/seer.js'
import { createStyleLibrary } from './style/library.js'
import { describeNetworks } from './style/see/network.js'
import { listTrainedStyles, SHIPPED_STYLES } from './style/trained-styles.js'

const BYTES_A_MEGABYTE = 1_000_000

/** Style transfer as the daemon runs it: all of it in processes that stand back behind the door. */
export interface StyleDesk {
  readonly style: StylePort
  readonly display: DisplayPort
  /** A line during whose judging no style process runs. */
  readonly giveWay: (line: Line) => Line
  /** Drops what an erasure has taken the ground from. */
  lookAround(): void
  /** Ends every process; a job under way goes on at the next start. */
  stop(): void
}

/** Starts the queue with what an earlier process left in it. @throws StoreError */
export function openStyleDesk(parts: {
  readonly config: Pick<Config, 'style' | 'models'>
  readonly store: Store
  readonly live: LiveView
  readonly log: Logger
}): StyleDesk {
  const { config, store, live, log } = parts
  const { threads, stylizers, maxQueued, maxKept, maxMegabytes } = config.style
  const { executionProviders } = config.models
  const onFault = (what: string, details: object) => log.warn(details, what)
  const pause = createDoorPause()
  const register = createChildRegister({
    get: () => store.memory.get('style-children'),
    set(marks) {
      try {
        store.memory.set('style-children', marks.length === 0 ? null : marks)
      } catch (error) {
        onFault('a style process could not be written down', { err: error })
      }
    },
  })
  const left = register.endLeftovers()
  if (left > 0) log.warn({ processes: left }, 'style processes of a killed daemon were ended')
  const startChild = createChildren({ pause, register })
  const runner = createStyleRunner({
    records: store.styleJobs,
    startChild,
    limits: { maxQueued, maxKept, maxKeptBytes: maxMegabytes * BYTES_A_MEGABYTE },
    threads,
    executionProviders,
    onFault,
  })
  const networks = [defaultModels.style, config.models.encoder ?? defaultModels.encoder]
  const seer = createSeer({
    startChild,
    networks: () => Promise.resolve(describeNetworks(networks)),
    threads,
    onFault,
  })
  const ports = createStylePorts({
    store,
    live,
    runner,
    seer,
    drawer: createDrawer(startChild),
    library: createStyleLibrary(),
    liveStyles: listTrainedStyles([stylizers, SHIPPED_STYLES], (error) =>
      onFault('a trained style cannot be used', { err: error }),
    ),
    startPainter: (style) =>
      createLivePainter({
        startChild,
        style,
        threads,
        executionProviders,
        monotonicMs: () => performance.now(),
        onFault,
      }),
    nowMs: Date.now,
  })
  return {
    style: ports.style,
    display: ports.display,
    giveWay: (line) => givingWay(line, pause),
    lookAround: () => runner.lookAround(),
    stop() {
      runner.stop()
      seer.stop()
      ports.stop()
    },
  }
}

function givingWay(line: Line, pause: DoorPause): Line {
  return {
    ...line,
    async judge(frame) {
      pause.judging()
      try {
        return await line.judge(frame)
      } finally {
        pause.judged()
      }
    },
  }
}
