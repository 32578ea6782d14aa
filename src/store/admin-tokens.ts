import { createHash, createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

import type Database from 'better-sqlite3-multiple-ciphers'
import { z } from 'zod'

import type { AuditLog } from './audit.js'
import { parseInput } from './input.js'

/** What a token may do: admin ⊃ enroller ⊃ viewer; a kiosk only shows the door to who stands there. */
export const ROLES = ['admin', 'enroller', 'viewer', 'kiosk'] as const

export const roleSchema = z.enum(ROLES)
export type Role = z.infer<typeof roleSchema>

const LAST_USED_EVERY_MS = 60_000
const TOKEN = /^genkan_([0-9A-HJKMNP-TV-Z]{26})_([A-Za-z0-9_-]{43})$/
const MAX_REMEMBERED = 256
/** 16 MB and some 50 ms of a small board's core; the secret itself is 256 random bits. */
const SCRYPT = { N: 16_384, r: 8, p: 1 } as const
const HASH_BYTES = 32

/** A label of a token, as people tell tokens apart. */
export const tokenLabelSchema = z
  .string()
  .regex(/^[\p{L}\p{M}\p{N}_ .:@-]{1,64}$/u, 'takes 1 to 64 letters, digits, spaces and _ . : @ -')

const newTokenSchema = z.object({ label: tokenLabelSchema, role: roleSchema })

/** A token about to be made. */
export type NewAdminToken = z.infer<typeof newTokenSchema>

/** A token as listed; the secret itself is never kept. */
export interface AdminToken {
  readonly id: string
  readonly label: string
  readonly role: Role
  readonly createdAtMs: number
  /** To the minute. */
  readonly lastUsedAtMs: number | null
}

/**
 * Bearer tokens of the admin API, kept as salted scrypt hashes.
 *
 * The token's id stands in its text, so one hash answers for it; a text that was right is then known
 * again by a keyed hash in memory, for as long as its row stays as it was. Revoking removes the row.
 */
export interface AdminTokens {
  /** Makes a token; its text is returned here once and never again. */
  create(
    token: NewAdminToken,
    actor: string,
  ): Promise<{ readonly token: AdminToken; readonly text: string }>
  /** The token behind a bearer text, or undefined. Compares in constant time, also for unknown ids. */
  verify(text: string): Promise<AdminToken | undefined>
  get(id: string): AdminToken | undefined
  list(): AdminToken[]
  /** `false` when there was none. */
  revoke(id: string, actor: string): boolean
}

interface Row {
  id: string
  label: string
  role: Role
  /** `null` for a token of before, whose hash is a plain SHA-256. */
  salt: Buffer | null
  secret_hash: Buffer
  created_at_ms: number
  last_used_at_ms: number | null
}

const toToken = (row: Row): AdminToken => ({
  id: row.id,
  label: row.label,
  role: row.role,
  createdAtMs: row.created_at_ms,
  lastUsedAtMs: row.last_used_at_ms,
})

function hash(secret: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, HASH_BYTES, SCRYPT, (error, key) => {
      if (error) reject(error)
      else resolve(key)
    })
  })
}

const isSame = (a: Buffer, b: Buffer) => a.length === b.length && timingSafeEqual(a, b)

const plainHash = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** The {@link AdminTokens} of a database. */
export function createAdminTokens(
  database: Database.Database,
  options: { nowMs: () => number; newId: () => string; audit: AuditLog },
): AdminTokens {
  const { nowMs, newId, audit } = options
  const insert = database.prepare<[Row]>(
    `INSERT INTO admin_tokens (id, label, role, salt, secret_hash, created_at_ms, last_used_at_ms)
     VALUES (@id, @label, @role, @salt, @secret_hash, @created_at_ms, @last_used_at_ms)`,
  )
  const select = database.prepare<[string], Row>('SELECT * FROM admin_tokens WHERE id = ?')
  const selectAll = database.prepare<[], Row>('SELECT * FROM admin_tokens ORDER BY id')
  const touch = database.prepare<[number, string]>(
    'UPDATE admin_tokens SET last_used_at_ms = ? WHERE id = ?',
  )
  const rehash = database.prepare<[Buffer, Buffer, string]>(
    'UPDATE admin_tokens SET salt = ?, secret_hash = ? WHERE id = ?',
  )
  const remove = database.prepare<[string]>('DELETE FROM admin_tokens WHERE id = ?')

  const memoryKey = randomBytes(32)
  const noSalt = randomBytes(16)
  /** Keyed hash of a right text → the row's hash that it was right for. */
  const known = new Map<string, Buffer>()

  function remember(mark: string, secretHash: Buffer): void {
    const oldest = known.keys().next()
    if (known.size >= MAX_REMEMBERED && !oldest.done) known.delete(oldest.value)
    known.set(mark, secretHash)
  }

  const add = database.transaction((row: Row, actor: string) => {
    insert.run(row)
    audit.append({ actor, action: 'token.create', subjectId: row.id })
  })

  const revoke = database.transaction((id: string, actor: string): boolean => {
    if (remove.run(id).changes === 0) return false
    audit.append({ actor, action: 'token.revoke', subjectId: id })
    return true
  })

  async function isRight(row: Row | undefined, secret: string): Promise<boolean> {
    const salt = row?.salt ?? noSalt
    const hashed = await hash(secret, salt)
    if (row === undefined) return false
    if (row.salt !== null) return timingSafeEqual(row.secret_hash, hashed)
    if (!timingSafeEqual(row.secret_hash, plainHash(secret))) return false
    const newSalt = randomBytes(16)
    rehash.run(newSalt, await hash(secret, newSalt), row.id)
    return true
  }

  return {
    async create(input, actor) {
      const { label, role } = parseInput(newTokenSchema, input, 'token')
      const secret = randomBytes(32).toString('base64url')
      const salt = randomBytes(16)
      const row: Row = {
        id: newId(),
        label,
        role,
        salt,
        secret_hash: await hash(secret, salt),
        created_at_ms: nowMs(),
        last_used_at_ms: null,
      }
      add.immediate(row, actor)
      return { token: toToken(row), text: `genkan_${row.id}_${secret}` }
    },

    async verify(text) {
      const match = TOKEN.exec(text)
      if (!match) return undefined
      const [, id, secret] = match
      const mark = createHmac('sha256', memoryKey).update(text).digest('base64')
      const before = select.get(id)
      const remembered = known.get(mark)
      const isKnown =
        before !== undefined && remembered !== undefined && isSame(remembered, before.secret_hash)
      if (!isKnown && !(await isRight(before, secret))) {
        known.delete(mark)
        return undefined
      }
      // Read again: it may have been revoked while it was hashed.
      const row = select.get(id)
      if (row === undefined) return undefined
      remember(mark, row.secret_hash)
      const now = nowMs()
      if (Math.abs(now - (row.last_used_at_ms ?? 0)) >= LAST_USED_EVERY_MS) touch.run(now, id)
      return toToken(row)
    },

    get(id) {
      const row = select.get(id)
      return row && toToken(row)
    },
    list: () => selectAll.all().map(toToken),
    revoke: (id, actor) => revoke.immediate(id, actor),
  }
}
