import { dirname } from 'node:path'

import fc from 'fast-check'
import t from 'tap'

import { rawDatabase, temporaryStore } from './samples.js'

t.test('a token is shown once, verified, counted as used, revoked', (t) => {
  let now = 1_000_000
  const store = temporaryStore(t, { nowMs: () => now })
  const { token, text } = store.adminTokens.create('first start', 'system')
  t.match(text, /^genkan_[0-9A-Z]{26}_[\w-]{43}$/)
  t.equal(store.adminTokens.list()[0]?.lastUsedAtMs, null)
  t.equal(store.adminTokens.verify(text)?.id, token.id)
  now += 30_000
  store.adminTokens.verify(text)
  t.equal(store.adminTokens.list()[0]?.lastUsedAtMs, 1_000_000, 'written once a minute at most')
  now += 40_000
  store.adminTokens.verify(text)
  t.equal(store.adminTokens.list()[0]?.lastUsedAtMs, now)
  t.equal(store.adminTokens.revoke(token.id, 'cli'), true)
  t.equal(store.adminTokens.revoke(token.id, 'cli'), false)
  t.equal(store.adminTokens.verify(text), undefined)
  t.end()
})

t.test('the secret is not in the database', (t) => {
  const store = temporaryStore(t)
  const { text } = store.adminTokens.create('first', 'system')
  const raw = rawDatabase(dirname(store.info.path))
  t.notOk(raw.serialize().includes(text.slice(-43)))
  raw.close()
  t.end()
})

t.test('nothing else opens', (t) => {
  const store = temporaryStore(t)
  const { text } = store.adminTokens.create('a', 'system')
  const { text: other } = store.adminTokens.create('b', 'system')
  t.equal(store.adminTokens.verify(text.slice(0, 33) + other.slice(33)), undefined)
  t.equal(store.adminTokens.verify(` ${text}`), undefined)
  t.equal(store.adminTokens.verify(`${text}\n`), undefined)
  fc.assert(
    fc.property(
      fc.nat(text.length - 1),
      fc.string({ minLength: 1, maxLength: 1 }),
      (at, character) => {
        const changed = text.slice(0, at) + character + text.slice(at + 1)
        return changed === text || store.adminTokens.verify(changed) === undefined
      },
    ),
  )
  fc.assert(fc.property(fc.string(), (noise) => store.adminTokens.verify(noise) === undefined))
  t.throws(() => store.adminTokens.create('a\nb', 'system'), { code: 'invalid-value' })
  t.end()
})
