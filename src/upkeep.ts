import type { Logger } from 'pino'
import type { AdminPorts } from './admin/ports.js'
import type { Health } from './events/messages.js'
import type { LiveSettings } from './live-settings.js'
import type { LiveView } from './live-view.js'
import type { OpenedDoor } from './open-door.js'
import type { Recognition } from './recognition.js'
import type { Store } from './store/store.js'
import type { StyleDesk } from './style-desk.js'
import type { ClockWatch } from './watchdogs/clock-watch.js'

export interface UpkeepParts {
  readonly store: Store
  readonly door: OpenedDoor
  readonly desk: StyleDesk
  readonly settings: LiveSettings
  readonly recognition: Recognition
  readonly live: LiveView
  readonly clock: ClockWatch
  readonly purge: AdminPorts['purge']
  readonly describeHealth: () => Health
  readonly onHealth: ((health: Health) => void) | undefined
  /** Row of the head that this process was started with; `undefined` for the encoder as shipped. */
  readonly headId: string | undefined
  /** Whether a head in force was passed over at the start, which was told then. */
  readonly headIsNoted: boolean
  /** Another head than the one in use was put in force. */
  readonly onNewHead: (what: string) => void
  readonly log: Logger
}

/** What is done by the clock, and not for a frame or a request. */
export interface Upkeep {
  /** Looks around no more; what is beyond its time is still removed until {@link Upkeep.stop}. */
  stopLooking(): void
  stop(): void
}

const LOOK_AROUND_MS = 1000
const HOUR_MS = 3_600_000
/** And an hour after the start at the earliest: a wrong clock at power-up removes nothing. */
const PURGE_EVERY_HOURS = 24

/** Tells changes of health, follows what other processes change in the store, removes what is old. */
export function startUpkeep(parts: UpkeepParts): Upkeep {
  const { store, door, desk, settings, recognition, live, clock, log } = parts
  let { headIsNoted } = parts
  let foreignChanges = store.foreignChanges()
  let toldHealth = ''
  let hours = 0

  /** Another head than the one that this process was started with takes effect at the next start. */
  function noteHead(): void {
    if (headIsNoted || store.learntHeads.inForce('projection')?.id === parts.headId) return
    headIsNoted = true
    parts.onNewHead('another head was put in force, which takes a new start')
  }

  function tellHealth(): void {
    const health = parts.describeHealth()
    door.publisher.setHealth(health)
    const line = door.publisher.state()
    const told: Health =
      health.state === 'online' && line.name === 'degraded'
        ? { state: 'degraded', cause: line.cause, cure: line.cure }
        : health
    const text = JSON.stringify(told)
    if (text !== toldHealth) parts.onHealth?.(told)
    toldHealth = text
  }

  function lookAround(): void {
    tellHealth()
    try {
      door.tick()
      desk.lookAround()
      const changes = store.foreignChanges()
      if (changes === foreignChanges) return
      foreignChanges = changes
      noteHead()
      settings.reload()
      recognition.reload()
      live.showSystemChange()
    } catch (error) {
      log.error({ err: error }, 'the store cannot be read')
    }
  }

  async function purge(): Promise<void> {
    try {
      const report = await parts.purge(false, 'system')
      log.info(report, 'what was beyond its time is removed')
    } catch (error) {
      log.error({ err: error }, 'what is beyond its time could not be removed')
    }
  }

  const lookTimer = setInterval(lookAround, LOOK_AROUND_MS)
  const purgeTimer = setInterval(() => {
    if (hours++ % PURGE_EVERY_HOURS === 0 && clock.check() === undefined) void purge()
  }, HOUR_MS)
  purgeTimer.unref()
  return {
    stopLooking: () => {
      clearInterval(lookTimer)
    },
    stop() {
      clearInterval(lookTimer)
      clearInterval(purgeTimer)
    },
  }
}
