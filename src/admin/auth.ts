import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import { createMiddleware } from 'hono/factory'

import type { AdminEnvironment } from './environment.js'
import type { FailureLimiter } from './failure-limiter.js'
import type { Principal, SessionsPort, TokensPort } from './ports/sign-in.js'
import { answerProblem } from './problems.js'

const MAX_TOKEN_LENGTH = 512
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']

/** The cookie that a signed-in browser sends. */
export const SESSION_COOKIE = 'genkan_session'
/** Only a page of this origin can add a header to its request, so one with it is no forged form. */
export const CSRF_HEADER = 'X-Genkan-Csrf'

/** What authentication needs of the rest of genkan. */
export interface AuthParts {
  readonly tokens: Pick<TokensPort, 'verify'>
  readonly sessions: Pick<SessionsPort, 'verify'>
  readonly limiter: FailureLimiter
}

/** Where a request comes from, for the limit of failures. */
export function addressOf(c: Context<AdminEnvironment>): string {
  return c.env.incoming?.socket.remoteAddress ?? 'local'
}

/** Answers 429 while the address has to wait. */
export function answerLockedOut(
  c: Context<AdminEnvironment>,
  limiter: FailureLimiter,
): Response | undefined {
  const waitMs = limiter.waitMs(addressOf(c))
  if (waitMs === 0) return undefined
  c.header('Retry-After', String(Math.ceil(waitMs / 1000)))
  return answerProblem(c, 'too-many-attempts')
}

/** Whether a browser says that the request comes from a page of this very origin. */
export function isSameOrigin(c: Context<AdminEnvironment>): boolean {
  const site = c.req.header('Sec-Fetch-Site')
  if (site !== undefined && site !== 'same-origin') return false
  const origin = c.req.header('Origin')
  if (origin === undefined) return true
  return URL.canParse(origin) && new URL(origin).host === new URL(c.req.url).host
}

function isForgeable(c: Context<AdminEnvironment>): boolean {
  if (SAFE_METHODS.includes(c.req.method)) return false
  return c.req.header(CSRF_HEADER) !== '1' || !isSameOrigin(c)
}

/**
 * Lets only requests with a valid bearer token (RFC 6750) or a session's cookie through, and slows
 * down who guesses. A cookie alone changes nothing: {@link CSRF_HEADER} and the same origin must
 * come with it.
 */
export function authenticate({ tokens, sessions, limiter }: AuthParts) {
  async function principalOf(c: Context<AdminEnvironment>): Promise<Principal | undefined> {
    const header = c.req.header('Authorization')
    if (header === undefined) {
      const cookie = getCookie(c, SESSION_COOKIE)
      return cookie === undefined || cookie.length > MAX_TOKEN_LENGTH
        ? undefined
        : sessions.verify(cookie)
    }
    const token = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(header)?.[1]
    return token !== undefined && token.length <= MAX_TOKEN_LENGTH
      ? tokens.verify(token)
      : undefined
  }

  return createMiddleware<AdminEnvironment>(async (c, next) => {
    const lockedOut = answerLockedOut(c, limiter)
    if (lockedOut !== undefined) return lockedOut
    const principal = await principalOf(c)
    if (principal === undefined) {
      if (c.req.header('Authorization') !== undefined) limiter.fail(addressOf(c))
      c.header('WWW-Authenticate', 'Bearer realm="genkan"')
      return answerProblem(c, 'unauthorized')
    }
    if (principal.sessionId !== undefined && isForgeable(c)) return answerProblem(c, 'cross-site')
    c.set('principal', principal)
    await next()
    return undefined
  })
}

/** Who does it, as the audit names them. */
export function actorOf(c: Context<AdminEnvironment>): string {
  return `token:${c.get('principal').id}`
}
