import { z } from 'zod'

import { recordedDoorEventSchema } from '../decision/door-control.js'
import { deniedSchema, grantedSchema } from '../decision/decision.js'

/** Longest life of a grant: the five seconds after which no door may move for it. */
export const MAX_GRANT_LIFE_MS = 5000

/** A message about a decision is late when sent this long after it. */
export const LATE_AFTER_MS = 5000

const lateness = { late: z.boolean().describe('Sent more than 5 s after it happened.') }

/** Name of the payload's schema, as the wire tells it. */
export const RECORD_SCHEMAS = { decision: 'genkan.decision.v1', door: 'genkan.door.v1' } as const

/** Payload on `…/decision`: the decision, and whether it is history by now. De-duplicate by `id`. */
export const decisionMessageSchema = z.discriminatedUnion('outcome', [
  grantedSchema.extend(lateness),
  deniedSchema.extend(lateness),
])
export type DecisionMessage = z.infer<typeof decisionMessageSchema>

const [actuation, lockdown, alarm] = recordedDoorEventSchema.options

/** Payload on `…/door`: what happened at the door besides decisions. De-duplicate by `id`. */
export const doorMessageSchema = z.discriminatedUnion('kind', [
  actuation.extend(lateness),
  lockdown.extend(lateness),
  alarm.extend(lateness),
])
export type DoorMessage = z.infer<typeof doorMessageSchema>

/**
 * Payload on `…/grant`. A door controller moves only if `sequence` is higher than every one it saw from
 * this door and its clock is before `expiresAt` (or, without a clock, on receipt over a connection that
 * was up all along).
 */
export const grantMessageSchema = z.strictObject({
  id: z.ulid().describe('Id of the decision.'),
  door: z.string(),
  sequence: z.int().positive().describe('Higher than every earlier grant of this door.'),
  personId: z.ulid(),
  decidedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().describe('No door moves at or after this.'),
  lifeMs: z.int().positive().max(MAX_GRANT_LIFE_MS),
})
export type GrantMessage = z.infer<typeof grantMessageSchema>

/** Retained payload on `…/status`; `offline` also comes as the last will. */
export const statusMessageSchema = z.strictObject({
  state: z.enum(['online', 'degraded', 'offline']),
  at: z.iso.datetime().nullable().describe('Null in the last will, which can not know its hour.'),
  cause: z.string().max(500).nullable(),
  cure: z.string().max(500).nullable(),
  outbox: z
    .strictObject({
      pending: z.int().nonnegative(),
      abandoned: z.int().nonnegative().describe('Given up beyond the bound, ever.'),
      fill: z.number().min(0).max(1).describe('Share of its bound by size; at 1 the oldest go.'),
    })
    .nullable(),
})
export type StatusMessage = z.infer<typeof statusMessageSchema>

/** Payload on `PREFIX/fleet/ID/revocation`: a kiosk tells the others of its fleet whom to admit no more. */
export const revocationMessageSchema = z.strictObject({
  statement: z
    .string()
    .max(1000)
    .describe('JSON of fleet, kiosk, sequence (1, 2, 3, … of the kiosk), personId and edit.'),
  signature: z
    .string()
    .regex(/^[A-Za-z0-9+/]{86}==$/)
    .describe('Base64 of Ed25519 over the statement, by the key of the kiosk.'),
})
export type RevocationMessage = z.infer<typeof revocationMessageSchema>

/** Whether the daemon itself is well, as `…/status` tells it. */
export type Health =
  | { readonly state: 'online' }
  | { readonly state: 'degraded'; readonly cause: string; readonly cure: string }
