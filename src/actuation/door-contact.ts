import type { DoorAlarm } from '../decision/door-control.js'

/** An alarm that begins or ends. */
export interface AlarmChange {
  readonly alarm: DoorAlarm
  readonly raised: boolean
}

/** Rules of the contact's alarms. */
export interface ContactRules {
  /** After an order to open, the door may be opened for this long. */
  readonly expectedMs: number
  readonly heldOpenMs: number
}

/** The door as its contact tells; time comes in with each call, from a clock that never leaps. */
export interface DoorContact {
  state(): 'open' | 'closed' | 'unknown'
  alarms(): DoorAlarm[]
  /** The lock was released: opening the door is now expected. */
  expect(nowMs: number): void
  /** `unknown` when the contact can't be read any more; alarms stay as they are. */
  see(state: 'open' | 'closed' | 'unknown', nowMs: number): AlarmChange[]
  /** Time has gone on; call about once a second. */
  tick(nowMs: number): AlarmChange[]
}

/** A closed door, as far as anybody knows. */
export function createDoorContact(rules: ContactRules): DoorContact {
  let state: 'open' | 'closed' | 'unknown' = 'unknown'
  let expectedUntilMs = -Infinity
  let openSinceMs = 0
  const raised = new Set<DoorAlarm>()

  function raise(alarm: DoorAlarm): AlarmChange[] {
    if (raised.has(alarm)) return []
    raised.add(alarm)
    return [{ alarm, raised: true }]
  }

  function tick(nowMs: number): AlarmChange[] {
    const held = state === 'open' && nowMs - openSinceMs >= rules.heldOpenMs
    return held ? raise('held-open') : []
  }

  return {
    state: () => state,
    alarms: () => [...raised],
    expect(nowMs) {
      expectedUntilMs = Math.max(expectedUntilMs, nowMs + rules.expectedMs)
    },
    tick,
    see(next, nowMs) {
      const before = state
      state = next
      if (next === 'closed') {
        const ended = [...raised].map((alarm) => ({ alarm, raised: false }))
        raised.clear()
        return ended
      }
      if (next !== 'open' || before === 'open') return tick(nowMs)
      openSinceMs = nowMs
      // A door that is open when first seen may have been opened rightly while nobody looked.
      const forced = before === 'closed' && nowMs > expectedUntilMs
      return forced ? raise('forced-open') : []
    },
  }
}
