import { z } from '@hono/zod-openapi'

import { WEEKDAYS, weeklyScheduleSchema } from '../../decision/schedule.js'
import type { WeeklySchedule } from '../../decision/schedule.js'
import { groupIdSchema } from '../../store/groups.js'
import type { AccessGroup, GroupSchedule } from '../../store/groups.js'
import { adminRoute } from '../access.js'
import { actorOf } from '../auth.js'
import { etagHeader, etagOf, ifMatchHeader, versionOf } from '../conditional.js'
import type { AdminApp } from '../environment.js'
import { idempotencyHeader } from '../idempotency.js'
import type { AdminPorts } from '../ports.js'
import { AdminProblem, problemResponses } from '../problems.js'

const tags = ['Groups and schedules']

const groupSchema = z
  .object({
    id: groupIdSchema,
    name: z.string(),
    persons: z.int().nonnegative().openapi({ description: 'How many are in it.' }),
  })
  .openapi('Group')

const newGroupSchema = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    id: groupIdSchema
      .optional()
      .clone()
      .openapi({ description: 'Made from the name when left out.' }),
  })
  .openapi('NewGroup')

const scheduleSchema = weeklyScheduleSchema.clone().openapi('Schedule', {
  description:
    'When the group may enter, by the clock of a time zone. A holiday has only its own windows.',
})

/** A schedule as the API answers it. */
export const heldScheduleSchema = weeklyScheduleSchema
  .extend({
    isSet: z.boolean().openapi({
      description: 'False while nobody has said: then the group may enter at all times.',
    }),
    etag: z.string().openapi({ description: 'For If-Match.' }),
  })
  .openapi('HeldSchedule')

const groupParam = (name: string) =>
  z.object({
    [name]: groupIdSchema.clone().openapi({ param: { name, in: 'path' }, example: 'cleaners' }),
  })
const idParam = groupParam('id') as z.ZodObject<{ id: typeof groupIdSchema }>
const scheduleParam = groupParam('group') as z.ZodObject<{ group: typeof groupIdSchema }>

const list = adminRoute('viewer', {
  method: 'get',
  path: '/api/groups',
  summary: 'List the access groups',
  tags,
  responses: {
    200: {
      description: 'Every group, by id.',
      content: { 'application/json': { schema: z.object({ items: z.array(groupSchema) }) } },
    },
    ...problemResponses(),
  },
})

const create = adminRoute('admin', {
  method: 'post',
  path: '/api/groups',
  summary: 'Add an access group',
  tags,
  request: {
    headers: idempotencyHeader,
    body: { required: true, content: { 'application/json': { schema: newGroupSchema } } },
  },
  responses: {
    201: {
      description: 'The group, which may enter at all times until it has a schedule.',
      headers: { Location: { description: 'Its address.', schema: { type: 'string' } } },
      content: { 'application/json': { schema: groupSchema } },
    },
    ...problemResponses(
      'group-exists',
      'unsupported-media-type',
      'body-too-large',
      'request-under-way',
      'idempotency-key-reused',
    ),
  },
})

const remove = adminRoute('admin', {
  method: 'delete',
  path: '/api/groups/{id}',
  summary: 'Delete an access group that nobody is in',
  tags,
  request: { params: idParam },
  responses: {
    204: { description: 'The group is gone, with its schedule.' },
    ...problemResponses('group-not-found', 'group-in-use'),
  },
})

const schedule = adminRoute('viewer', {
  method: 'get',
  path: '/api/schedules/{group}',
  summary: 'When a group may enter',
  tags,
  request: { params: scheduleParam },
  responses: {
    200: {
      description: 'The hours of the week, and the holidays.',
      headers: etagHeader,
      content: { 'application/json': { schema: heldScheduleSchema } },
    },
    ...problemResponses('group-not-found'),
  },
})

const setSchedule = adminRoute('admin', {
  method: 'put',
  path: '/api/schedules/{group}',
  summary: 'Set when a group may enter',
  tags,
  request: {
    params: scheduleParam,
    headers: ifMatchHeader,
    body: { required: true, content: { 'application/json': { schema: scheduleSchema } } },
  },
  responses: {
    200: {
      description: 'The schedule as set; it holds from the next decision on.',
      headers: etagHeader,
      content: { 'application/json': { schema: heldScheduleSchema } },
    },
    ...problemResponses(
      'group-not-found',
      'changed-meanwhile',
      'unsupported-media-type',
      'body-too-large',
    ),
  },
})

/** From midnight to midnight, every day, by this machine's clock. */
const always = (): WeeklySchedule => ({
  timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  weekly: [{ days: [...WEEKDAYS], from: '00:00', to: '00:00' }],
  holidays: [],
})

function present({ schedule: held, version }: GroupSchedule): z.infer<typeof heldScheduleSchema> {
  return { ...(held ?? always()), isSet: held !== null, etag: etagOf(version) }
}

/** `Night shift` → `night-shift`; a name without a Latin letter gets a number. */
function idFor(name: string, groups: readonly AccessGroup[]): string {
  const made = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 28)
  const taken = new Set(groups.map(({ id }) => id))
  if (made !== '' && !taken.has(made)) return made
  for (let number = 1; ; number++) {
    const id = `${made === '' ? 'group' : made}-${number}`
    if (!taken.has(id)) return id
  }
}

/** Access groups, and the hours of the week at which they may enter. */
export function addGroupRoutes(app: AdminApp, ports: AdminPorts): void {
  const { groups } = ports

  app.openapi(list, (c) => c.json({ items: groups.list() }, 200))

  app.openapi(create, (c) => {
    const { name, id } = c.req.valid('json')
    const held = groups.list()
    const sameName = held.some((group) => group.name.toLowerCase() === name.toLowerCase())
    if (sameName) throw new AdminProblem('group-exists')
    const group = groups.create({ id: id ?? idFor(name, held), name }, actorOf(c))
    if (group === undefined) throw new AdminProblem('group-exists')
    c.header('Location', `/api/groups/${group.id}`)
    return c.json(group, 201)
  })

  app.openapi(remove, (c) => {
    switch (groups.remove(c.req.valid('param').id, actorOf(c))) {
      case 'no-such-group':
        throw new AdminProblem('group-not-found')
      case 'in-use':
        throw new AdminProblem('group-in-use')
      case 'removed':
        return c.body(null, 204)
    }
  })

  app.openapi(schedule, (c) => {
    const held = groups.schedule(c.req.valid('param').group)
    if (held === undefined) throw new AdminProblem('group-not-found')
    c.header('ETag', etagOf(held.version))
    return c.json(present(held), 200)
  })

  app.openapi(setSchedule, (c) => {
    const { group } = c.req.valid('param')
    const version = versionOf(c.req.valid('header')['if-match'])
    const result = groups.setSchedule(group, c.req.valid('json'), actorOf(c), version)
    if (result === 'no-such-group') throw new AdminProblem('group-not-found')
    if (result === 'stale') throw new AdminProblem('changed-meanwhile')
    c.header('ETag', etagOf(result.version))
    return c.json(present(result), 200)
  })
}
