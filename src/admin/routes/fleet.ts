import { z } from '@hono/zod-openapi'

import { adminRoute } from '../access.js'
import type { AdminApp } from '../environment.js'
import type { AdminPorts } from '../ports.js'
import { problemResponses } from '../problems.js'

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
      description: 'Groups that the door admits; empty for everybody.',
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

/** The fleet this door is in. */
export function addFleetRoutes(app: AdminApp, ports: AdminPorts): void {
  app.openapi(view, async (c) => {
    const { trouble, doors, duplicates, ...rest } = await ports.fleet.view()
    return c.json(
      {
        ...rest,
        trouble: trouble && { cause: trouble.cause, cure: trouble.cure },
        doors:
          doors?.map((door) => ({
            ...door,
            models: { ...door.models },
            groups: [...door.groups],
          })) ?? null,
        duplicates: duplicates.map(({ personId, otherId }) => ({ personId, otherId })),
      },
      200,
    )
  })
}
