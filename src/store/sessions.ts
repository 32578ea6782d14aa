import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

import type Database from 'better-sqlite3-multiple-ciphers'

import type { AuditLog } from './audit.js'
import type { Role } from './admin-tokens.js'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const SESSION = /^([0-9A-HJKMNP-TV-Z]{26})\.([A-Za-z0-9_-]{43})$/
const MAX_SESSIONS_A_TOKEN = 20

/** How long a session lives: at most, and without use. A kiosk has nobody to sign in again. */
export const SESSION_LIFE_MS: Readonly<
  Record<'person' | 'kiosk', { whole: number; idle: number }>
> = {
  person: { whole: DAY_MS / 2, idle: 2 * 60 * MINUTE_MS },
  kiosk: { whole: 400 * DAY_MS, idle: 30 * DAY_MS },
}

/** A console session that was just made. */
export interface NewSession {
  readonly id: string
  /** What the cookie holds; shown here once. */
  readonly text: string
  readonly expiresAtMs: number
}

/**
 * Sessions of browsers that signed in with a token. Each ends at its time, without use, by signing
 * out, or with its token. The secret is 256 random bits for some hours, kept as its SHA-256.
 */
export interface Sessions {
  /** @throws StoreError when there is no such token */
  create(tokenId: string, role: Role): NewSession
  /** The id of the session and of its token, or undefined. */
  verify(text: string): { readonly id: string; readonly tokenId: string } | undefined
  /** `false` when there was none. */
  end(id: string, actor: string): boolean
}

interface Row {
  id: string
  token_id: string
  secret_hash: Buffer
  created_at_ms: number
  last_used_at_ms: number
  expires_at_ms: number
}

const hash = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** The {@link Sessions} of a database. */
export function createSessions(
  database: Database.Database,
  options: { nowMs: () => number; newId: () => string; audit: AuditLog },
): Sessions {
  const { nowMs, newId, audit } = options
  const insert = database.prepare<[Row]>(
    `INSERT INTO admin_sessions (id, token_id, secret_hash, created_at_ms, last_used_at_ms, expires_at_ms)
     VALUES (@id, @token_id, @secret_hash, @created_at_ms, @last_used_at_ms, @expires_at_ms)`,
  )
  const select = database.prepare<[string], Row & { role: Role }>(
    `SELECT s.*, t.role FROM admin_sessions s JOIN admin_tokens t ON t.id = s.token_id
     WHERE s.id = ?`,
  )
  const touch = database.prepare<[number, string]>(
    'UPDATE admin_sessions SET last_used_at_ms = ? WHERE id = ?',
  )
  const remove = database.prepare<[string]>('DELETE FROM admin_sessions WHERE id = ?')
  const removeOver = database.prepare<[number]>(
    'DELETE FROM admin_sessions WHERE expires_at_ms <= ?',
  )
  const removeOldest = database.prepare<[{ token: string; keep: number }]>(
    `DELETE FROM admin_sessions WHERE token_id = @token AND id NOT IN
       (SELECT id FROM admin_sessions WHERE token_id = @token ORDER BY id DESC LIMIT @keep)`,
  )

  const create = database.transaction((tokenId: string, role: Role): NewSession => {
    const now = nowMs()
    const secret = randomBytes(32).toString('base64url')
    const life = SESSION_LIFE_MS[role === 'kiosk' ? 'kiosk' : 'person']
    const row: Row = {
      id: newId(),
      token_id: tokenId,
      secret_hash: hash(secret),
      created_at_ms: now,
      last_used_at_ms: now,
      expires_at_ms: now + life.whole,
    }
    removeOver.run(now)
    removeOldest.run({ token: tokenId, keep: MAX_SESSIONS_A_TOKEN - 1 })
    insert.run(row)
    audit.append({ actor: `token:${tokenId}`, action: 'session.begin', subjectId: row.id })
    return { id: row.id, text: `${row.id}.${secret}`, expiresAtMs: row.expires_at_ms }
  })

  const end = database.transaction((id: string, actor: string): boolean => {
    if (remove.run(id).changes === 0) return false
    audit.append({ actor, action: 'session.end', subjectId: id })
    return true
  })

  return {
    create: (tokenId, role) => create.immediate(tokenId, role),
    verify(text) {
      const match = SESSION.exec(text)
      if (!match) return undefined
      const [, id, secret] = match
      const row = select.get(id)
      if (!row || !timingSafeEqual(row.secret_hash, hash(secret))) return undefined
      const now = nowMs()
      const { idle } = SESSION_LIFE_MS[row.role === 'kiosk' ? 'kiosk' : 'person']
      if (now >= row.expires_at_ms || now - row.last_used_at_ms >= idle) {
        remove.run(id)
        return undefined
      }
      if (Math.abs(now - row.last_used_at_ms) >= MINUTE_MS) touch.run(now, id)
      return { id: row.id, tokenId: row.token_id }
    },
    end: (id, actor) => end.immediate(id, actor),
  }
}
