import { createHash, timingSafeEqual } from 'node:crypto'

import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'

import type { AdminEnvironment } from './environment.js'
import type { IdempotencyPort } from './ports/idempotency.js'
import { answerProblem } from './problems.js'

const KEY = /^[\x21-\x7e]{1,128}$/
const MAX_KEPT_BODY = 64 * 1024

/** The header that makes a creation safe to repeat. */
export const idempotencyHeader = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(128)
    .regex(/^[!-~]+$/)
    .optional()
    .openapi({
      description:
        'Made up by the client; a repeated request with it has its effect once, for a day.',
    }),
})

async function bodyDigest(c: Context<AdminEnvironment>): Promise<Buffer> {
  const hash = createHash('sha256')
  const type = c.req.header('Content-Type') ?? ''
  if (!type.toLowerCase().startsWith('multipart/form-data')) {
    return hash.update(new Uint8Array(await c.req.arrayBuffer())).digest()
  }
  // The boundary differs from try to try, the parts do not.
  for (const [name, part] of await c.req.formData()) {
    hash.update(`${JSON.stringify(name)}:`)
    const bytes = typeof part === 'string' ? Buffer.from(part) : await part.arrayBuffer()
    hash.update(`${bytes.byteLength}:`).update(new Uint8Array(bytes))
  }
  return hash.digest()
}

async function fingerprintOf(c: Context<AdminEnvironment>): Promise<Buffer> {
  const { pathname, search } = new URL(c.req.url)
  return createHash('sha256')
    .update(`${c.req.method} ${pathname}${search}\n`)
    .update(await bodyDigest(c))
    .digest()
}

/** The person that an answer tells of, so that it can be erased with them. */
function personOf(path: string, location: string | null): string | null {
  return /^\/api\/persons\/([0-9A-Z]{26})/i.exec(location ?? path)?.[1]?.toUpperCase() ?? null
}

/**
 * Gives a repeated creation the answer of the first, where both name the same `Idempotency-Key`.
 * Failed requests are not kept: they had no effect and may be tried again.
 */
export function idempotent(kept: IdempotencyPort) {
  const underWay = new Set<string>()
  return createMiddleware<AdminEnvironment>(async (c, next) => {
    const key = c.req.header('Idempotency-Key')
    if (key === undefined || !KEY.test(key)) {
      await next()
      return undefined
    }
    const tokenId = c.get('principal').id
    const mark = `${tokenId} ${key}`
    if (underWay.has(mark)) return answerProblem(c, 'request-under-way')
    underWay.add(mark)
    try {
      let fingerprint: Buffer
      try {
        fingerprint = await fingerprintOf(c)
      } catch {
        return answerProblem(c, 'bad-request', { cause: 'The body is cut off or malformed.' })
      }
      const known = await kept.find({ tokenId, key })
      if (known !== undefined) {
        if (!timingSafeEqual(known.fingerprint, fingerprint)) {
          return answerProblem(c, 'idempotency-key-reused')
        }
        return new Response(known.body, {
          status: known.status,
          headers: {
            'Content-Type': 'application/json',
            'Cache-Control': 'no-store',
            'Idempotency-Replayed': 'true',
            ...(known.location === null ? {} : { Location: known.location }),
          },
        })
      }
      await next()
      const { status, headers } = c.res
      const isJson = headers.get('Content-Type')?.startsWith('application/json') === true
      if (status < 200 || status >= 300 || !isJson) return undefined
      const reduced = c.get('keptAnswer')
      const body = reduced === undefined ? await c.res.clone().text() : JSON.stringify(reduced)
      if (body.length > MAX_KEPT_BODY) return undefined
      const location = headers.get('Location')
      const personId = personOf(c.req.path, location)
      await kept.keep({ tokenId, key }, { fingerprint, status, location, body, personId })
      return undefined
    } finally {
      underWay.delete(mark)
    }
  })
}
