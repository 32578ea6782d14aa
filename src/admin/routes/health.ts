import { z } from '@hono/zod-openapi'

import { adminRoute } from '../access.js'
import type { AdminApp } from '../environment.js'
import type { AdminPorts } from '../ports.js'
import type { Health } from '../ports/health.js'
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

const PARTS = ['camera', 'line', 'calibration', 'broker'] as const

const readySchema = z
  .object({
    ready: z.boolean(),
    lacks: z.array(z.enum(PARTS)).openapi({ description: 'Parts that are not ready.' }),
  })
  .openapi('Readiness')

const ready = adminRoute('open', {
  method: 'get',
  path: '/ready',
  summary: 'Whether every part works, the line to the broker included; without a token',
  tags,
  responses: {
    200: {
      description: 'Every part is ready.',
      content: { 'application/json': { schema: readySchema } },
    },
    503: {
      description: 'Some part is not.',
      content: { 'application/json': { schema: readySchema } },
    },
  },
})

const metrics = adminRoute('viewer', {
  method: 'get',
  path: '/metrics',
  summary: 'Counters and gauges in the text format of Prometheus',
  description:
    'Names no person, but tells when the door is used: so it needs a token, which Prometheus sends as `authorization.credentials_file`.',
  tags,
  responses: {
    200: {
      description: 'The metrics.',
      content: { 'text/plain': { schema: z.string() } },
    },
    ...problemResponses(),
  },
})

/** Parts that do not work now. */
function lacksOf({ camera, broker, line, threshold }: Health): (typeof PARTS)[number][] {
  const fine = {
    camera: camera.state.name === 'ready',
    line: line === undefined || line.name === 'ready',
    calibration: threshold !== null,
    broker: broker.state.name === 'ready',
  }
  return PARTS.filter((part) => !fine[part])
}

/** The open checks of health and readiness; they need no token. */
export function addStatusRoutes(app: AdminApp, ports: AdminPorts): void {
  app.openapi(ready, (c) => {
    const lacks = lacksOf(ports.health())
    c.header('Cache-Control', 'no-store')
    return lacks.length === 0
      ? c.json({ ready: true, lacks }, 200)
      : c.json({ ready: false, lacks }, 503)
  })

  app.openapi(status, (c) => {
    const { status: now } = ports.health()
    c.header('Cache-Control', 'no-store')
    return now === 'down' ? c.json({ status: now }, 503) : c.json({ status: now }, 200)
  })
}

/** The detailed health document, and the metrics. */
export function addHealthRoutes(app: AdminApp, ports: AdminPorts): void {
  app.openapi(metrics, async (c) => {
    const { type, text } = await ports.metrics()
    return c.text(text, 200, { 'Content-Type': type })
  })

  app.openapi(details, (c) => c.json(presentHealth(ports.health()), 200))
}
