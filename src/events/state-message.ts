import { z } from 'zod'

import { denialReasonSchema } from '../decision/decision.js'
import { doorStateSchema } from '../decision/door-control.js'

/** Retained payload on `…/state`: how things stand. Names no person. */
export const stateMessageSchema = z.strictObject({
  lastDecision: z
    .strictObject({
      at: z.iso.datetime(),
      outcome: z.enum(['granted', 'denied']),
      reason: denialReasonSchema.nullable(),
    })
    .nullable(),
  problem: z.string().max(500).nullable().describe('What is out of order, if anything is.'),
  camera: z.enum(['online', 'offline']),
  framesPerSecond: z.number().nonnegative(),
  enrolledPersons: z.int().nonnegative(),
  outboxPending: z.int().nonnegative(),
  refusedMessages: z.int().nonnegative().describe('From the broker, ignored since start.'),
  lock: z.enum(['locked', 'unlocked']).describe('As far as genkan drives it.'),
  lockdown: z.boolean(),
  contact: doorStateSchema.shape.contact,
  alarms: doorStateSchema.shape.alarms,
})
export type StateMessage = z.infer<typeof stateMessageSchema>

/** What an attempt can come to, as an event type. */
export const ATTEMPT_TYPES = ['granted', ...denialReasonSchema.options] as const

/**
 * Payload on `…/attempt`, for automations that show or log: sent once, only while fresh, and never kept.
 * What moves a door listens to `…/grant`.
 */
export const attemptMessageSchema = z.strictObject({
  event_type: z.enum(ATTEMPT_TYPES),
  id: z.ulid(),
  decidedAt: z.iso.datetime(),
  personId: z.ulid().nullable(),
})
export type AttemptMessage = z.infer<typeof attemptMessageSchema>
