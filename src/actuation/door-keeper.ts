import type { GrantedDecision } from '../decision/decision.js'
import type {
  ActuationCause,
  ActuationRefusal,
  ActuationResult,
  ActuatorKind,
  DoorControl,
  DoorEvent,
  DoorState,
  Lockdown,
  RecordedDoorEvent,
} from '../decision/door-control.js'
import type { Actuator } from './actuator.js'
import type { AlarmChange, DoorContact } from './door-contact.js'

/** Where the keeper writes down what happens; every method may throw when the store fails. */
export interface DoorRecords {
  order(by: string, decisionId?: string): void
  record(event: DoorEvent, door: string): RecordedDoorEvent
  lockdown(): Lockdown | null
}

export interface DoorKeeperOptions {
  readonly door: string
  /** Absent where nothing here drives the lock. */
  readonly actuator: Actuator | undefined
  readonly contact: DoorContact
  readonly records: DoorRecords
  readonly pulseMs: number
  /** How long after its decision a grant may open the door. */
  readonly grantLifeMs: number
  readonly nowMs: () => number
  /** A clock that never leaps. */
  readonly monotonicMs: () => number
  readonly newId: () => string
  /** A record could not be written: wants to be loud. */
  readonly onRecordFault: (error: unknown) => void
}

/** The daemon's hand on the door. */
export interface DoorKeeper extends DoorControl {
  /** Opens for a decision that is on disk, if it is fresh and the door is not locked down. */
  openFor(decision: GrantedDecision): Promise<ActuationResult>
  seeContact(state: 'open' | 'closed' | 'unknown'): void
  /** Call about once a second. */
  tick(): void
  /** Locks, and opens no more. */
  stop(): void
}

/** An order by hand waits no longer than this for the relay. */
const ORDER_LIFE_MS = 5000
/** A clock that jumped back makes old decisions look new; more than this is not believed. */
const CLOCK_TOLERANCE_MS = 250

const REFUSALS: Readonly<Record<ActuationRefusal, string>> = {
  'no-actuator': 'nothing is configured that drives the lock (actuation.kind)',
  'locked-down': 'the door is locked down',
  late: "the grant's life was over",
  repeated: 'this grant was used already',
  stopping: 'genkan is stopping',
}

const refused = (reason: ActuationRefusal): ActuationResult => ({
  outcome: 'refused',
  reason,
  detail: REFUSALS[reason],
})

/**
 * The one place that moves the lock.
 * @throws StoreError when the lockdown of before can't be read
 */
export function createDoorKeeper(options: DoorKeeperOptions): DoorKeeper {
  const { door, actuator, contact, records, nowMs, monotonicMs } = options
  const kind: ActuatorKind = actuator?.kind ?? 'none'
  const listeners = new Set<(event: RecordedDoorEvent) => void>()
  let lockdown = records.lockdown()
  let lastActuation: DoorState['lastActuation'] = null
  let lastDecisionId = ''
  let stopped = false

  function record(event: DoorEvent): void {
    try {
      const recorded = records.record(event, door)
      for (const listener of listeners) listener(recorded)
    } catch (error) {
      options.onRecordFault(error)
    }
  }

  function recordAlarms(changes: readonly AlarmChange[]): void {
    for (const change of changes) record({ kind: 'alarm', ...change })
  }

  function obstacle(): ActuationRefusal | undefined {
    if (actuator === undefined) return 'no-actuator'
    if (stopped) return 'stopping'
    return lockdown === null ? undefined : 'locked-down'
  }

  async function actuate(cause: ActuationCause, withinMs: number): Promise<ActuationResult> {
    const why = obstacle()
    if (why !== undefined || actuator === undefined) return refused(why ?? 'no-actuator')
    try {
      if (cause.kind === 'grant') records.order('system', cause.decisionId)
      else records.order(cause.by)
    } catch (error) {
      options.onRecordFault(error)
      return {
        outcome: 'failed',
        cause: 'the order could not be recorded, so the door stays shut',
        cure: 'mend the store',
      }
    }
    const startedMs = monotonicMs()
    contact.expect(startedMs)
    const { pulseMs } = options
    const answer = await actuator.open({ id: options.newId(), cause, pulseMs, withinMs })
    contact.expect(monotonicMs())
    if (answer.outcome === 'failed') return answer
    const { confirmed } = answer
    return { outcome: 'opened', confirmed, tookMs: Math.max(0, monotonicMs() - startedMs) }
  }

  async function openAndRecord(cause: ActuationCause, withinMs: number): Promise<ActuationResult> {
    const result = await actuate(cause, withinMs)
    lastActuation = { at: new Date(nowMs()).toISOString(), cause, result }
    record({ kind: 'actuation', cause, result })
    return result
  }

  return {
    state: () => ({
      door,
      actuator: kind,
      lockdown,
      contact: contact.state(),
      alarms: contact.alarms(),
      lastActuation,
    }),

    open: (by, reason) =>
      openAndRecord({ kind: 'order', by, reason: reason.slice(0, 200) }, ORDER_LIFE_MS),

    async openFor({ id, decidedAt }) {
      const remainingMs = Date.parse(decidedAt) + options.grantLifeMs - nowMs()
      const fresh = remainingMs > 0 && remainingMs <= options.grantLifeMs + CLOCK_TOLERANCE_MS
      const cause: ActuationCause = { kind: 'grant', decisionId: id }
      if (actuator === undefined) {
        // Whoever reads `…/grant` opens: the door is expected to move, and there is nothing to record.
        if (fresh && lockdown === null) contact.expect(monotonicMs())
        return refused('no-actuator')
      }
      // Ids of decisions ascend.
      const reason = id <= lastDecisionId ? 'repeated' : fresh ? undefined : 'late'
      if (reason !== undefined) {
        const result = refused(reason)
        record({ kind: 'actuation', cause, result })
        return result
      }
      lastDecisionId = id
      return openAndRecord(cause, remainingMs)
    },

    setLockdown(on, by, reason) {
      const text = reason.slice(0, 200)
      if (on) {
        lockdown ??= { since: new Date(nowMs()).toISOString(), by, reason: text }
        actuator?.close()
      }
      const recorded = records.record({ kind: 'lockdown', on, by, reason: text }, door)
      lockdown = records.lockdown()
      for (const listener of listeners) listener(recorded)
    },

    subscribe(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },

    seeContact: (state) => recordAlarms(contact.see(state, monotonicMs())),
    tick: () => recordAlarms(contact.tick(monotonicMs())),

    stop() {
      stopped = true
      actuator?.close()
    },
  }
}
