import t from 'tap'

import type { ThresholdCurves } from '../../src/admin/ports/recognition.js'
import { createAuditLog } from '../../src/store/audit.js'
import { rawDatabase } from '../store/samples.js'
import { openRealDoor } from './real-door.js'
import { grantedDecision } from './sample-decisions.js'

const door = await openRealDoor(t)
const { store } = door
const ask: typeof door.ask = (path, init) => door.ask(path, init)
type Rate = ThresholdCurves['byThreshold'][number]['fmr']

const json = async (response: Response) => (await response.json()) as Record<string, unknown>
const actions = () => store.audit.list({ limit: 50 }).map(({ action }) => action)

t.test('a token is made, used, listed with its last use, and revoked', async (t) => {
  const made = await ask('/api/tokens', {
    method: 'POST',
    json: { name: '受付 1', role: 'viewer' },
    headers: { 'Idempotency-Key': 'reception' },
  })
  t.equal(made.status, 201)
  const { id, token } = await json(made)
  t.equal(made.headers.get('Location'), `/api/tokens/${String(id)}`)

  const repeated = await ask('/api/tokens', {
    method: 'POST',
    json: { name: '受付 1', role: 'viewer' },
    headers: { 'Idempotency-Key': 'reception' },
  })
  t.equal(repeated.status, 201)
  t.equal(repeated.headers.get('Idempotency-Replayed'), 'true')
  const again = await json(repeated)
  t.equal(again['id'], id, 'no second token')
  t.notOk('token' in again, 'and its text is not told again')
  const database = rawDatabase(door.folder)
  const kept = database.prepare('SELECT body FROM idempotency_keys').pluck().all()
  database.close()
  t.ok(kept.length > 0)
  t.notMatch(JSON.stringify(kept), String(token).slice(-20), 'nor kept')

  const headers = { Authorization: `Bearer ${String(token)}` }
  t.match(await json(await door.app.request('/api/me', { headers })), { id, role: 'viewer' })
  const { items } = (await json(await ask('/api/tokens'))) as { items: Record<string, unknown>[] }
  t.match(
    items.find((one) => one['id'] === id),
    { name: '受付 1', role: 'viewer', lastUsedAt: /^20/ },
  )
  t.notMatch(JSON.stringify(items), /secret|salt|hash/)

  t.equal((await ask(`/api/tokens/${String(id)}`, { method: 'DELETE' })).status, 204)
  t.equal((await door.app.request('/api/me', { headers })).status, 401)
  t.equal((await ask(`/api/tokens/${String(id)}`, { method: 'DELETE' })).status, 404)
  t.ok(actions().includes('token.create') && actions().includes('token.revoke'))
})

t.test('the last admin token stays', async (t) => {
  const admin = store.adminTokens.list().find(({ role }) => role === 'admin')
  const refused = await ask(`/api/tokens/${admin?.id}`, { method: 'DELETE' })
  t.equal(refused.status, 409)
  t.match(await json(refused), { code: 'last-admin', cure: String })
})

t.test('the audit is paged, exported and verified, and says who by name', async (t) => {
  // In one transaction: a busy disk may take half a minute over 450.
  const database = rawDatabase(door.folder)
  const audit = createAuditLog(database, Date.now)
  database.transaction(() => {
    for (let i = 0; i < 450; i++) audit.append({ actor: 'system', action: 'test.row' })
  })()
  database.close()
  let cursor: unknown
  const seen: unknown[] = []
  do {
    const query = typeof cursor === 'string' ? `?limit=200&cursor=${cursor}` : '?limit=200'
    const page = await json(await ask(`/api/audit${query}`))
    seen.push(...(page['items'] as { id: number }[]).map(({ id }) => id))
    cursor = page['nextCursor']
  } while (cursor !== null)
  const { sequence } = store.audit.head()
  t.same(
    seen,
    Array.from({ length: sequence }, (_, index) => sequence - index),
  )

  const ndjson = await (await ask('/api/audit/export.ndjson')).text()
  t.equal(ndjson.trimEnd().split('\n').length, sequence)
  t.match(ndjson, /"actorName":"admin"/)
  const csv = await ask('/api/audit/export.csv')
  t.equal(csv.headers.get('Content-Type'), 'text/csv; charset=utf-8')
  t.equal((await csv.text()).trimEnd().split('\r\n').length, sequence + 1)

  const whole = await json(await ask('/api/audit/verify'))
  const { hash } = store.audit.head()
  t.match(whole, { intact: true, entries: sequence, head: `${sequence}:${hash}`, fault: null })

  const raw = rawDatabase(door.folder)
  const trigger = String(
    raw
      .prepare("SELECT sql FROM sqlite_schema WHERE name = 'audit_is_never_changed'")
      .pluck()
      .get(),
  )
  raw.exec('DROP TRIGGER audit_is_never_changed')
  raw.prepare("UPDATE audit SET action = 'test.other' WHERE sequence = 301").run()
  const broken = await json(await ask('/api/audit/verify'))
  t.match(broken, {
    intact: false,
    entries: 300,
    head: null,
    fault: 'row 301 was changed or moved',
  })
  raw.prepare("UPDATE audit SET action = 'test.row' WHERE sequence = 301").run()
  raw.exec(trigger)
  raw.close()
  t.match(await json(await ask('/api/audit/verify')), { intact: true })
})

