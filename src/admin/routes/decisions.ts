import { adminRoute } from '../access.js'
import type { AdminApp } from '../environment.js'
import type { AdminPorts } from '../ports.js'
import { problemResponses } from '../problems.js'
import { decisionPageSchema, pageQuery } from '../schemas.js'

const list = adminRoute('viewer', {
  method: 'get',
  path: '/api/decisions',
  summary: 'List the decisions, newest first',
  tags: ['Decisions'],
  request: { query: pageQuery },
  responses: {
    200: {
      description: 'A page of decisions.',
      content: { 'application/json': { schema: decisionPageSchema } },
    },
    ...problemResponses(),
  },
})

/** What the door decided. */
export function addDecisionRoutes(app: AdminApp, ports: AdminPorts): void {
  app.openapi(list, async (c) => {
    const { cursor, limit } = c.req.valid('query')
    const page = await ports.decisions.list({ cursor, limit })
    return c.json({ items: [...page.items], nextCursor: page.nextCursor }, 200)
  })
}
