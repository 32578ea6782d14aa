import { adminRoute } from '../access.js'
import type { AdminApp } from '../environment.js'
import type { AdminPorts } from '../ports.js'
import { problemResponses } from '../problems.js'
import { healthSchema, liveStatusSchema, presentHealth } from '../schemas.js'

const tags = ['Health']

const status = adminRoute('open', {
  method: 'get',
  path: '/health',
  summary: 'Whether the door can open, without a token and without details',
  tags,
  responses: {
    200: {
      description: 'ok or degraded.',
      content: { 'application/json': { schema: liveStatusSchema } },
    },
    503: { description: 'down.', content: { 'application/json': { schema: liveStatusSchema } } },
  },
})

const details = adminRoute('viewer', {
  method: 'get',
  path: '/api/health',
  summary: 'State of every part, with cause and cure',
  tags,
  responses: {
    200: {
      description: 'The state, whatever it is.',
      content: { 'application/json': { schema: healthSchema } },
    },
    ...problemResponses(),
  },
})

/** The open health check; needs no token. */
export function addStatusRoute(app: AdminApp, ports: AdminPorts): void {
  app.openapi(status, (c) => {
    const { status: now } = ports.health()
    c.header('Cache-Control', 'no-store')
    return now === 'down' ? c.json({ status: now }, 503) : c.json({ status: now }, 200)
  })
}

/** The detailed health document. */
export function addHealthRoute(app: AdminApp, ports: AdminPorts): void {
  app.openapi(details, (c) => c.json(presentHealth(ports.health()), 200))
}