t.test('a group has its hours, and stays while somebody is in it', async (t) => {
  const made = await ask('/api/groups', { method: 'POST', json: { name: 'Night shift' } })
  t.equal(made.status, 201)
  t.match(await json(made), { id: 'night-shift', persons: 0 })
  const twice = await ask('/api/groups', { method: 'POST', json: { name: 'night SHIFT' } })
  t.match(await json(twice), { code: 'group-exists', status: 409 })
  t.match(await json(await ask('/api/groups', { method: 'POST', json: { name: '清掃' } })), {
    id: 'group-1',
  })

  const before = await ask('/api/schedules/night-shift')
  const etag = before.headers.get('ETag') ?? ''
  t.match(await json(before), { isSet: false, weekly: [{ from: '00:00', to: '00:00' }], etag })
  const schedule = {
    timeZone: 'Asia/Tokyo',
    weekly: [{ days: ['mon', 'fri'], from: '22:00', to: '06:00' }],
    holidays: [{ date: '2027-01-01', name: 'New Year' }],
  }
  const put = (json_: unknown, match: string) =>
    ask('/api/schedules/night-shift', {
      method: 'PUT',
      json: json_,
      headers: { 'If-Match': match },
    })
  const set = await put(schedule, etag)
  t.equal(set.status, 200)
  t.match(await json(set), { ...schedule, isSet: true })
  t.equal((await put(schedule, etag)).status, 412, 'somebody else was first')
  for (const bad of [
    { ...schedule, timeZone: 'Mars/Olympus' },
    { ...schedule, weekly: [{ days: [], from: '22:00', to: '06:00' }] },
    { ...schedule, weekly: [{ days: ['mon'], from: '25:00', to: '06:00' }] },
    { ...schedule, holidays: [{ date: '2027-02-30' }] },
  ]) {
    t.equal((await put(bad, '*')).status, 400)
  }
  t.equal((await ask('/api/schedules/nobody')).status, 404)

  const person = store.persons.create('Jun', 'test')
  store.persons.update(person.id, { groups: ['night-shift'] }, 'test')
  const inUse = await ask('/api/groups/night-shift', { method: 'DELETE' })
  t.match(await json(inUse), { code: 'group-in-use', status: 409 })
  store.persons.update(person.id, { groups: [] }, 'test')
  t.equal((await ask('/api/groups/night-shift', { method: 'DELETE' })).status, 204)
  t.equal((await ask('/api/groups/night-shift', { method: 'DELETE' })).status, 404)
})

