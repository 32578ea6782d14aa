import t from 'tap'

import { openRealDoor } from './real-door.js'

const door = await openRealDoor(t, { maxFailedAuthPerMinute: 1000 })

const signIn = (token: unknown, headers: Record<string, string> = {}) =>
  door.app.request('/api/session', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify({ token }),
  })

async function cookieOf(role: 'admin' | 'viewer' | 'kiosk'): Promise<string> {
  const response = await signIn(door.tokens[role])
  return response.headers.get('Set-Cookie')?.split(';')[0] ?? ''
}

t.test('a token becomes a cookie that no script can read and no other site sends', async (t) => {
  const response = await signIn(door.tokens.viewer)
  t.equal(response.status, 204)
  const cookie = response.headers.get('Set-Cookie') ?? ''
  t.match(cookie, /^genkan_session=[0-9A-Z]{26}\.[\w-]{43}; /)
  t.match(cookie, /; HttpOnly/)
  t.match(cookie, /; SameSite=Strict/)
  t.match(cookie, /; Path=\//)
  t.match(cookie, /; Expires=/)
  t.notMatch(cookie, /Secure/, 'asked in clear text')
  t.notMatch(cookie, door.tokens.viewer.slice(-43))

  const over = await door.app.request(
    '/api/session',
    {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ token: door.tokens.viewer }),
    },
    { isTls: true },
  )
  t.match(over.headers.get('Set-Cookie'), /; Secure/)
})

t.test('the cookie stands for the token until it signs out', async (t) => {
  const Cookie = await cookieOf('viewer')
  const me = await door.app.request('/api/me', { headers: { Cookie } })
  t.match(await me.json(), { name: 'viewer', role: 'viewer' })
  const out = await door.app.request('/api/session', {
    method: 'DELETE',
    headers: { Cookie, 'X-Genkan-Csrf': '1' },
  })
  t.equal(out.status, 204)
  t.match(out.headers.get('Set-Cookie'), /genkan_session=;/)
  t.equal((await door.app.request('/api/me', { headers: { Cookie } })).status, 401)
})

t.test('a cookie alone changes nothing, nor with a page of another site', async (t) => {
  const Cookie = await cookieOf('admin')
  const create = (headers: Record<string, string>) =>
    door.app.request('http://door.local/api/persons', {
      method: 'POST',
      headers: { Cookie, 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify({ name: 'Jun' }),
    })
  const forged: Record<string, string>[] = [
    {},
    { 'X-Genkan-Csrf': '0' },
    { 'X-Genkan-Csrf': '1', Origin: 'http://evil.example' },
    { 'X-Genkan-Csrf': '1', Origin: 'null' },
    { 'X-Genkan-Csrf': '1', 'Sec-Fetch-Site': 'cross-site' },
    { 'X-Genkan-Csrf': '1', 'Sec-Fetch-Site': 'same-site' },
  ]
  for (const headers of forged) {
    const response = await create(headers)
    t.equal(response.status, 403, JSON.stringify(headers))
    t.match(await response.json(), { code: 'cross-site' })
  }
  t.equal(door.store.persons.list().length, 0)
  const own = { 'X-Genkan-Csrf': '1', Origin: 'http://door.local', 'Sec-Fetch-Site': 'same-origin' }
  t.equal((await create(own)).status, 201)
})

t.test('nobody signs in from another site, with junk, or in place of a header', async (t) => {
  t.equal((await signIn(door.tokens.admin, { 'Sec-Fetch-Site': 'cross-site' })).status, 403)
  for (const token of ['', 'x', 7, null, 'a'.repeat(5000)]) {
    t.ok([400, 401].includes((await signIn(token)).status), String(token).slice(0, 9))
  }
  const cookie = await cookieOf('viewer')
  const both = await door.app.request('/api/me', {
    headers: { Cookie: cookie, Authorization: 'Bearer wrong' },
  })
  t.equal(both.status, 401, 'a wrong token is not helped by a cookie')
})

t.test('a session is no more than its token', async (t) => {
  const Cookie = await cookieOf('kiosk')
  t.equal((await door.app.request('/api/persons', { headers: { Cookie } })).status, 403)
})

t.test('wrong tokens at the sign-in lock out, longer each time', async (t) => {
  let nowMs = 0
  const { app, tokens } = await openRealDoor(t, { maxFailedAuthPerMinute: 2, now: () => nowMs })
  const ask = async (token: string) => {
    const response = await app.request('/api/session', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ token }),
    })
    return [response.status, response.headers.get('Retry-After')]
  }
  for (const waitS of [60, 120, 240]) {
    await ask('guess')
    await ask('guess')
    t.same(await ask(tokens.admin), [429, String(waitS)])
    nowMs += waitS * 1000 + 1
  }
  t.equal((await ask(tokens.admin))[0], 204)
})
