import { createMiddleware } from 'hono/factory'

import type { AdminEnvironment } from './environment.js'
import type { TokensPort } from './ports.js'
import { answerProblem } from './problems.js'

const MAX_TOKEN_LENGTH = 512
const WINDOW_MS = 60_000
const MAX_ADDRESSES = 1024

/** Counts failures by address in windows of one minute. */
export interface FailureLimiter {
  /** Milliseconds until the address may try again; 0 when it may now. */
  waitMs(address: string): number
  fail(address: string): void
}

/**
 * @param limit failures in a window before the address has to wait for the window's end
 * @param now monotonic milliseconds
 */
export function createFailureLimiter(limit: number, now: () => number): FailureLimiter {
  const windows = new Map<string, { failures: number; endsAtMs: number }>()

  return {
    waitMs(address) {
      const window = windows.get(address)
      if (window === undefined || window.failures < limit) return 0
      return Math.max(0, window.endsAtMs - now())
    },
    fail(address) {
      const at = now()
      const window = windows.get(address)
      if (window !== undefined && window.endsAtMs > at) {
        window.failures += 1
        return
      }
      windows.delete(address)
      const oldest = windows.keys().next()
      if (windows.size >= MAX_ADDRESSES && !oldest.done) windows.delete(oldest.value)
      windows.set(address, { failures: 1, endsAtMs: at + WINDOW_MS })
    },
  }
}

/** Lets only requests with a valid bearer token (RFC 6750) through, and slows down who guesses. */
export function requireToken(tokens: TokensPort, limiter: FailureLimiter) {
  return createMiddleware<AdminEnvironment>(async (c, next) => {
    const address = c.env.incoming?.socket.remoteAddress ?? 'local'
    const waitMs = limiter.waitMs(address)
    if (waitMs > 0) {
      c.header('Retry-After', String(Math.ceil(waitMs / 1000)))
      return answerProblem(c, 'too-many-attempts')
    }
    const header = c.req.header('Authorization')
    const token = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(header ?? '')?.[1]
    if (token !== undefined && token.length <= MAX_TOKEN_LENGTH) {
      const principal = await tokens.verify(token)
      if (principal !== undefined) {
        c.set('principal', principal)
        await next()
        return
      }
    }
    if (header !== undefined) limiter.fail(address)
    c.header('WWW-Authenticate', 'Bearer realm="genkan"')
    return answerProblem(c, 'unauthorized')
  })
}