t.test('the door opens with a reason, once a key, and not in a lockdown', async (t) => {
  const { items } = (await json(await ask('/api/doors'))) as { items: Record<string, unknown>[] }
  t.match(items, [{ id: 'front', state: 'unknown', lockdown: null, actuator: 'gpio' }])
  const open = (key: string, reason: unknown = 'parcel') =>
    ask('/api/doors/front/open', {
      method: 'POST',
      json: { reason },
      headers: { 'Idempotency-Key': key },
    })
  t.match(await json(await open('a')), { outcome: 'opened', confirmed: true })
  t.match(await json(await open('a')), { outcome: 'opened' })
  t.equal(door.orders.length, 1, 'the repeated request moved nothing')
  for (const reason of ['', '  ', 7, 'x'.repeat(201)]) {
    t.equal((await open('b', reason)).status, 400)
  }
  t.match(store.doorLog.list(1), [{ kind: 'actuation', cause: { reason: 'parcel' } }])
  t.equal(
    (await ask('/api/doors/back/open', { method: 'POST', json: { reason: 'x' } })).status,
    404,
  )

  const etag = String(items[0]?.['etag'])
  const lock = (on: boolean, match: string) =>
    ask('/api/doors/front/lockdown', {
      method: 'PUT',
      json: { on, reason: 'drill' },
      headers: { 'If-Match': match },
    })
  const locked = await lock(true, etag)
  t.match(await json(locked), { lockdown: { reason: 'drill', by: /^token:/ } })
  t.equal((await lock(false, etag)).status, 412)
  const refused = await open('c')
  t.equal(refused.status, 409)
  t.match(await json(refused), { code: 'not-opened', cause: /locked down/ })
  t.equal(door.orders.length, 1)
  t.match(await json(await lock(false, locked.headers.get('ETag') ?? '')), { lockdown: null })
  t.match(await json(await open('c')), { outcome: 'opened' }, 'a refusal is not kept')
  t.match(actions().slice(0, 5), [
    'door.open.opened',
    'door.open.ordered',
    'door.release',
    'door.open.refused',
    'door.lockdown',
  ])
})

t.test('settings are set at once or at a restart, which is said, and given back', async (t) => {
  const before = await ask('/api/settings')
  const etag = before.headers.get('ETag') ?? ''
  t.match(await json(before), {
    values: { targetFpir: 0.001, askAfterMs: 3000, decisionsDays: 365, picturesDays: null },
    set: [],
    atRestart: ['askAfterMs'],
    awaitingRestart: [],
  })
  const patch = (change: unknown, match = '*') =>
    ask('/api/settings', { method: 'PATCH', json: change, headers: { 'If-Match': match } })
  const tau = door.recognition.threshold()?.value ?? NaN
  const changed = await patch({ targetFpir: 0.0001, askAfterMs: 5000, decisionsDays: null }, etag)
  t.match(await json(changed), {
    values: { targetFpir: 0.0001, askAfterMs: 5000, decisionsDays: null },
    set: ['askAfterMs', 'decisionsDays', 'targetFpir'],
    awaitingRestart: ['askAfterMs'],
  })
  t.ok((door.recognition.threshold()?.value ?? NaN) < tau, 'a stricter target holds at once')
  t.equal((await patch({ kioskSound: false }, etag)).status, 412)
  for (const bad of [
    { targetFpir: 0.5 },
    { askAfterMs: '3000' },
    { store: 'x' },
    { picturesDays: 0 },
    { nameOnKiosk: 'loud' },
  ]) {
    t.equal((await patch(bad)).status, 400, JSON.stringify(bad))
  }
  const together = await patch({ askAfterMs: 30_000, kioskSound: false })
  t.match(await json(together), { code: 'setting-refused', status: 422 })
  t.match(await json(await ask('/api/kiosk/settings', { role: 'kiosk' })), {
    nameOnKiosk: 'masked',
    kioskLanguage: 'en',
    kioskSound: true,
    cooldownMs: 3000,
  })
  const stale = await ask('/api/settings/targetFpir', {
    method: 'DELETE',
    headers: { 'If-Match': etag },
  })
  t.equal(stale.status, 412, 'nor is a setting given back that somebody else has changed')
  const reset = await ask('/api/settings/targetFpir', { method: 'DELETE' })
  t.match(await json(reset), { values: { targetFpir: 0.001 } })
  t.equal(door.recognition.threshold()?.value, tau)
  t.equal((await ask('/api/settings/nothing', { method: 'DELETE' })).status, 400)
  t.match(store.audit.list({ limit: 4 }), [
    { action: 'settings.reset', subjectId: 'targetFpir', actor: /^token:/ },
    { action: 'settings.change' },
    { action: 'settings.change' },
    { action: 'settings.change' },
  ])
})

/** The data of the first event of this name. */
async function firstEvent(response: Response, name: string): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    const found = text.split('\n\n').find((block) => block.startsWith(`event: ${name}\n`))
    if (found !== undefined) return found
  }
  throw new Error(`no event ${name}`)
}

