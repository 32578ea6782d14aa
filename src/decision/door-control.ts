import { z } from 'zod'

/** What drives the door's lock; `none` leaves it to whoever listens to grants. */
export const actuatorKindSchema = z.enum(['none', 'mqtt', 'webhook', 'gpio'])
export type ActuatorKind = z.infer<typeof actuatorKindSchema>

/** Why a door that could be moved was not. */
export const actuationRefusalSchema = z.enum([
  /** Nothing is configured that could open the door. */
  'no-actuator',
  'locked-down',
  /** The grant's life was over. */
  'late',
  /** This grant was used already. */
  'repeated',
  'stopping',
])
export type ActuationRefusal = z.infer<typeof actuationRefusalSchema>

/** What became of an order to open the door. Only `opened` may be shown as an open door. */
export const actuationResultSchema = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('opened'),
    confirmed: z.boolean().describe('Whether the relay itself answered, or only took the order.'),
    tookMs: z.number().nonnegative(),
  }),
  z.strictObject({
    outcome: z.literal('refused'),
    reason: actuationRefusalSchema,
    detail: z.string().max(500),
  }),
  z.strictObject({
    outcome: z.literal('failed'),
    cause: z.string().max(500),
    cure: z.string().max(500),
  }),
])
export type ActuationResult = z.infer<typeof actuationResultSchema>

/** Something is wrong with the door itself, as its contact tells. */
export const doorAlarmSchema = z.enum(['forced-open', 'held-open'])
export type DoorAlarm = z.infer<typeof doorAlarmSchema>

/** Why an order to open was given. */
export const actuationCauseSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('grant'), decisionId: z.ulid() }),
  z.strictObject({
    kind: z.literal('order'),
    by: z.string().describe('As the audit names them, such as `token:01J…`.'),
    reason: z.string().max(200),
  }),
])
export type ActuationCause = z.infer<typeof actuationCauseSchema>

/** While it lasts no grant and no order opens the door. */
export const lockdownSchema = z.strictObject({
  since: z.iso.datetime(),
  by: z.string(),
  reason: z.string().max(200),
})
export type Lockdown = z.infer<typeof lockdownSchema>

/** The door as it stands. Names no person. */
export const doorStateSchema = z.strictObject({
  door: z.string(),
  actuator: actuatorKindSchema,
  lockdown: lockdownSchema.nullable(),
  contact: z
    .enum(['open', 'closed', 'unknown'])
    .describe('`unknown` without a contact, or while it cannot be read.'),
  alarms: z.array(doorAlarmSchema),
  lastActuation: z
    .strictObject({
      at: z.iso.datetime(),
      cause: actuationCauseSchema,
      result: actuationResultSchema,
    })
    .nullable(),
})
export type DoorState = z.infer<typeof doorStateSchema>

const actuationEventSchema = z.strictObject({
  kind: z.literal('actuation'),
  cause: actuationCauseSchema,
  result: actuationResultSchema,
})

const lockdownEventSchema = z.strictObject({
  kind: z.literal('lockdown'),
  on: z.boolean(),
  by: z.string(),
  reason: z.string().max(200),
})

const alarmEventSchema = z.strictObject({
  kind: z.literal('alarm'),
  alarm: doorAlarmSchema,
  raised: z.boolean().describe('False once the cause is gone.'),
})

/** What happened at the door besides decisions; recorded, audited and published like them. */
export const doorEventSchema = z.discriminatedUnion('kind', [
  actuationEventSchema,
  lockdownEventSchema,
  alarmEventSchema,
])
export type DoorEvent = z.infer<typeof doorEventSchema>

const recordSchema = z.strictObject({
  id: z.ulid().describe('Time-ordered, unique; readers de-duplicate by it.'),
  door: z.string(),
  at: z.iso.datetime().describe('Wall clock, UTC.'),
})

/** A {@link DoorEvent} as it was recorded. */
export const recordedDoorEventSchema = z.discriminatedUnion('kind', [
  recordSchema.extend(actuationEventSchema.shape),
  recordSchema.extend(lockdownEventSchema.shape),
  recordSchema.extend(alarmEventSchema.shape),
])
export type RecordedDoorEvent = z.infer<typeof recordedDoorEventSchema>

/** The one hand on the door: for the API, for commands over MQTT, and for grants. */
export interface DoorControl {
  state(): DoorState
  /**
   * Opens once, for the pulse time, unless locked down. Recorded, audited, and published as an event of
   * its own, never as a grant. A fault is a result, never an exception.
   * @param by as the audit names them, such as `token:01J…`
   * @param reason for the record, at most 200 characters
   */
  open(by: string, reason: string): Promise<ActuationResult>
  /**
   * Outlives a restart.
   * @throws StoreError when it could not be written; a lockdown then holds until the daemon ends, and
   * one that was to be lifted stays
   */
  setLockdown(on: boolean, by: string, reason: string): void
  /** @returns a function that ends the subscription */
  subscribe(listener: (event: RecordedDoorEvent) => void): () => void
}
