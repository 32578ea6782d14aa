import { z } from '@hono/zod-openapi'

import type { Consent } from '../../store/consents.js'
import { adminRoute } from '../access.js'
import { actorOf } from '../auth.js'
import type { AdminApp } from '../environment.js'
import { idempotencyHeader } from '../idempotency.js'
import type { AdminPorts } from '../ports.js'
import { AdminProblem, problemResponses } from '../problems.js'
import {
  consentSchema,
  newConsentBody,
  presentExport,
  personExportSchema,
} from '../person-schemas.js'
import { personIdParam } from '../schemas.js'

const tags = ['Consent and retention']

const list = adminRoute('viewer', {
  method: 'get',
  path: '/api/persons/{id}/consents',
  summary: 'What a person agreed to, and took back',
  tags,
  request: { params: personIdParam },
  responses: {
    200: {
      description: 'Oldest first; the last one holds.',
      content: { 'application/json': { schema: z.object({ items: z.array(consentSchema) }) } },
    },
    ...problemResponses('person-not-found'),
  },
})

const record = adminRoute('enroller', {
  method: 'post',
  path: '/api/persons/{id}/consents',
  summary: 'Record a consent, or that it was taken back',
  description: 'A record is never changed, only followed by another.',
  tags,
  request: {
    params: personIdParam,
    headers: idempotencyHeader,
    body: { required: true, content: { 'application/json': { schema: newConsentBody } } },
  },
  responses: {
    201: {
      description: 'The record.',
      content: { 'application/json': { schema: consentSchema } },
    },
    ...problemResponses(
      'person-not-found',
      'unsupported-media-type',
      'body-too-large',
      'request-under-way',
      'idempotency-key-reused',
    ),
  },
})

const exportAll = adminRoute('admin', {
  method: 'get',
  path: '/api/persons/{id}/export',
  summary: 'All that is held about a person, as one document',
  description: 'For the person: with pictures, templates, decisions and audit. Audited.',
  tags,
  request: { params: personIdParam },
  responses: {
    200: {
      description: 'The document.',
      content: { 'application/json': { schema: personExportSchema } },
    },
    ...problemResponses('person-not-found'),
  },
})

/** What a purge removed, or would remove. */
export const purgeSchema = z
  .object({
    dryRun: z.boolean(),
    persons: z.int().openapi({ description: 'Whose own retention date is over.' }),
    decisions: z.int(),
    pictures: z.int().openapi({ description: 'Enrolment pictures; their templates stay.' }),
    databases: z.int().openapi({ description: 'Kept aside by an earlier restore.' }),
    undelivered: z.int().openapi({
      description: 'Decisions beyond their time that stay until a broker has them.',
    }),
  })
  .openapi('Purge')

const purge = adminRoute('admin', {
  method: 'post',
  path: '/api/retention/purge',
  summary: 'Remove what is beyond its time, or say what would go',
  description: 'genkan does this by itself once a day. Audited, a dry run as well.',
  tags,
  request: { query: z.object({ dryRun: z.enum(['true', 'false']).optional() }) },
  responses: {
    200: {
      description: 'What went, or would go.',
      content: { 'application/json': { schema: purgeSchema } },
    },
    ...problemResponses(),
  },
})

function present(consent: Consent): z.infer<typeof consentSchema> {
  const { id, kind, atMs, givenBy, textVersion, recordedBy, recordedAtMs } = consent
  const iso = (ms: number) => new Date(ms).toISOString()
  return {
    id,
    kind,
    at: iso(atMs),
    givenBy,
    textVersion,
    recordedBy,
    recordedAt: iso(recordedAtMs),
  }
}

/** What people agreed to, what is held about them, and how long. */
export function addConsentRoutes(app: AdminApp, ports: AdminPorts): void {
  app.openapi(list, async (c) => {
    const consents = await ports.consents.list(c.req.valid('param').id)
    if (consents === undefined) throw new AdminProblem('person-not-found')
    return c.json({ items: consents.map(present) }, 200)
  })

  app.openapi(record, async (c) => {
    const { at, ...rest } = c.req.valid('json')
    const consent = { ...rest, ...(at === undefined ? {} : { atMs: Date.parse(at) }) }
    const added = await ports.consents.add(c.req.valid('param').id, consent, actorOf(c))
    if (added === undefined) throw new AdminProblem('person-not-found')
    return c.json(present(added), 201)
  })

  app.openapi(exportAll, async (c) => {
    const { id } = c.req.valid('param')
    const held = await ports.persons.export(id, actorOf(c))
    if (held === undefined) throw new AdminProblem('person-not-found')
    c.header('Content-Disposition', `attachment; filename="genkan-person-${id}.json"`)
    return c.json(presentExport(held, held.consents.map(present)), 200)
  })

  app.openapi(purge, async (c) => {
    const report = await ports.purge(c.req.valid('query').dryRun === 'true', actorOf(c))
    return c.json(report, 200)
  })
}
