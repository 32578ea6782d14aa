import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

import type Database from 'better-sqlite3-multiple-ciphers'
import { z } from 'zod'

import type { AuditLog } from './audit.js'
import { parseInput } from './input.js'

const LAST_USED_EVERY_MS = 60_000
const TOKEN = /^genkan_([0-9A-HJKMNP-TV-Z]{26})_([A-Za-z0-9_-]{43})$/
const labelSchema = z.string().regex(/^[\w .:@-]{1,64}$/)

/** A token as listed; the secret itself is never kept. */
export interface AdminToken {
  readonly id: string
  readonly label: string
  readonly createdAtMs: number
  /** To the minute. */
  readonly lastUsedAtMs: number | null
}

/**
 * Bearer tokens of the admin API.
 *
 * The secret is 256 random bits, so a plain SHA-256 keeps it: there is no dictionary to slow down, and a
 * slow hash on every request would only help an attacker to load the door.
 */
export interface AdminTokens {
  /** Makes a token; its text is returned here once and never again. */
  create(label: string, actor: string): { readonly token: AdminToken; readonly text: string }
  /** The token behind a bearer text, or undefined. Compares in constant time. */
  verify(text: string): AdminToken | undefined
  list(): AdminToken[]
  /** `false` when there was none. */
  revoke(id: string, actor: string): boolean
}

interface Row {
  id: string
  label: string
  secret_hash: Buffer
  created_at_ms: number
  last_used_at_ms: number | null
}

const toToken = (row: Row): AdminToken => ({
  id: row.id,
  label: row.label,
  createdAtMs: row.created_at_ms,
  lastUsedAtMs: row.last_used_at_ms,
})

const hash = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** The {@link AdminTokens} of a database. */
export function createAdminTokens(
  database: Database.Database,
  options: { nowMs: () => number; newId: () => string; audit: AuditLog },
): AdminTokens {
  const { nowMs, newId, audit } = options
  const insert = database.prepare<[Row]>(
    `INSERT INTO admin_tokens (id, label, secret_hash, created_at_ms, last_used_at_ms)
     VALUES (@id, @label, @secret_hash, @created_at_ms, @last_used_at_ms)`,
  )
  const select = database.prepare<[string], Row>('SELECT * FROM admin_tokens WHERE id = ?')
  const selectAll = database.prepare<[], Row>('SELECT * FROM admin_tokens ORDER BY id')
  const touch = database.prepare<[number, string]>(
    'UPDATE admin_tokens SET last_used_at_ms = ? WHERE id = ?',
  )
  const remove = database.prepare<[string]>('DELETE FROM admin_tokens WHERE id = ?')

  const create = database.transaction((label: string, actor: string) => {
    const secret = randomBytes(32).toString('base64url')
    const row: Row = {
      id: newId(),
      label: parseInput(labelSchema, label, 'label'),
      secret_hash: hash(secret),
      created_at_ms: nowMs(),
      last_used_at_ms: null,
    }
    insert.run(row)
    audit.append({ actor, action: 'token.create', subjectId: row.id })
    return { token: toToken(row), text: `genkan_${row.id}_${secret}` }
  })

  const revoke = database.transaction((id: string, actor: string): boolean => {
    if (remove.run(id).changes === 0) return false
    audit.append({ actor, action: 'token.revoke', subjectId: id })
    return true
  })

  return {
    create: (label, actor) => create.immediate(label, actor),
    verify(text) {
      const match = TOKEN.exec(text)
      if (!match) return undefined
      const [, id, secret] = match
      const row = select.get(id)
      if (!row || !timingSafeEqual(row.secret_hash, hash(secret))) return undefined
      const now = nowMs()
      if (Math.abs(now - (row.last_used_at_ms ?? 0)) >= LAST_USED_EVERY_MS) touch.run(now, id)
      return toToken(row)
    },
    list: () => selectAll.all().map(toToken),
    revoke: (id, actor) => revoke.immediate(id, actor),
  }
}
