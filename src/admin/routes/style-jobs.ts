import { adminRoute } from '../access.js'
import { actorOf } from '../auth.js'
import type { AdminApp } from '../environment.js'
import { idempotencyHeader } from '../idempotency.js'
import type { AdminPorts } from '../ports.js'
import { AdminProblem, problemResponses } from '../problems.js'
import { createStyleEventStreams } from '../style-events.js'
import {
  presentStyleJob,
  styleJobPageSchema,
  styleJobParam,
  styleJobSchema,
  styleOrderSchema,
  stylePageQuery,
} from '../style-schemas.js'
import { readStyleOrder, refusePicture, styleOrderBody } from '../style-upload.js'

const tags = ['Style']

const job = {
  description: 'The job.',
  content: { 'application/json': { schema: styleJobSchema } },
}
const jpeg = {
  description: 'The picture.',
  content: { 'image/jpeg': { schema: { type: 'string' as const, format: 'binary' } } },
}

const create = adminRoute('enroller', {
  method: 'post',
  path: '/api/style/jobs',
  summary: 'Paint one picture in the style of another',
  description:
    'Jobs wait in a queue and are painted one at a time, whenever the door has nothing to judge.',
  tags,
  request: { headers: idempotencyHeader, body: styleOrderBody },
  responses: {
    201: job,
    ...problemResponses(
      'request-under-way',
      'idempotency-key-reused',
      'consent-needed',
      'style-queue-full',
      'style-gallery-full',
      'library-picture-not-found',
      'person-not-found',
      'body-too-large',
      'too-large',
      'unsupported-media-type',
      'not-an-image',
      'broken-image',
      'no-picture',
    ),
  },
})

const list = adminRoute('enroller', {
  method: 'get',
  path: '/api/style/jobs',
  summary: 'List the style jobs, newest first',
  tags,
  request: { query: stylePageQuery },
  responses: {
    200: {
      description: 'One part of the list.',
      content: { 'application/json': { schema: styleJobPageSchema } },
    },
    ...problemResponses(),
  },
})

const get = adminRoute('enroller', {
  method: 'get',
  path: '/api/style/jobs/{id}',
  summary: 'Look up a style job',
  tags,
  request: { params: styleJobParam },
  responses: { 200: job, ...problemResponses('style-job-not-found') },
})

const events = adminRoute('enroller', {
  method: 'get',
  path: '/api/style/jobs/{id}/events',
  summary: 'Follow a style job (server-sent events)',
  description: [
    'Events: `job` (the job as at its address; first, and at each change);',
    '`preview` (there is a new one at preview.jpg); `gone` (it was deleted).',
    'The stream ends with the job.',
  ].join(' '),
  tags,
  request: { params: styleJobParam },
  responses: {
    200: {
      description: 'The stream.',
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    },
    ...problemResponses('style-job-not-found', 'too-many-viewers'),
  },
})

const preview = adminRoute('enroller', {
  method: 'get',
  path: '/api/style/jobs/{id}/preview.jpg',
  summary: 'The picture of a running job as it stands',
  tags,
  request: { params: styleJobParam },
  responses: { 200: jpeg, ...problemResponses('style-job-not-found', 'no-style-picture') },
})

const thumbnail = adminRoute('enroller', {
  method: 'get',
  path: '/api/style/jobs/{id}/thumbnail.jpg',
  summary: 'The result of a job, small',
  tags,
  request: { params: styleJobParam },
  responses: { 200: jpeg, ...problemResponses('style-job-not-found', 'no-style-picture') },
})

const result = adminRoute('enroller', {
  method: 'get',
  path: '/api/style/jobs/{id}/result.png',
  summary: 'The result of a job',
  tags,
  request: { params: styleJobParam },
  responses: {
    200: {
      description: 'The picture, decrypted for this request.',
      content: { 'image/png': { schema: { type: 'string', format: 'binary' } } },
    },
    ...problemResponses('style-job-not-found', 'no-style-picture'),
  },
})

