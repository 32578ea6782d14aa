import { z } from '@hono/zod-openapi'

import { adminRoute } from '../access.js'
import { enrolPerson } from '../enrolment.js'
import type { AdminApp } from '../environment.js'
import { readNewPerson } from '../picture-upload.js'
import type { AdminPorts } from '../ports.js'
import { AdminProblem, problemResponses } from '../problems.js'
import { actorOf } from '../auth.js'
import { etagHeader, etagOf, ifMatchHeader, versionOf } from '../conditional.js'
import { idempotencyHeader } from '../idempotency.js'
import {
  erasureSchema,
  personChangeSchema,
  personPageSchema,
  personSchema,
  presentErasure,
  presentPerson,
  toPersonChange,
} from '../person-schemas.js'
import { newPersonSchema, pageQuery, personIdParam } from '../schemas.js'
import { forceQuery, mayForce } from './faces.js'

const tags = ['Persons']

const list = adminRoute('viewer', {
  method: 'get',
  path: '/api/persons',
  summary: 'List the persons, oldest first',
  tags,
  request: {
    query: pageQuery.extend({
      search: z.string().max(200).optional().openapi({ description: 'Part of the name.' }),
    }),
  },
  responses: {
    200: {
      description: 'A page of persons.',
      content: { 'application/json': { schema: personPageSchema } },
    },
    ...problemResponses(),
  },
})

const create = adminRoute('enroller', {
  method: 'post',
  path: '/api/persons',
  summary: 'Add a person, with the first face if one is sent',
  description:
    'With a picture, or `"face": "from-camera"`, the person is added together with the face or not at all.',
  tags,
  request: {
    query: forceQuery,
    headers: idempotencyHeader,
    body: {
      required: true,
      content: {
        'application/json': { schema: { $ref: '#/components/schemas/NewPerson' } },
        'multipart/form-data': {
          schema: {
            type: 'object',
            required: ['name'],
            properties: {
              name: { type: 'string', minLength: 1, maxLength: 200 },
              picture: { type: 'string', contentMediaType: 'image/jpeg', format: 'binary' },
            },
          },
        },
      },
    },
  },
  responses: {
    201: {
      description: 'The person as added.',
      headers: {
        Location: { description: 'Address of the person.', schema: { type: 'string' } },
        ...etagHeader,
      },
      content: { 'application/json': { schema: personSchema } },
    },
    ...problemResponses(
      'body-too-large',
      'unsupported-media-type',
      'no-face',
      'same-as-person',
      'not-ready',
      'request-under-way',
      'idempotency-key-reused',
    ),
  },
})

const get = adminRoute('viewer', {
  method: 'get',
  path: '/api/persons/{id}',
  summary: 'Look up a person',
  tags,
  request: { params: personIdParam },
  responses: {
    200: {
      description: 'The person.',
      headers: etagHeader,
      content: { 'application/json': { schema: personSchema } },
    },
    ...problemResponses('person-not-found'),
  },
})

const update = adminRoute('enroller', {
  method: 'patch',
  path: '/api/persons/{id}',
  summary: 'Rename, activate or deactivate a person, set validity, groups and retention',
  tags,
  request: {
    params: personIdParam,
    headers: ifMatchHeader,
    body: { required: true, content: { 'application/json': { schema: personChangeSchema } } },
  },
  responses: {
    200: {
      description: 'The person as changed.',
      headers: etagHeader,
      content: { 'application/json': { schema: personSchema } },
    },
    ...problemResponses(
      'person-not-found',
      'changed-meanwhile',
      'unknown-group',
      'body-too-large',
      'unsupported-media-type',
    ),
  },
})

const remove = adminRoute('admin', {
  method: 'delete',
  path: '/api/persons/{id}',
  summary: 'Erase a person with every face held, and look for what is left',
  tags,
  request: { params: personIdParam },
  responses: {
    200: {
      description: 'The person is gone; what was erased, and how that was looked into.',
      content: { 'application/json': { schema: erasureSchema } },
    },
    ...problemResponses('person-not-found'),
  },
})

/** Create, search, look up, change and erase persons. */
export function addPersonRoutes(app: AdminApp, ports: AdminPorts): void {
  app.openAPIRegistry.register('NewPerson', newPersonSchema)

  app.openapi(list, async (c) => {
    const { cursor, limit, search } = c.req.valid('query')
    const page = await ports.persons.list({ cursor, limit, search })
    return c.json({ items: page.items.map(presentPerson), nextCursor: page.nextCursor }, 200)
  })

  app.openapi(create, async (c) => {
    const by = { actor: actorOf(c), force: mayForce(c, c.req.valid('query').force) }
    const person = await enrolPerson(ports, await readNewPerson(c), by)
    c.header('Location', `/api/persons/${person.id}`)
    c.header('ETag', etagOf(person.version))
    return c.json(presentPerson(person), 201)
  })

  app.openapi(get, async (c) => {
    const person = await ports.persons.get(c.req.valid('param').id)
    if (person === undefined) throw new AdminProblem('person-not-found')
    c.header('ETag', etagOf(person.version))
    return c.json(presentPerson(person), 200)
  })

  app.openapi(update, async (c) => {
    const { id } = c.req.valid('param')
    const version = versionOf(c.req.valid('header')['if-match'])
    const change = toPersonChange(c.req.valid('json'))
    const result = await ports.persons.update(id, change, actorOf(c), version)
    switch (result.outcome) {
      case 'no-such-person':
        throw new AdminProblem('person-not-found')
      case 'stale':
        throw new AdminProblem('changed-meanwhile')
      case 'no-such-group':
        throw new AdminProblem('unknown-group', { cause: `There is no group ${result.group}.` })
      case 'updated':
        c.header('ETag', etagOf(result.person.version))
        return c.json(presentPerson(result.person), 200)
    }
  })

  app.openapi(remove, async (c) => {
    const report = await ports.persons.remove(c.req.valid('param').id, actorOf(c))
    if (report === undefined) throw new AdminProblem('person-not-found')
    return c.json(presentErasure(report), 200)
  })
}
