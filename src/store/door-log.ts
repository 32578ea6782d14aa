import type Database from 'better-sqlite3-multiple-ciphers'

import {
  doorEventSchema,
  lockdownSchema,
  recordedDoorEventSchema,
  type DoorEvent,
  type Lockdown,
  type RecordedDoorEvent,
} from '../decision/door-control.js'
import type { AuditLog } from './audit.js'
import { parseInput } from './input.js'
import type { Memory } from './memory.js'
import { StoreError } from './store-error.js'

/** What happened at the door besides decisions. */
export interface DoorLog {
  /** Notes in the audit that an order was given, before anything moves. */
  order(by: string, decisionId?: string): void
  /** Writes event, audit row, message, and for a lockdown its state, in one transaction. */
  record(event: DoorEvent, door: string): RecordedDoorEvent
  /** Newest first. */
  list(limit: number): RecordedDoorEvent[]
  /** As last recorded; outlives a restart. */
  lockdown(): Lockdown | null
}

const LOCKDOWN = 'lockdown'

/** Who did it, and what, as the audit names them. */
function auditOf(event: DoorEvent): { actor: string; action: string } {
  switch (event.kind) {
    case 'actuation': {
      const actor = event.cause.kind === 'order' ? event.cause.by : 'system'
      return { actor, action: `door.open.${event.result.outcome}` }
    }
    case 'lockdown':
      return { actor: event.by, action: event.on ? 'door.lockdown' : 'door.release' }
    case 'alarm':
      return {
        actor: 'system',
        action: `door.${event.alarm}.${event.raised ? 'raised' : 'ended'}`,
      }
  }
}

/** The {@link DoorLog} of a database. */
export function createDoorLog(
  database: Database.Database,
  options: { nowMs: () => number; newId: () => string; audit: AuditLog; memory: Memory },
): DoorLog {
  const { nowMs, newId, audit, memory } = options
  const insertEvent = database.prepare(
    'INSERT INTO door_events (id, at_ms, door, kind, body) VALUES (?, ?, ?, ?, ?)',
  )
  const insertMessage = database.prepare(
    `INSERT INTO outbox (message_id, kind, body, created_at_ms) VALUES (?, 'door', ?, ?)`,
  )
  const newest = database
    .prepare<[number], string>('SELECT body FROM door_events ORDER BY sequence DESC LIMIT ?')
    .pluck()

  const record = database.transaction((input: DoorEvent, door: string): RecordedDoorEvent => {
    const event = parseInput(doorEventSchema, input, 'door event')
    const atMs = nowMs()
    const recorded = { id: newId(), door, at: new Date(atMs).toISOString(), ...event }
    const body = JSON.stringify(recorded)
    insertEvent.run(recorded.id, atMs, door, event.kind, body)
    insertMessage.run(recorded.id, body, atMs)
    audit.append({ ...auditOf(event), subjectId: recorded.id })
    if (event.kind === 'lockdown') {
      const { by, reason } = event
      memory.set(LOCKDOWN, event.on ? { since: recorded.at, by, reason } : null)
    }
    return recorded
  })

  return {
    order(by, decisionId) {
      const subject = decisionId === undefined ? {} : { subjectId: decisionId }
      audit.append({ actor: by, action: 'door.open.ordered', ...subject })
    },
    record: (event, door) => record.immediate(event, door),
    list: (limit) =>
      newest.all(limit).map((body) => recordedDoorEventSchema.parse(JSON.parse(body))),
    lockdown() {
      const stored = lockdownSchema.nullable().safeParse(memory.get(LOCKDOWN) ?? null)
      if (stored.success) return stored.data
      throw new StoreError({
        code: 'corrupt-row',
        what: "the door's lockdown can't be read",
        cure: 'restore the last backup',
      })
    },
  }
}