const cancel = adminRoute('enroller', {
  method: 'post',
  path: '/api/style/jobs/{id}/cancel',
  summary: 'End a job that waits or runs; its pictures go',
  tags,
  request: { params: styleJobParam },
  responses: { 200: job, ...problemResponses('style-job-not-found', 'style-job-ended') },
})

const remove = adminRoute('enroller', {
  method: 'delete',
  path: '/api/style/jobs/{id}',
  summary: 'Delete a job with every picture of it',
  tags,
  request: { params: styleJobParam },
  responses: {
    204: { description: 'The job is gone.' },
    ...problemResponses('style-job-not-found'),
  },
})

/** Order, follow, cancel and delete style jobs, and look at what they made. */
export function addStyleJobRoutes(
  app: AdminApp,
  { style }: AdminPorts,
  { heartbeatMs }: { readonly heartbeatMs: number },
): void {
  app.openAPIRegistry.register('StyleOrder', styleOrderSchema)
  const streams = createStyleEventStreams(style, heartbeatMs)

  async function jobOf(id: string) {
    const found = await style.get(id)
    if (found === undefined) throw new AdminProblem('style-job-not-found')
    return found
  }

  async function pictureOf(id: string, picture: Uint8Array | undefined) {
    if (picture !== undefined) return new Uint8Array(picture)
    await jobOf(id)
    throw new AdminProblem('no-style-picture')
  }

  app.openapi(create, async (c) => {
    const submitted = await style.submit(await readStyleOrder(c), actorOf(c))
    switch (submitted.outcome) {
      case 'queued':
        c.header('Location', `/api/style/jobs/${submitted.job.id}`)
        return c.json(presentStyleJob(submitted.job), 201)
      case 'queue-full':
        throw new AdminProblem('style-queue-full')
      case 'gallery-full':
        throw new AdminProblem('style-gallery-full')
      case 'no-such-person':
        throw new AdminProblem('person-not-found')
      case 'rejected':
      case 'no-such-picture':
      case 'no-frame':
        return refusePicture(submitted)
    }
  })

  app.openapi(list, async (c) => {
    const { cursor, limit } = c.req.valid('query')
    const page = await style.list({ cursor, limit })
    return c.json({ items: page.items.map(presentStyleJob), nextCursor: page.nextCursor }, 200)
  })

  app.openapi(get, async (c) => c.json(presentStyleJob(await jobOf(c.req.valid('param').id)), 200))

  app.openapi(events, async (c) => {
    const stream = streams.connect(await jobOf(c.req.valid('param').id), c.env.stopping)
    if (stream === undefined) {
      c.header('Retry-After', '10')
      throw new AdminProblem('too-many-viewers')
    }
    return c.body(stream, 200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' })
  })

  app.openapi(preview, async (c) => {
    const { id } = c.req.valid('param')
    const picture = await pictureOf(id, await style.preview(id))
    return c.body(picture, 200, { 'Content-Type': 'image/jpeg' })
  })

  app.openapi(thumbnail, async (c) => {
    const { id } = c.req.valid('param')
    const picture = await pictureOf(id, await style.picture(id, 'thumbnail'))
    return c.body(picture, 200, { 'Content-Type': 'image/jpeg' })
  })

  app.openapi(result, async (c) => {
    const { id } = c.req.valid('param')
    const picture = await pictureOf(id, await style.picture(id, 'result'))
    return c.body(picture, 200, { 'Content-Type': 'image/png' })
  })

  app.openapi(cancel, async (c) => {
    const { id } = c.req.valid('param')
    await jobOf(id)
    if (!(await style.cancel(id, actorOf(c)))) throw new AdminProblem('style-job-ended')
    return c.json(presentStyleJob(await jobOf(id)), 200)
  })

  app.openapi(remove, async (c) => {
    if (await style.remove(c.req.valid('param').id, actorOf(c))) return c.body(null, 204)
    throw new AdminProblem('style-job-not-found')
  })
}
