import { z } from '@hono/zod-openapi'

import { adminRoute } from '../access.js'
import { actorOf } from '../auth.js'
import { EXPORT_FORMATS, exportDecisions } from '../decision-export.js'
import type { AdminApp } from '../environment.js'
import type { AdminPorts } from '../ports.js'
import type { DecisionFilter } from '../ports/decisions.js'
import { AdminProblem, problemResponses } from '../problems.js'
import { decisionFilterQuery, decisionPageSchema, pageQuery } from '../schemas.js'

const tags = ['Decisions']

const list = adminRoute('viewer', {
  method: 'get',
  path: '/api/decisions',
  summary: 'List the decisions, newest first',
  tags,
  request: { query: pageQuery.extend(decisionFilterQuery.shape) },
  responses: {
    200: {
      description: 'A page of decisions.',
      content: { 'application/json': { schema: decisionPageSchema } },
    },
    ...problemResponses(),
  },
})

const exportCsv = adminRoute('viewer', {
  method: 'get',
  path: '/api/decisions/export.csv',
  summary: 'All decisions as a table',
  tags,
  request: { query: decisionFilterQuery },
  responses: {
    200: {
      description: 'One line a decision, newest first.',
      content: { 'text/csv': { schema: { type: 'string' } } },
    },
    ...problemResponses(),
  },
})

const exportNdjson = adminRoute('viewer', {
  method: 'get',
  path: '/api/decisions/export.ndjson',
  summary: 'All decisions, one JSON document a line',
  tags,
  request: { query: decisionFilterQuery },
  responses: {
    200: {
      description: 'Newest first.',
      content: { 'application/x-ndjson': { schema: { type: 'string' } } },
    },
    ...problemResponses(),
  },
})

const decisionIdParam = z.object({
  id: z
    .ulid()
    .toUpperCase()
    .openapi({ param: { name: 'id', in: 'path' }, example: '01JD4QXNWZ8Y3Q4R5S6T7V8W9X' }),
})

const mistakeSchema = z
  .strictObject({
    was: z.ulid().toUpperCase().optional().openapi({
      description: 'Who it really was, where that is somebody enrolled.',
    }),
  })
  .openapi('Mistake')

const lessonSchema = z
  .object({
    example: z.boolean().openapi({ description: 'The very face is held against the person.' }),
    pair: z.boolean().openapi({ description: 'The two people need more of a lead from now on.' }),
  })
  .openapi('Lesson')

const notThisPerson = adminRoute('enroller', {
  method: 'post',
  path: '/api/decisions/{id}/not-this-person',
  summary: 'Say that a grant named the wrong person',
  description:
    'The face behind a grant is held in memory for half an hour. It is kept as a negative example only by this request, and goes with the person it was taken for.',
  tags,
  request: {
    params: decisionIdParam,
    body: { content: { 'application/json': { schema: mistakeSchema } } },
  },
  responses: {
    200: {
      description: 'What was learnt.',
      content: { 'application/json': { schema: lessonSchema } },
    },
    ...problemResponses(
      'decision-not-found',
      'person-not-found',
      'not-a-grant',
      'nothing-to-learn',
      'body-too-large',
      'unsupported-media-type',
    ),
  },
})

function toFilter(query: z.infer<typeof decisionFilterQuery>): DecisionFilter {
  const { from, to, ...rest } = query
  return {
    ...rest,
    ...(from === undefined ? {} : { fromMs: Date.parse(from) }),
    ...(to === undefined ? {} : { toMs: Date.parse(to) }),
  }
}

/** What the door decided. */
export function addDecisionRoutes(app: AdminApp, ports: AdminPorts): void {
  app.openapi(list, async (c) => {
    const { cursor, limit, ...filter } = c.req.valid('query')
    const page = await ports.decisions.list({ cursor, limit, ...toFilter(filter) })
    return c.json({ items: [...page.items], nextCursor: page.nextCursor }, 200)
  })

  for (const [format, route] of [
    ['csv', exportCsv],
    ['ndjson', exportNdjson],
  ] as const) {
    app.openapi(route, (c) => {
      const rows = exportDecisions(ports.decisions, toFilter(c.req.valid('query')), format)
      return c.body(rows, 200, {
        'Content-Type': EXPORT_FORMATS[format].type,
        'Content-Disposition': `attachment; filename="genkan-decisions.${format}"`,
      })
    })
  }

  app.openapi(notThisPerson, async (c) => {
    const { id } = c.req.valid('param')
    const result = await ports.decisions.notThisPerson(id, c.req.valid('json').was, actorOf(c))
    switch (result.outcome) {
      case 'no-such-decision':
        throw new AdminProblem('decision-not-found')
      case 'not-granted':
        throw new AdminProblem('not-a-grant')
      case 'person-gone':
      case 'no-such-person':
        throw new AdminProblem('person-not-found')
      case 'nothing-to-learn':
        throw new AdminProblem('nothing-to-learn')
      case 'noted':
        return c.json({ example: result.example, pair: result.pair }, 200)
    }
  })
}
