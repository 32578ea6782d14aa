import { adminRoute } from '../access.js'
import { enrolPerson } from '../enrolment.js'
import type { AdminApp } from '../environment.js'
import { readNewPerson } from '../picture-upload.js'
import type { AdminPorts } from '../ports.js'
import { AdminProblem, problemResponses } from '../problems.js'
import {
  newPersonSchema,
  pageQuery,
  personIdParam,
  personPageSchema,
  personSchema,
  presentPerson,
} from '../schemas.js'

const tags = ['Persons']

const list = adminRoute('viewer', {
  method: 'get',
  path: '/api/persons',
  summary: 'List the persons, oldest first',
  tags,
  request: { query: pageQuery },
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
      headers: { Location: { description: 'Address of the person.', schema: { type: 'string' } } },
      content: { 'application/json': { schema: personSchema } },
    },
    ...problemResponses(
      'body-too-large',
      'unsupported-media-type',
      'no-face',
      'same-as-person',
      'not-ready',
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
      content: { 'application/json': { schema: personSchema } },
    },
    ...problemResponses('person-not-found'),
  },
})

const remove = adminRoute('admin', {
  method: 'delete',
  path: '/api/persons/{id}',
  summary: 'Delete a person with every face held',
  tags,
  request: { params: personIdParam },
  responses: {
    204: { description: 'The person is gone.' },
    ...problemResponses('person-not-found'),
  },
})

/** Create, list, look up and delete persons. */
export function addPersonRoutes(app: AdminApp, ports: AdminPorts): void {
  app.openAPIRegistry.register('NewPerson', newPersonSchema)

  app.openapi(list, async (c) => {
    const { cursor, limit } = c.req.valid('query')
    const page = await ports.persons.list({ cursor, limit })
    return c.json({ items: page.items.map(presentPerson), nextCursor: page.nextCursor }, 200)
  })

  app.openapi(create, async (c) => {
    const person = await enrolPerson(ports, await readNewPerson(c))
    c.header('Location', `/api/persons/${person.id}`)
    return c.json(presentPerson(person), 201)
  })

  app.openapi(get, async (c) => {
    const person = await ports.persons.get(c.req.valid('param').id)
    if (person === undefined) throw new AdminProblem('person-not-found')
    return c.json(presentPerson(person), 200)
  })

  app.openapi(remove, async (c) => {
    if (await ports.persons.remove(c.req.valid('param').id)) return c.body(null, 204)
    throw new AdminProblem('person-not-found')
  })
}
