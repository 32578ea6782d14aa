import { z } from '@hono/zod-openapi'

import { adminRoute } from '../access.js'
import type { AdminApp } from '../environment.js'
import type { EventHub } from '../event-hub.js'
import type { AdminPorts } from '../ports.js'
import { AdminProblem, problemResponses } from '../problems.js'

const tags = ['Live']

const snapshot = adminRoute('kiosk', {
  method: 'get',
  path: '/api/live/snapshot.jpg',
  summary: 'The newest picture of the camera',
  tags,
  responses: {
    200: {
      description: 'The picture.',
      headers: {
        'X-Frame-Sequence': {
          description: 'Pairs the picture with the boxes of a `faces` event.',
          schema: { type: 'integer' },
        },
        'X-Captured-At': { description: 'Wall clock, UTC.', schema: { type: 'string' } },
      },
      content: { 'image/jpeg': { schema: { type: 'string', format: 'binary' } } },
    },
    ...problemResponses('no-picture'),
  },
})

const events = adminRoute('kiosk', {
  method: 'get',
  path: '/api/live/events',
  summary: 'Follow the door as it happens (server-sent events)',
  description: [
    'Events, each with one JSON document as data:',
    '`decision` (as in the list of decisions);',
    '`faces` (`sequence`, `frame` {width, height}, `faces` with box, standing, name, reason);',
    '`prompt` (`code` and `text`, or null);',
    '`challenge` (`nonce`, `steps` so far, `at`, `remainingMs`; or null);',
    '`cues` (liveness cue by name: `verdict`, and `score` or null);',
    '`health` (as at /api/health; first, on change, and as a sign of life).',
    'The display (role kiosk) is told names as its settings say.',
    'A viewer that reads too slowly is disconnected.',
  ].join(' '),
  tags,
  responses: {
    200: {
      description: 'The stream; it ends only with the daemon.',
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    },
    ...problemResponses('too-many-viewers'),
  },
})

const sampleSchema = z.object({
  at: z.iso.datetime(),
  cues: z.record(
    z.string(),
    z.object({
      verdict: z.enum(['live', 'attack', 'not-enough-evidence']),
      score: z.number().nullable().openapi({
        description: '0 attack to 1 live; null where the cue could not look.',
      }),
    }),
  ),
})

/** What the liveness cues said lately. */
export const scoresSchema = z.object({ items: z.array(sampleSchema) }).openapi('LivenessScores')

/** Five minutes of them, which is all that is held. */
const MOST_SAMPLES = 1500

const scores = adminRoute('viewer', {
  method: 'get',
  path: '/api/liveness/scores',
  summary: 'What each liveness cue said in the last minutes, at most five times a second',
  description: 'Held in memory only; names nobody.',
  tags,
  request: {
    query: z.object({
      limit: z.coerce.number().int().min(1).max(MOST_SAMPLES).default(300).openapi({
        description: 'The newest so many; 300 are a minute.',
      }),
    }),
  },
  responses: {
    200: {
      description: 'Oldest first.',
      content: { 'application/json': { schema: scoresSchema } },
    },
    ...problemResponses(),
  },
})

/** The picture and the events of the door as it is now. */
export function addLiveRoutes(app: AdminApp, ports: AdminPorts, hub: EventHub): void {
  app.openapi(snapshot, async (c) => {
    const picture = await ports.live.latestJpeg()
    if (picture === undefined) throw new AdminProblem('no-picture')
    return c.body(new Uint8Array(picture.jpeg), 200, {
      'Content-Type': 'image/jpeg',
      'X-Frame-Sequence': String(picture.sequence),
      'X-Captured-At': new Date(picture.capturedAtMs).toISOString(),
    })
  })

  app.openapi(scores, (c) => {
    const items = ports.live
      .recentCues()
      .slice(-c.req.valid('query').limit)
      .map(({ atMs, cues }) => ({ at: new Date(atMs).toISOString(), cues: { ...cues } }))
    return c.json({ items }, 200)
  })

  app.openapi(events, (c) => {
    const { outgoing, stopping } = c.env
    const stream = hub.connect({
      isDisplay: c.get('principal').role === 'kiosk',
      signal: stopping,
      disconnect: outgoing && (() => outgoing.destroy()),
    })
    if (stream === undefined) {
      c.header('Retry-After', '10')
      throw new AdminProblem('too-many-viewers')
    }
    return c.body(stream, 200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' })
  })
}
