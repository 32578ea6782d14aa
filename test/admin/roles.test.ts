import t from 'tap'

import { ROLES } from '../../src/store/admin-tokens.js'
import type { Role } from '../../src/store/admin-tokens.js'
import { readDocument, routesOf } from './api-document.js'
import type { Parameter, Route } from './api-document.js'
import { openRealDoor } from './real-door.js'

const door = await openRealDoor(t, { maxFailedAuthPerMinute: 100_000 })
const routes = routesOf(await readDocument(door.app))
const NOBODY = '01JD4QXNWZ8Y3Q4R5S6T7V8W9X'

/** A value that the parameter takes and that names nothing there is. */
function harmless({ schema }: Parameter): string {
  const [first] = schema.enum ?? []
  if (typeof first === 'string') return first
  return schema.format === 'ulid' ? NOBODY : 'nobody'
}

async function ask({ method, path, operation }: Route, headers: Record<string, string>) {
  const { parameters = [] } = operation
  const address = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const parameter = parameters.find((one) => one.name === name && one.in === 'path')
    return parameter === undefined ? NOBODY : harmless(parameter)
  })
  const response = await door.app.request(address, { method, headers })
  if (response.headers.get('Content-Type') === 'text/event-stream') await response.body?.cancel()
  return response
}

t.test('the document names every route that the app has', (t) => {
  const documented = new Set(routes.map(({ method, path }) => `${method} ${path}`))
  const served = door.app.routes
    .filter(({ method, path }) => method !== 'ALL' && /^\/(api\/|metrics|health|ready)/.test(path))
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
  t.ok(served.length >= routes.length)
  t.same(
    served.filter((route) => !documented.has(route)),
    [],
  )
  t.end()
})

t.test(
  'every route lets in whom its documentation names, and nobody else',
  { timeout: 120_000 },
  async (t) => {
    for (const route of routes) {
      const { method, path, operation } = route
      const { 'x-access': access, 'x-roles': roles } = operation
      const isOpen = access === 'open'
      t.equal(roles === undefined, isOpen, `${method} ${path} names its roles`)
      t.equal(operation.security === undefined, isOpen)

      for (const headers of [{}, { Authorization: `Bearer ${door.tokens.admin}x` }]) {
        const { status } = await ask(route, headers)
        if (isOpen) t.not(status, 401, `${method} ${path} without a token`)
        else t.equal(status, 401, `${method} ${path} without a valid token`)
      }
      if (isOpen) continue
      for (const role of ROLES) {
        const response = await ask(route, door.headers[role])
        const allowed = roles?.includes(role) === true
        if (allowed) {
          t.notOk([401, 403].includes(response.status), `${method} ${path} as ${role}`)
        } else {
          t.equal(response.status, 403, `${method} ${path} as ${role}`)
          t.match(await response.json(), { code: 'forbidden' })
        }
        t.not(response.status, 500, `${method} ${path} as ${role}`)
        t.not(response.status, 405, `${method} ${path} as ${role}`)
      }
    }
  },
)

t.test('the table itself keeps the roles apart', (t) => {
  const may = (role: Role) =>
    routes
      .filter(({ operation }) => operation['x-roles']?.includes(role))
      .map(({ method, path }) => `${method} ${path}`)
  const changes = (role: Role) => may(role).filter((route) => !route.startsWith('GET '))
  t.same(changes('kiosk'), ['DELETE /api/session'], 'a display changes nothing')
  t.ok(
    may('kiosk').every((route) =>
      /^(GET \/api\/(me|live|kiosk)|DELETE \/api\/session)/.test(route),
    ),
    'and sees only the door',
  )
  t.same(changes('viewer'), ['DELETE /api/session'], 'a viewer changes nothing')
  for (const route of may('enroller')) {
    t.notMatch(
      route,
      /tokens|audit|api\/settings|backups|restore|purge|export$|DELETE .*persons\/\{id\}$/,
    )
    t.notMatch(route, /^(POST|PUT) \/api\/doors/)
  }
  for (const [role, less] of [
    ['viewer', 'kiosk'],
    ['enroller', 'viewer'],
    ['admin', 'enroller'],
  ] as const) {
    const more = may(role)
    t.ok(
      may(less).every((route) => more.includes(route)),
      `${role} may all that ${less} may`,
    )
  }
  t.end()
})
