import { z } from '@hono/zod-openapi'

import { groupIdSchema } from '../../store/groups.js'
import { adminRoute } from '../access.js'
import { actorOf } from '../auth.js'
import type { AdminApp } from '../environment.js'
import type { AdminPorts } from '../ports.js'
import { AdminProblem, problemResponses } from '../problems.js'

const admissionRuleSchema = z
  .strictObject({
    groups: z.array(groupIdSchema).max(100).nullable().openapi({
      description: 'null for everybody; an empty list for nobody.',
    }),
  })
  .openapi('AdmissionRule')

/** A door of the fleet as the API shows it. */
export const fleetDoorSchema = z
  .object({
    kiosk: z.string().openapi({ example: '01JD4QXNWZ8Y3Q4R5S6T7V8W9X' }),
    name: z.string(),
    standing: z.enum(['member', 'removed', 'unknown']).openapi({
      description: '`unknown`: it stands in the database, but no kiosk vouches for it.',
    }),
    isThis: z.boolean(),
    seenAt: z.iso.datetime().nullable().openapi({ description: 'By the server’s clock.' }),
    version: z.string().nullable(),
    door: z.string().nullable(),
    health: z.enum(['online', 'degraded']).nullable(),
    cause: z.string().nullable().openapi({ description: 'Why it is degraded.' }),
    models: z.record(z.string(), z.string()).openapi({ description: 'Ids by what they do.' }),
    calibration: z.string().nullable().openapi({
      description: 'Beginning of the SHA-256 of the calibration in force.',
    }),
    groups: z.array(z.string()).openapi({
      description: 'Groups that the door says it admits; empty for everybody, or for nobody.',
    }),
    admitsNobody: z.boolean(),
    rule: admissionRuleSchema.nullable().openapi({
      description: 'What the fleet says; null where it leaves that to the door’s configuration.',
    }),
    sequence: z.int().nullable().openapi({ description: 'How far it has read the record.' }),
    pending: z.int().nullable().openapi({ description: 'Changes that wait there.' }),
  })
  .openapi('FleetDoor', { description: 'What a door last said of itself.' })

/** The fleet as the API shows it. */
export const fleetSchema = z
  .object({
    state: z.enum(['alone', 'connecting', 'connected', 'degraded']).openapi({
      description: '`alone`: this door is in no fleet.',
    }),
    trouble: z.object({ cause: z.string(), cure: z.string() }).nullable(),
    ageMinutes: z.number().nullable().openapi({
      description: 'Since the record was known to be read whole; null when never, or alone.',
    }),
    pending: z.int().openapi({ description: 'Changes that wait at this door.' }),
    doors: z.array(fleetDoorSchema).nullable().openapi({
      description: 'null while the database cannot be asked.',
    }),
    duplicates: z
      .array(z.object({ personId: z.string(), otherId: z.string() }))
      .openapi({ description: 'Two persons with one face.' }),
    rollout: z
      .object({
        from: z.string(),
        to: z.string(),
        stages: z.int(),
        reached: z.int(),
        hindrances: z.array(z.string()),
      })
      .nullable()
      .openapi({ description: 'Doors that come to another encoder, stage by stage.' }),
  })
  .openapi('Fleet')

const view = adminRoute('viewer', {
  method: 'get',
  path: '/api/fleet',
  summary: 'The doors that share this one’s persons, and how each stands',
  tags: ['Doors'],
  responses: {
    200: {
      description: 'The fleet, as this door sees it.',
      content: { 'application/json': { schema: fleetSchema } },
    },
    ...problemResponses(),
  },
})

const setAdmits = adminRoute('admin', {
  method: 'put',
  path: '/api/fleet/doors/{kiosk}/admits',
  summary: 'Say which groups a door of the fleet admits',
  tags: ['Doors'],
  request: {
    params: z.object({
      kiosk: z.ulid().openapi({ param: { name: 'kiosk', in: 'path' } }),
    }),
    body: { required: true, content: { 'application/json': { schema: admissionRuleSchema } } },
  },
  responses: {
    204: { description: 'It holds at the door as soon as that hears of it.' },
    ...problemResponses(
      'door-not-found',
      'group-not-found',
      'unsupported-media-type',
      'body-too-large',
    ),
  },
})

/** The fleet this door is in. */
export function addFleetRoutes(app: AdminApp, ports: AdminPorts): void {
  app.openapi(view, async (c) => {
    const { trouble, doors, duplicates, rollout, ...rest } = await ports.fleet.view()
    return c.json(
      {
        ...rest,
        trouble: trouble && { cause: trouble.cause, cure: trouble.cure },
        doors:
          doors?.map((door) => ({
            ...door,
            models: { ...door.models },
            groups: [...door.groups],
            rule: door.rule && { groups: door.rule.groups && [...door.rule.groups] },
          })) ?? null,
        rollout: rollout && { ...rollout, hindrances: [...rollout.hindrances] },
        duplicates: duplicates.map(({ personId, otherId }) => ({ personId, otherId })),
      },
      200,
    )
  })

  app.openapi(setAdmits, (c) => {
    const { kiosk } = c.req.valid('param')
    switch (ports.fleet.setAdmits(kiosk, c.req.valid('json'), actorOf(c))) {
      case 'no-such-door':
        throw new AdminProblem('door-not-found')
      case 'no-such-group':
        throw new AdminProblem('group-not-found')
      case 'set':
        return c.body(null, 204)
    }
  })
}