t.test('whoever takes the token of a display learns no more names than it shows', async (t) => {
  const decision = grantedDecision({ id: '01JD4QXNWZ8Y3Q4R5S6T7V8W9X', name: 'Franck' })
  for (const [nameOnKiosk, shown] of [
    ['masked', 'F…'],
    ['none', '…'],
    ['full', 'Franck'],
  ] as const) {
    await ask('/api/settings', { method: 'PATCH', json: { nameOnKiosk } })
    const streams = await Promise.all(
      (['kiosk', 'viewer'] as const).map((role) => ask('/api/live/events', { role })),
    )
    const heard = streams.map((stream) => firstEvent(stream, 'decision'))
    door.live.showDecision(decision, 1)
    const [display, viewer] = await Promise.all(heard)
    t.match(display, `"name":"${shown}"`, nameOnKiosk)
    t.match(viewer, '"name":"Franck"')
  }
  await ask('/api/settings/nameOnKiosk', { method: 'DELETE' })
})

t.test('consents are recorded and followed, never changed', async (t) => {
  const { id } = store.persons.create('Aiko', 'test')
  const record = (json_: unknown) =>
    ask(`/api/persons/${id}/consents`, { method: 'POST', json: json_ })
  t.equal((await record({ textVersion: '2026-11', givenBy: 'Aiko' })).status, 201)
  const at = '2026-11-01T09:00:00+09:00'
  t.match(await json(await record({ kind: 'withdrawn', textVersion: '2026-11', at })), {
    kind: 'withdrawn',
    at: '2026-11-01T00:00:00.000Z',
    recordedBy: /^token:/,
  })
  t.match(await json(await ask(`/api/persons/${id}/consents`, { role: 'viewer' })), {
    items: [
      { kind: 'given', givenBy: 'Aiko' },
      { kind: 'withdrawn', givenBy: null },
    ],
  })
  for (const bad of [{}, { textVersion: '' }, { textVersion: 'x', kind: 'maybe' }]) {
    t.equal((await record(bad)).status, 400)
  }
  const nobody = '/api/persons/01JD4QXNWZ8Y3Q4R5S6T7V8W9X/consents'
  t.equal((await ask(nobody)).status, 404)
  t.equal((await ask(nobody, { method: 'POST', json: { textVersion: 'x' } })).status, 404)
})

t.test('a purge takes persons by their own date; a dry run takes nothing', async (t) => {
  const day = 24 * 3_600_000
  const gone = store.persons.create('Gone', 'test')
  const stays = store.persons.create('Stays', 'test')
  store.persons.update(gone.id, { retainUntilMs: Date.now() - day }, 'test')
  store.persons.update(stays.id, { retainUntilMs: Date.now() + day }, 'test')
  const purge = async (query: string) =>
    json(await ask(`/api/retention/purge${query}`, { method: 'POST' }))
  t.match(await purge('?dryRun=true'), { dryRun: true, persons: 1 })
  t.ok(store.persons.get(gone.id))
  t.match(await purge(''), { dryRun: false, persons: 1 })
  t.notOk(store.persons.get(gone.id))
  t.ok(store.persons.get(stays.id))
  t.match(await purge(''), { persons: 0 })
  t.ok(actions().includes('retention.preview') && actions().includes('retention.purge'))
})

t.test('what other thresholds would cost is there to be plotted, with intervals', async (t) => {
  const curves = (await json(await ask('/api/threshold/curves'))) as unknown as ThresholdCurves
  const { byThreshold, byPersons } = curves
  t.ok(byThreshold.length > 30 && byPersons.length > 10)
  const between = ({ low, estimate, high }: Rate) =>
    0 <= low && low <= estimate && estimate <= high && high <= 1
  for (const { fmr, fnmr, fpir } of byThreshold) t.ok([fmr, fnmr, fpir].every(between))
  for (const { expectedFpir, expectedFnir } of byPersons) {
    t.ok([expectedFpir, expectedFnir].every(between))
    t.ok(expectedFpir.high <= 0.001 + 1e-9, 'the upper bound keeps the target at every K')
  }
  const thresholds = byPersons.map(({ threshold }) => threshold)
  t.same(
    thresholds,
    thresholds.toSorted((a, b) => b - a),
    'more people, stricter',
  )
})

t.test('metrics need a token, health and readiness need none', async (t) => {
  t.equal((await door.app.request('/metrics')).status, 401)
  const metrics = await ask('/metrics', { role: 'viewer' })
  t.match(metrics.headers.get('Content-Type'), /^text\/plain/)
  t.match(await metrics.text(), /^# HELP genkan_decisions_total/m)
  const ready = await door.app.request('/ready')
  t.same([ready.status, await ready.json()], [200, { ready: true, lacks: [] }])
})
