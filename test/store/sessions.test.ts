import { dirname } from 'node:path'

import t from 'tap'

import { rawDatabase, temporaryStore } from './samples.js'

const HOUR_MS = 3_600_000

t.test('a session ends at its time, without use, by signing out, and with its token', async (t) => {
  let now = 1_700_000_000_000
  const store = temporaryStore(t, { nowMs: () => now })
  const { token } = await store.adminTokens.create({ label: 'desk', role: 'admin' }, 'system')
  const begin = () => store.sessions.create(token.id, 'admin')

  const used = begin()
  const idle = begin()
  t.match(store.sessions.verify(used.text), { id: used.id, tokenId: token.id })
  for (let hour = 0; hour < 11; hour++) {
    now += HOUR_MS
    t.ok(store.sessions.verify(used.text), `used every hour, after ${hour + 1} h`)
  }
  t.equal(store.sessions.verify(idle.text), undefined)
  now += HOUR_MS
  t.equal(store.sessions.verify(used.text), undefined, 'twelve hours are the most')

  const left = begin()
  t.equal(store.sessions.end(left.id, `token:${token.id}`), true)
  t.equal(store.sessions.verify(left.text), undefined)

  const orphan = begin()
  store.adminTokens.revoke(token.id, 'cli')
  t.equal(store.sessions.verify(orphan.text), undefined)
  t.throws(() => begin(), 'no session without a token')
})

t.test('a kiosk stays signed in over weeks', async (t) => {
  let now = 1_700_000_000_000
  const store = temporaryStore(t, { nowMs: () => now })
  const { token } = await store.adminTokens.create({ label: 'front', role: 'kiosk' }, 'system')
  const { text } = store.sessions.create(token.id, 'kiosk')
  for (let week = 0; week < 50; week++) {
    now += 7 * 24 * HOUR_MS
    t.ok(store.sessions.verify(text))
  }
})

t.test('what the cookie holds is not in the database, and nothing like it opens', async (t) => {
  const store = temporaryStore(t)
  const { token } = await store.adminTokens.create({ label: 'desk', role: 'admin' }, 'system')
  const { text } = store.sessions.create(token.id, 'admin')
  const { text: other } = store.sessions.create(token.id, 'admin')
  const raw = rawDatabase(dirname(store.info.path))
  t.notOk(raw.serialize().includes(text.slice(-43)))
  raw.close()
  for (const wrong of ['', text.slice(0, -1), `${text} `, text.slice(0, 27) + other.slice(27)]) {
    t.equal(store.sessions.verify(wrong), undefined)
  }
})
