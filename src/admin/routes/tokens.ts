import { z } from '@hono/zod-openapi'

import { tokenLabelSchema } from '../../store/admin-tokens.js'
import type { AdminToken } from '../../store/admin-tokens.js'
import { adminRoute } from '../access.js'
import { actorOf } from '../auth.js'
import type { AdminApp } from '../environment.js'
import { idempotencyHeader } from '../idempotency.js'
import type { AdminPorts } from '../ports.js'
import { AdminProblem, problemResponses } from '../problems.js'
import { personIdParam, roleSchema } from '../schemas.js'

const tags = ['Tokens']

const tokenSchema = z
  .object({
    id: z.ulid(),
    name: z.string(),
    role: roleSchema,
    createdAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().nullable().openapi({ description: 'To the minute.' }),
  })
  .openapi('Token')

const newTokenSchema = z
  .strictObject({ name: tokenLabelSchema, role: roleSchema })
  .openapi('NewToken')

const madeTokenSchema = tokenSchema
  .extend({
    token: z.string().optional().openapi({
      description:
        'What a request carries as bearer token. Told once, and not again to a repeated request.',
    }),
  })
  .openapi('MadeToken')

const list = adminRoute('admin', {
  method: 'get',
  path: '/api/tokens',
  summary: 'List the tokens, oldest first',
  tags,
  responses: {
    200: {
      description: 'Every token that is valid.',
      content: { 'application/json': { schema: z.object({ items: z.array(tokenSchema) }) } },
    },
    ...problemResponses(),
  },
})

const create = adminRoute('admin', {
  method: 'post',
  path: '/api/tokens',
  summary: 'Make a token for a role',
  tags,
  request: {
    headers: idempotencyHeader,
    body: { required: true, content: { 'application/json': { schema: newTokenSchema } } },
  },
  responses: {
    201: {
      description: 'The token; its text is shown here only.',
      headers: { Location: { description: 'Its address.', schema: { type: 'string' } } },
      content: { 'application/json': { schema: madeTokenSchema } },
    },
    ...problemResponses(
      'unsupported-media-type',
      'body-too-large',
      'request-under-way',
      'idempotency-key-reused',
    ),
  },
})

const revoke = adminRoute('admin', {
  method: 'delete',
  path: '/api/tokens/{id}',
  summary: 'Revoke a token and end its sessions',
  tags,
  request: { params: personIdParam },
  responses: {
    204: { description: 'It is valid no more.' },
    ...problemResponses('token-not-found', 'last-admin'),
  },
})

const iso = (ms: number): string => new Date(ms).toISOString()

function present({ id, label, role, createdAtMs, lastUsedAtMs }: AdminToken) {
  return {
    id,
    name: label,
    role,
    createdAt: iso(createdAtMs),
    lastUsedAt: lastUsedAtMs === null ? null : iso(lastUsedAtMs),
  }
}

/** Who may use the API. */
export function addTokenRoutes(app: AdminApp, ports: AdminPorts): void {
  app.openapi(list, async (c) => {
    return c.json({ items: (await ports.tokens.list()).map(present) }, 200)
  })

  app.openapi(create, async (c) => {
    const { name, role } = c.req.valid('json')
    const { token, text } = await ports.tokens.create({ label: name, role }, actorOf(c))
    c.set('keptAnswer', present(token))
    c.header('Location', `/api/tokens/${token.id}`)
    return c.json({ ...present(token), token: text }, 201)
  })

  app.openapi(revoke, async (c) => {
    const result = await ports.tokens.revoke(c.req.valid('param').id, actorOf(c))
    switch (result) {
      case 'no-such-token':
        throw new AdminProblem('token-not-found')
      case 'last-admin':
        throw new AdminProblem('last-admin')
      case 'revoked':
        return c.body(null, 204)
    }
  })
}
