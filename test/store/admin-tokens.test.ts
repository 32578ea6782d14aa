import { createHash, randomBytes } from 'node:crypto'
import { dirname } from 'node:path'

import fc from 'fast-check'
import t from 'tap'

import { rawDatabase, temporaryStore } from './samples.js'

t.test('a token is shown once, verified, counted as used, revoked', async (t) => {
  let now = 1_000_000
  const store = temporaryStore(t, { nowMs: () => now })
  const tokens = store.adminTokens
  const { token, text } = await tokens.create({ label: 'first start', role: 'viewer' }, 'system')
  t.match(text, /^genkan_[0-9A-Z]{26}_[\w-]{43}$/)
  t.equal(tokens.list()[0]?.lastUsedAtMs, null)
  t.match(await tokens.verify(text), { id: token.id, role: 'viewer' })
  now += 30_000
  await tokens.verify(text)
  t.equal(tokens.list()[0]?.lastUsedAtMs, 1_000_000, 'written once a minute at most')
  now += 40_000
  await tokens.verify(text)
  t.equal(tokens.list()[0]?.lastUsedAtMs, now)
  t.equal(tokens.revoke(token.id, 'cli'), true)
  t.equal(tokens.revoke(token.id, 'cli'), false)
  t.equal(await tokens.verify(text), undefined)
})

t.test('a token revoked by another process is not remembered', async (t) => {
  const store = temporaryStore(t)
  const { token, text } = await store.adminTokens.create({ label: 'a', role: 'admin' }, 'system')
  t.ok(await store.adminTokens.verify(text))
  const raw = rawDatabase(dirname(store.info.path))
  raw.prepare('DELETE FROM admin_tokens WHERE id = ?').run(token.id)
  raw.close()
  t.equal(await store.adminTokens.verify(text), undefined)
})

t.test(
  'a token of before, kept as SHA-256, stays valid and is hashed anew by its use',
  async (t) => {
    const store = temporaryStore(t)
    const id = '01JD4QXNWZ8Y3Q4R5S6T7V8W9X'
    const secret = randomBytes(32).toString('base64url')
    const raw = rawDatabase(dirname(store.info.path))
    raw
      .prepare(
        `INSERT INTO admin_tokens (id, label, secret_hash, created_at_ms) VALUES (?, 'old', ?, 5)`,
      )
      .run(id, createHash('sha256').update(secret).digest())
    const hashes = () =>
      raw.prepare('SELECT salt, secret_hash FROM admin_tokens WHERE id = ?').get(id) as {
        salt: Buffer | null
        secret_hash: Buffer
      }
    t.equal(
      await store.adminTokens.verify(`genkan_${id}_${randomBytes(32).toString('base64url')}`),
      undefined,
    )
    t.equal(hashes().salt, null)
    t.match(await store.adminTokens.verify(`genkan_${id}_${secret}`), { id, role: 'admin' })
    t.equal(hashes().salt?.length, 16)
    t.notOk(hashes().secret_hash.equals(createHash('sha256').update(secret).digest()))
    t.match(await store.adminTokens.verify(`genkan_${id}_${secret}`), { id })
    raw.close()
  },
)

t.test('the secret is not in the database', async (t) => {
  const store = temporaryStore(t)
  const { text } = await store.adminTokens.create({ label: 'first', role: 'admin' }, 'system')
  const raw = rawDatabase(dirname(store.info.path))
  t.notOk(raw.serialize().includes(text.slice(-43)))
  raw.close()
})

t.test('nothing else opens', async (t) => {
  const store = temporaryStore(t)
  const tokens = store.adminTokens
  const { text } = await tokens.create({ label: 'a', role: 'admin' }, 'system')
  const { text: other } = await tokens.create({ label: 'b', role: 'admin' }, 'system')
  t.equal(await tokens.verify(text.slice(0, 33) + other.slice(33)), undefined)
  t.equal(await tokens.verify(` ${text}`), undefined)
  t.equal(await tokens.verify(`${text}\n`), undefined)
  await fc.assert(
    fc.asyncProperty(
      fc.nat(text.length - 1),
      fc.string({ minLength: 1, maxLength: 1 }),
      async (at, character) => {
        const changed = text.slice(0, at) + character + text.slice(at + 1)
        return changed === text || (await tokens.verify(changed)) === undefined
      },
    ),
    { numRuns: 15 },
  )
  await fc.assert(
    fc.asyncProperty(fc.string(), async (noise) => (await tokens.verify(noise)) === undefined),
  )
  await t.rejects(tokens.create({ label: 'a\nb', role: 'admin' }, 'system'), {
    code: 'invalid-value',
  })
})
