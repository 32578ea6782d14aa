import { z } from '@hono/zod-openapi'

import { adminRoute } from '../access.js'
import type { AdminApp } from '../environment.js'
import type { AdminPorts } from '../ports.js'
import type { NamedAuditEntry } from '../ports/audit.js'
import { problemResponses } from '../problems.js'
import { pageQuery } from '../schemas.js'
import { csvOf, exportPages, ndjsonOf } from '../table-export.js'

const tags = ['Audit']

/** A row of the audit as the API shows it. */
export const entrySchema = z
  .object({
    id: z.int().positive().openapi({ description: '1, 2, 3, … without gaps.' }),
    at: z.iso.datetime(),
    actor: z.string().openapi({ example: 'token:01JD4QXNWZ8Y3Q4R5S6T7V8W9X' }),
    actorName: z.string().nullable().openapi({
      description: 'Name of the token that did it, while there is such a token.',
    }),
    action: z.string().openapi({ example: 'person.delete' }),
    subject: z.string().nullable(),
  })
  .openapi('AuditEntry', { description: 'Holds ids, never the names of people.' })

/** What a walk of the audit's chain came to. */
export const verdictSchema = z
  .object({
    intact: z.boolean(),
    entries: z.int().openapi({ description: 'Rows found whole, from the first on.' }),
    head: z.string().nullable().openapi({
      description:
        'NUMBER:HASH of the last row; kept elsewhere, `genkan audit verify --head` proves by it that nothing was cut off.',
    }),
    fault: z.string().nullable().openapi({ description: 'What is wrong, where it is not intact.' }),
  })
  .openapi('AuditVerdict')

const list = adminRoute('admin', {
  method: 'get',
  path: '/api/audit',
  summary: 'Who did what, newest first',
  tags,
  request: { query: pageQuery },
  responses: {
    200: {
      description: 'A page of the audit.',
      content: {
        'application/json': {
          schema: z
            .object({ items: z.array(entrySchema), nextCursor: z.string().nullable() })
            .openapi('AuditPage'),
        },
      },
    },
    ...problemResponses(),
  },
})

const verify = adminRoute('admin', {
  method: 'get',
  path: '/api/audit/verify',
  summary: 'Walk the chain of the audit',
  tags,
  responses: {
    200: {
      description: 'Whether each row still holds the hash of the one before.',
      content: { 'application/json': { schema: verdictSchema } },
    },
    ...problemResponses(),
  },
})

const exportCsv = adminRoute('admin', {
  method: 'get',
  path: '/api/audit/export.csv',
  summary: 'The whole audit as a table',
  tags,
  responses: {
    200: {
      description: 'One line an entry, newest first.',
      content: { 'text/csv': { schema: { type: 'string' } } },
    },
    ...problemResponses(),
  },
})

const exportNdjson = adminRoute('admin', {
  method: 'get',
  path: '/api/audit/export.ndjson',
  summary: 'The whole audit, one JSON document a line',
  tags,
  responses: {
    200: {
      description: 'Newest first.',
      content: { 'application/x-ndjson': { schema: { type: 'string' } } },
    },
    ...problemResponses(),
  },
})

type Entry = z.infer<typeof entrySchema>

function present(entry: NamedAuditEntry): Entry {
  const { sequence, atMs, actor, actorName, action, subjectId } = entry
  const at = new Date(atMs).toISOString()
  return { id: sequence, at, actor, actorName, action, subject: subjectId }
}

const FORMATS = {
  csv: csvOf<Entry>([
    ['id', ({ id }) => id],
    ['at', ({ at }) => at],
    ['actor', ({ actor }) => actor],
    ['actorName', ({ actorName }) => actorName],
    ['action', ({ action }) => action],
    ['subject', ({ subject }) => subject],
  ]),
  ndjson: ndjsonOf<Entry>(),
} as const

/** What was done, by whom, and whether the record of it is whole. */
export function addAuditRoutes(app: AdminApp, ports: AdminPorts): void {
  app.openapi(list, async (c) => {
    const { cursor, limit } = c.req.valid('query')
    const page = await ports.audit.list({ cursor, limit })
    return c.json({ items: page.items.map(present), nextCursor: page.nextCursor }, 200)
  })

  app.openapi(verify, async (c) => {
    const verdict = await ports.audit.verify()
    if (verdict.intact) {
      const { sequence, hash } = verdict.head
      const head = `${sequence}:${hash}`
      return c.json({ intact: true, entries: sequence, head, fault: null }, 200)
    }
    const { sequence, what } = verdict
    return c.json({ intact: false, entries: sequence - 1, head: null, fault: what }, 200)
  })

  for (const [format, route] of [
    ['csv', exportCsv],
    ['ndjson', exportNdjson],
  ] as const) {
    app.openapi(route, (c) => {
      const rows = exportPages(async (query) => {
        const page = await ports.audit.list(query)
        return { items: page.items.map(present), nextCursor: page.nextCursor }
      }, FORMATS[format])
      return c.body(rows, 200, {
        'Content-Type': FORMATS[format].type,
        'Content-Disposition': `attachment; filename="genkan-audit.${format}"`,
      })
    })
  }
}
