import { z } from '@hono/zod-openapi'

import { settingsSchema } from '../../store/settings.js'
import { adminRoute } from '../access.js'
import { actorOf } from '../auth.js'
import { contentEtag, etagHeader, ifMatchHeader, requireMatch } from '../conditional.js'
import type { AdminApp } from '../environment.js'
import type { AdminPorts } from '../ports.js'
import type { SettingsStanding } from '../ports/settings.js'
import { AdminProblem, problemResponses } from '../problems.js'

const valuesSchema = settingsSchema.clone().openapi('Settings')
const changeSchema = settingsSchema
  .partial()
  .openapi('SettingsChange', { description: 'What is left out stays as it is.' })
const nameSchema = z.enum(
  Object.keys(settingsSchema.shape) as (keyof typeof settingsSchema.shape)[],
)

const standingSchema = z
  .object({
    values: valuesSchema,
    set: z.array(z.string()).openapi({ description: 'Set here; the others are as configured.' }),
    atRestart: z.array(z.string()).openapi({
      description: 'Take effect at the next start; all others at once.',
    }),
    awaitingRestart: z.array(z.string()).openapi({
      description: 'Of those, the ones whose value is not in effect yet.',
    }),
    etag: z.string().openapi({ description: 'For If-Match.' }),
  })
  .openapi('SettingsStanding')

const standing = {
  description: 'The settings as they stand.',
  headers: etagHeader,
  content: { 'application/json': { schema: standingSchema } },
}

const read = adminRoute('admin', {
  method: 'get',
  path: '/api/settings',
  summary: 'What may be set while genkan runs',
  tags: ['Settings'],
  responses: { 200: standing, ...problemResponses() },
})

const change = adminRoute('admin', {
  method: 'patch',
  path: '/api/settings',
  summary: 'Change settings, all or nothing',
  tags: ['Settings'],
  request: {
    headers: ifMatchHeader,
    body: { required: true, content: { 'application/json': { schema: changeSchema } } },
  },
  responses: {
    200: standing,
    ...problemResponses(
      'changed-meanwhile',
      'setting-refused',
      'unsupported-media-type',
      'body-too-large',
    ),
  },
})

const reset = adminRoute('admin', {
  method: 'delete',
  path: '/api/settings/{name}',
  summary: 'Give a setting back to the configuration',
  tags: ['Settings'],
  request: {
    params: z.object({ name: nameSchema.openapi({ param: { name: 'name', in: 'path' } }) }),
    headers: ifMatchHeader,
  },
  responses: { 200: standing, ...problemResponses('changed-meanwhile') },
})

const kioskSchema = settingsSchema
  .pick({ nameOnKiosk: true, kioskLanguage: true, kioskSound: true })
  .extend({
    cooldownMs: z.int().openapi({ description: 'How long somebody waits after a denial.' }),
  })
  .openapi('KioskSettings')

const kiosk = adminRoute('kiosk', {
  method: 'get',
  path: '/api/kiosk/settings',
  summary: 'How the display at the door should be',
  tags: ['Display'],
  responses: {
    200: {
      description: 'The settings of the display.',
      content: { 'application/json': { schema: kioskSchema } },
    },
    ...problemResponses(),
  },
})

function present({ values, set, atRestart, awaitingRestart }: SettingsStanding) {
  return {
    values,
    set: [...set],
    atRestart: [...atRestart],
    awaitingRestart: [...awaitingRestart],
    etag: contentEtag([values, set]),
  }
}

/** What may be set while the daemon runs, and what of it the display at the door may know. */
export function addSettingsRoutes(app: AdminApp, ports: AdminPorts): void {
  const { settings } = ports

  app.openapi(read, (c) => {
    const now = present(settings.read())
    c.header('ETag', now.etag)
    return c.json(now, 200)
  })

  app.openapi(change, (c) => {
    requireMatch(c.req.valid('header')['if-match'], present(settings.read()).etag)
    const given = Object.entries(c.req.valid('json')).filter(([, value]) => value !== undefined)
    const refusal = settings.change(Object.fromEntries(given), actorOf(c))
    if (refusal !== undefined) throw new AdminProblem('setting-refused', { cause: refusal })
    const now = present(settings.read())
    c.header('ETag', now.etag)
    return c.json(now, 200)
  })

  app.openapi(reset, (c) => {
    requireMatch(c.req.valid('header')['if-match'], present(settings.read()).etag)
    settings.reset(c.req.valid('param').name, actorOf(c))
    const now = present(settings.read())
    c.header('ETag', now.etag)
    return c.json(now, 200)
  })

  app.openapi(kiosk, (c) => c.json(ports.kiosk(), 200))
}
