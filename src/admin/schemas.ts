import { z } from '@hono/zod-openapi'

import { decisionSchema, denialReasonSchema } from '../decision/decision.js'
import { ROLES } from '../store/admin-tokens.js'
import { personNameSchema } from '../store/person.js'
import type { Health } from './ports/health.js'

/** ULID of a person in the path; lower case is accepted. */
export const personIdParam = z.object({
  id: z
    .ulid()
    .toUpperCase()
    .openapi({ param: { name: 'id', in: 'path' }, example: '01JD4QXNWZ8Y3Q4R5S6T7V8W9X' }),
})

export const roleSchema = z.enum(ROLES).openapi('Role', {
  description: 'admin ⊃ enroller ⊃ viewer; kiosk sees only what a door shows.',
})

/** Part of a list. */
export const pageQuery = z.object({
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,128}$/)
    .optional()
    .openapi({ description: 'nextCursor of the page before.' }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})

export const newPersonSchema = z
  .strictObject({
    name: personNameSchema,
    face: z
      .literal('from-camera')
      .optional()
      .openapi({ description: 'Also enrol whoever is before the camera now.' }),
  })
  .openapi('NewPerson')

const momentQuery = (description: string) =>
  z.iso.datetime({ offset: true }).optional().openapi({ description })

/** Which decisions are wanted. */
export const decisionFilterQuery = z.object({
  outcome: z.enum(['granted', 'denied']).optional(),
  reason: denialReasonSchema.optional(),
  personId: z.ulid().toUpperCase().optional(),
  from: momentQuery('Decided at or after then.'),
  to: momentQuery('Decided before then.'),
})

export const decisionPageSchema = z
  .object({
    items: z.array(decisionSchema.clone().openapi('Decision')),
    nextCursor: z.string().nullable(),
  })
  .openapi('DecisionPage')

export const liveStatusSchema = z
  .object({ status: z.enum(['ok', 'degraded', 'down']) })
  .openapi('Status')

const partState = z.object({
  name: z.enum(['starting', 'ready', 'degraded', 'stopped']),
  cause: z.string().optional(),
  cure: z.string().optional(),
  framesPerSecond: z.number().optional().openapi({ description: 'Of a ready camera.' }),
})

export const healthSchema = liveStatusSchema
  .extend({
    version: z.string(),
    door: z.string(),
    startedAt: z.iso.datetime(),
    camera: z.object({ description: z.string(), state: partState }),
    broker: z.object({
      description: z.string(),
      state: partState,
      waiting: z.int().nonnegative().openapi({ description: 'Decisions not yet acknowledged.' }),
      outboxFill: z
        .number()
        .optional()
        .openapi({ description: 'Share of its bound by size; at 1 the oldest are given up.' }),
      abandoned: z
        .int()
        .optional()
        .openapi({ description: 'Decisions ever given up undelivered; the store keeps them.' }),
      refused: z
        .record(z.string(), z.int())
        .optional()
        .openapi({ description: 'Messages from the broker that were refused, by reason.' }),
    }),
    line: partState.optional().openapi({ description: 'The judging of frames.' }),
    watchdogs: z
      .record(z.string(), partState)
      .optional()
      .openapi({ description: 'What the daemon watches of itself: clock, memory, loop, files.' }),
    lockedDown: z
      .boolean()
      .optional()
      .openapi({ description: 'Nobody is let in until somebody ends it.' }),
    livenessMode: z
      .enum(['texture', 'life', 'challenge'])
      .optional()
      .openapi({ description: 'How much proof of life the door asks for.' }),
    models: z.record(z.string(), z.string()).openapi({ description: 'Model id by role.' }),
    gallery: z.object({
      persons: z.int().nonnegative().openapi({ description: 'K.' }),
      templates: z.int().nonnegative(),
    }),
    threshold: z
      .object({
        value: z.number().openapi({ description: 'τ, squared L2.' }),
        targetFpir: z.number(),
      })
      .nullable(),
    temperatureC: z.number().nullable().optional().openapi({ description: 'Hottest zone.' }),
    residentMb: z.number().optional(),
    store: z.object({ bytes: z.int(), freeBytes: z.int() }).optional(),
    stages: z
      .record(z.string(), z.object({ p50Ms: z.number(), p95Ms: z.number() }))
      .optional()
      .openapi({ description: 'Time of recent frames in each stage, where it ran.' }),
  })
  .openapi('Health')

/** The daemon's state as the API shows it. */
export function presentHealth(health: Health): z.infer<typeof healthSchema> {
  const { startedAtMs, models, watchdogs, broker, stages, ...rest } = health
  const { refused, ...line } = broker
  return {
    ...rest,
    broker: { ...line, ...(refused === undefined ? {} : { refused: { ...refused } }) },
    ...(watchdogs === undefined ? {} : { watchdogs: { ...watchdogs } }),
    models: { ...models },
    ...(stages === undefined ? {} : { stages: { ...stages } }),
    startedAt: new Date(startedAtMs).toISOString(),
  }
}
