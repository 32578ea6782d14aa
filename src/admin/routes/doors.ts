import { z } from '@hono/zod-openapi'

import { doorStateSchema, lockdownSchema } from '../../decision/door-control.js'
import { adminRoute } from '../access.js'
import { actorOf } from '../auth.js'
import { contentEtag, etagHeader, ifMatchHeader, requireMatch } from '../conditional.js'
import type { AdminApp } from '../environment.js'
import { idempotencyHeader } from '../idempotency.js'
import type { AdminPorts } from '../ports.js'
import { AdminProblem, problemResponses } from '../problems.js'

const tags = ['Doors']

/** The door as the API shows it. */
export const doorSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    state: z.enum(['open', 'closed', 'unknown']).openapi({
      description: 'What the contact tells; unknown without one.',
    }),
    lockdown: lockdownSchema.nullable().clone().openapi({
      description: 'While it lasts no grant and no order opens the door.',
    }),
    actuator: doorStateSchema.shape.actuator.clone().openapi({
      description: '`none`: whoever listens to grants opens.',
    }),
    alarms: doorStateSchema.shape.alarms,
    lastActuation: doorStateSchema.shape.lastActuation,
    etag: z.string().openapi({ description: 'Of the lockdown, for If-Match.' }),
  })
  .openapi('Door')

const reason = z.string().trim().min(1).max(200)

const openedSchema = z
  .object({
    outcome: z.literal('opened'),
    confirmed: z.boolean().openapi({
      description: 'Whether the relay itself answered, or only took the order.',
    }),
    tookMs: z.number(),
  })
  .openapi('Opened')

const idParam = z.object({
  id: z
    .string()
    .min(1)
    .max(64)
    .openapi({ param: { name: 'id', in: 'path' }, example: 'front' }),
})

const list = adminRoute('viewer', {
  method: 'get',
  path: '/api/doors',
  summary: 'The door of this daemon, as it stands',
  tags,
  responses: {
    200: {
      description: 'A list of one.',
      content: { 'application/json': { schema: z.object({ items: z.array(doorSchema) }) } },
    },
    ...problemResponses(),
  },
})

const open = adminRoute('admin', {
  method: 'post',
  path: '/api/doors/{id}/open',
  summary: 'Open the door once',
  description: 'Recorded and audited with its reason. A lockdown is not overridden.',
  tags,
  request: {
    params: idParam,
    headers: idempotencyHeader,
    body: {
      required: true,
      content: {
        'application/json': { schema: z.strictObject({ reason }).openapi('OpenOrder') },
      },
    },
  },
  responses: {
    200: {
      description: 'The lock was moved.',
      content: { 'application/json': { schema: openedSchema } },
    },
    ...problemResponses(
      'door-not-found',
      'not-opened',
      'door-failed',
      'unsupported-media-type',
      'body-too-large',
      'request-under-way',
      'idempotency-key-reused',
    ),
  },
})

const lockdown = adminRoute('admin', {
  method: 'put',
  path: '/api/doors/{id}/lockdown',
  summary: 'Begin or end a lockdown, which outlives a restart',
  tags,
  request: {
    params: idParam,
    headers: ifMatchHeader,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({ on: z.boolean(), reason }).openapi('LockdownOrder'),
        },
      },
    },
  },
  responses: {
    200: {
      description: 'The door as it stands now.',
      headers: etagHeader,
      content: { 'application/json': { schema: doorSchema } },
    },
    ...problemResponses(
      'door-not-found',
      'changed-meanwhile',
      'unsupported-media-type',
      'body-too-large',
    ),
  },
})

/** The door: how it stands, opening it, and locking it down. */
export function addDoorRoutes(app: AdminApp, ports: AdminPorts): void {
  const { door } = ports

  function present(): z.infer<typeof doorSchema> {
    const { door: id, contact, lockdown: held, actuator, alarms, lastActuation } = door.state()
    const etag = contentEtag(held)
    const { name } = door
    const rest = { actuator, alarms: [...alarms], lastActuation, etag }
    return { id, name, state: contact, lockdown: held, ...rest }
  }

  function requireDoor(id: string): void {
    if (door.state().door !== id) throw new AdminProblem('door-not-found')
  }

  app.openapi(list, (c) => c.json({ items: [present()] }, 200))

  app.openapi(open, async (c) => {
    requireDoor(c.req.valid('param').id)
    const result = await door.open(actorOf(c), c.req.valid('json').reason)
    switch (result.outcome) {
      case 'refused':
        throw new AdminProblem('not-opened', { cause: result.detail })
      case 'failed':
        throw new AdminProblem('door-failed', { cause: result.cause, cure: result.cure })
      case 'opened':
        return c.json(result, 200)
    }
  })

  app.openapi(lockdown, (c) => {
    requireDoor(c.req.valid('param').id)
    requireMatch(c.req.valid('header')['if-match'], contentEtag(door.state().lockdown))
    const order = c.req.valid('json')
    door.setLockdown(order.on, actorOf(c), order.reason)
    const now = present()
    c.header('ETag', now.etag)
    return c.json(now, 200)
  })
}
