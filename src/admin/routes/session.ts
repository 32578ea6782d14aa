import { z } from '@hono/zod-openapi'
import { deleteCookie, setCookie } from 'hono/cookie'

import { adminRoute } from '../access.js'
import { addressOf, answerLockedOut, isSameOrigin, SESSION_COOKIE } from '../auth.js'
import type { AdminApp } from '../environment.js'
import type { FailureLimiter } from '../failure-limiter.js'
import type { AdminPorts } from '../ports.js'
import { AdminProblem, problemResponses } from '../problems.js'
import { roleSchema } from '../schemas.js'

const tags = ['Session']

const signInSchema = z
  .strictObject({ token: z.string().min(1).max(512) })
  .openapi('SignIn', { description: 'The token, sent once; the browser then holds a cookie.' })

const meSchema = z
  .object({
    id: z.string().openapi({ description: 'Of the token, as the audit names it.' }),
    name: z.string(),
    role: roleSchema,
  })
  .openapi('Me')

const signIn = adminRoute('open', {
  method: 'post',
  path: '/api/session',
  summary: 'Sign a browser in with a token',
  description:
    'Answers with an HttpOnly cookie. Requests that change something and come with the cookie also need the header `X-Genkan-Csrf: 1`.',
  tags,
  request: {
    body: { required: true, content: { 'application/json': { schema: signInSchema } } },
  },
  responses: {
    204: {
      description: 'Signed in.',
      headers: { 'Set-Cookie': { description: 'The session.', schema: { type: 'string' } } },
    },
    ...problemResponses('unauthorized', 'cross-site', 'unsupported-media-type', 'body-too-large'),
  },
})

const signOut = adminRoute('kiosk', {
  method: 'delete',
  path: '/api/session',
  summary: 'Sign this browser out',
  tags,
  responses: { 204: { description: 'Signed out.' }, ...problemResponses() },
})

const me = adminRoute('kiosk', {
  method: 'get',
  path: '/api/me',
  summary: 'Who is asking, and with which role',
  tags,
  responses: {
    200: {
      description: 'The token behind the request.',
      content: { 'application/json': { schema: meSchema } },
    },
    ...problemResponses(),
  },
})

/** Sign in; needs no token but that in its body. */
export function addSignInRoute(app: AdminApp, ports: AdminPorts, limiter: FailureLimiter): void {
  app.openapi(signIn, async (c) => {
    const lockedOut = answerLockedOut(c, limiter)
    if (lockedOut !== undefined) return lockedOut
    if (!isSameOrigin(c)) throw new AdminProblem('cross-site')
    const principal = await ports.tokens.verify(c.req.valid('json').token)
    if (principal === undefined) {
      limiter.fail(addressOf(c))
      throw new AdminProblem('unauthorized')
    }
    const { text, expiresAtMs } = await ports.sessions.begin(principal)
    setCookie(c, SESSION_COOKIE, text, {
      path: '/',
      httpOnly: true,
      sameSite: 'Strict',
      secure: c.env.isTls === true,
      expires: new Date(expiresAtMs),
    })
    return c.body(null, 204)
  })
}

/** Sign out, and who is signed in. */
export function addSessionRoutes(app: AdminApp, ports: AdminPorts): void {
  app.openapi(signOut, async (c) => {
    const principal = c.get('principal')
    if (principal.sessionId !== undefined) await ports.sessions.end(principal)
    deleteCookie(c, SESSION_COOKIE, { path: '/' })
    return c.body(null, 204)
  })

  app.openapi(me, (c) => {
    const { id, name, role } = c.get('principal')
    return c.json({ id, name, role }, 200)
  })
}
