import { createHash } from 'node:crypto'

import { z } from '@hono/zod-openapi'

import { AdminProblem } from './problems.js'

/** Header of an update that must not undo another's. */
export const ifMatchHeader = z.object({
  'if-match': z
    .string()
    .max(64)
    .optional()
    .openapi({ description: 'ETag as last read; the update is refused when it has changed.' }),
})

/** Documents the ETag of an answer. */
export const etagHeader = {
  ETag: { description: 'For If-Match.', schema: { type: 'string' as const } },
}

/** The ETag of a version. */
export const etagOf = (version: number): string => `"v${version}"`

/**
 * The version that an update is bound to; `undefined` when it is bound to none.
 * @throws AdminProblem `changed-meanwhile` for an ETag that was never ours
 */
export function versionOf(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch === '*') return undefined
  const version = /^(?:W\/)?"v(\d{1,15})"$/.exec(ifMatch)?.[1]
  if (version === undefined) throw new AdminProblem('changed-meanwhile')
  return Number(version)
}

/** The ETag of something that carries no version of its own. */
export function contentEtag(value: unknown): string {
  const digest = createHash('sha256').update(JSON.stringify(value)).digest('base64url')
  return `"${digest.slice(0, 22)}"`
}

/** @throws AdminProblem `changed-meanwhile` when an update is bound to another state than the present */
export function requireMatch(ifMatch: string | undefined, etag: string): void {
  if (ifMatch === undefined || ifMatch === '*') return
  if (ifMatch.replace(/^W\//, '') !== etag) throw new AdminProblem('changed-meanwhile')
}
