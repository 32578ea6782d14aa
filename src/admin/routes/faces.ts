import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'

import { adminRoute } from '../access.js'
import { actorOf } from '../auth.js'
import { enrolledFace } from '../enrolment.js'
import type { AdminApp, AdminEnvironment } from '../environment.js'
import { idempotencyHeader } from '../idempotency.js'
import {
  faceListSchema,
  faceParams,
  faceResultsSchema,
  faceSchema,
  presentFace,
} from '../person-schemas.js'
import { checkPicture, picturesBody, readPictures } from '../picture-upload.js'
import type { AdminPorts } from '../ports.js'
import { AdminProblem, PROBLEMS, problemResponses } from '../problems.js'
import { personIdParam } from '../schemas.js'

const tags = ['Faces']

/** An admin's word that a face may belong to two people, or be that of a photograph. */
export const forceQuery = z.object({
  force: z.enum(['true', 'false']).optional().openapi({
    description:
      'true, from an admin: also a face that somebody else already has, or that looks like a photograph. Audited.',
  }),
})

/** @throws AdminProblem when another role than admin asks for it */
export function mayForce(
  c: Context<AdminEnvironment>,
  force: 'true' | 'false' | undefined,
): boolean {
  if (force !== 'true') return false
  const { role } = c.get('principal')
  if (role === 'admin') return true
  throw new AdminProblem('forbidden', { cause: 'Only an admin may force an enrolment.' })
}

const enrolled = {
  description: 'The face as enrolled.',
  content: { 'application/json': { schema: faceSchema } },
}

const upload = adminRoute('enroller', {
  method: 'post',
  path: '/api/persons/{id}/faces',
  summary: 'Add faces from one picture or several',
  description:
    'One picture is taken or refused as a whole. Of several, each has its own outcome in a 207 answer.',
  tags,
  request: {
    params: personIdParam,
    query: forceQuery,
    headers: idempotencyHeader,
    body: picturesBody,
  },
  responses: {
    201: enrolled,
    207: {
      description: 'The outcome of each of several pictures.',
      content: { 'application/json': { schema: faceResultsSchema } },
    },
    ...problemResponses(
      'request-under-way',
      'idempotency-key-reused',
      'person-not-found',
      'same-as-person',
      'body-too-large',
      'too-large',
      'unsupported-media-type',
      'not-an-image',
      'broken-image',
      'no-face',
      'two-faces',
      'too-small',
      'blurred',
      'too-dark',
      'too-bright',
      'turned',
      'looks-like-a-photo',
      'not-ready',
    ),
  },
})

const fromCamera = adminRoute('enroller', {
  method: 'post',
  path: '/api/persons/{id}/faces/from-camera',
  summary: 'Add the face that is before the camera now',
  tags,
  request: { params: personIdParam, query: forceQuery, headers: idempotencyHeader },
  responses: {
    201: enrolled,
    ...problemResponses(
      'request-under-way',
      'idempotency-key-reused',
      'person-not-found',
      'same-as-person',
      'too-small',
      'blurred',
      'too-dark',
      'too-bright',
      'turned',
      'too-large',
      'not-an-image',
      'no-face',
      'two-faces',
      'looks-like-a-photo',
      'not-ready',
    ),
  },
})

const list = adminRoute('viewer', {
  method: 'get',
  path: '/api/persons/{id}/faces',
  summary: 'List the faces held of a person',
  tags,
  request: { params: personIdParam },
  responses: {
    200: {
      description: 'The faces, oldest first.',
      content: { 'application/json': { schema: faceListSchema } },
    },
    ...problemResponses('person-not-found'),
  },
})

const picture = adminRoute('enroller', {
  method: 'get',
  path: '/api/persons/{id}/faces/{faceId}/picture',
  summary: 'The aligned face as it was enrolled',
  tags,
  request: { params: faceParams },
  responses: {
    200: {
      description: 'The picture, decrypted for this request.',
      content: { 'image/png': { schema: { type: 'string', format: 'binary' } } },
    },
    ...problemResponses('face-not-found'),
  },
})

const remove = adminRoute('enroller', {
  method: 'delete',
  path: '/api/persons/{id}/faces/{faceId}',
  summary: 'Delete one face with its picture',
  tags,
  request: { params: faceParams },
  responses: {
    204: { description: 'The face is gone.' },
    ...problemResponses('face-not-found'),
  },
})

/** Add faces to a person by upload or from the camera; list, show and delete them. */
export function addFaceRoutes(app: AdminApp, ports: AdminPorts): void {
  app.openapi(upload, async (c) => {
    const { id } = c.req.valid('param')
    const by = { actor: actorOf(c), force: mayForce(c, c.req.valid('query').force) }
    const add = async (bytes: Uint8Array) =>
      enrolledFace(await ports.faces.addFromPicture(id, checkPicture(bytes), by), id)
    const [first, ...rest] = await readPictures(c)
    if (rest.length === 0) return c.json(await add(first), 201)
    if ((await ports.persons.get(id)) === undefined) throw new AdminProblem('person-not-found')
    const items = []
    for (const bytes of [first, ...rest]) {
      try {
        items.push({ outcome: 'enrolled' as const, face: await add(bytes) })
      } catch (error) {
        if (!(error instanceof AdminProblem)) throw error
        const { code, details } = error
        const problem = { cause: PROBLEMS[code].cause, cure: PROBLEMS[code].cure, ...details, code }
        items.push({ outcome: 'rejected' as const, problem })
      }
    }
    return c.json({ items }, 207)
  })

  app.openapi(fromCamera, async (c) => {
    const { id } = c.req.valid('param')
    const by = { actor: actorOf(c), force: mayForce(c, c.req.valid('query').force) }
    return c.json(enrolledFace(await ports.faces.addFromCamera(id, by), id), 201)
  })

  app.openapi(list, async (c) => {
    const faces = await ports.faces.list(c.req.valid('param').id)
    if (faces === undefined) throw new AdminProblem('person-not-found')
    return c.json({ items: faces.map(presentFace) }, 200)
  })

  app.openapi(picture, async (c) => {
    const { id, faceId } = c.req.valid('param')
    const png = await ports.faces.picture(id, faceId)
    if (png === undefined) throw new AdminProblem('face-not-found')
    return c.body(new Uint8Array(png), 200, { 'Content-Type': 'image/png' })
  })

  app.openapi(remove, async (c) => {
    const { id, faceId } = c.req.valid('param')
    if (await ports.faces.remove(id, faceId, actorOf(c))) return c.body(null, 204)
    throw new AdminProblem('face-not-found')
  })
}
