import t from 'tap'

import { createAdminApp } from '../../src/admin/app.js'
import type { FleetDoorEntry } from '../../src/admin/ports/fleet.js'
import { serveAdmin } from '../../src/admin/serve.js'
import { addAxe, violationsOf } from './axe.js'
import { chromiumMissing, launchChromium } from './chromium.js'
import { isWithinWidth, openConsolePage, signIn } from './console-page.js'
import { createMemoryDoor } from './memory-door.js'

const first: FleetDoorEntry = {
  kiosk: '01JD4QXNWZ8Y3Q4R5S6T7V8W9X',
  name: 'North gate',
  standing: 'member',
  isThis: true,
  seenAt: '2026-11-27T08:00:00.000Z',
  version: '1.4.0',
  door: 'north',
  health: 'online',
  cause: null,
  models: { encoder: 'encoder-a' },
  calibration: '0123456789ab',
  groups: [],
  admitsNobody: false,
  rule: null,
  sequence: 40,
  pending: 0,
}
const second: FleetDoorEntry = {
  ...first,
  kiosk: '01JD4QXNWZ8Y3Q4R5S6T7V8W9Y',
  name: 'South gate',
  isThis: false,
  health: 'degraded',
  cause: 'the camera gives no picture',
  models: { encoder: 'encoder-b' },
  groups: ['staff'],
  sequence: 33,
  pending: 2,
}
const silent: FleetDoorEntry = {
  ...first,
  kiosk: '01JD4QXNWZ8Y3Q4R5S6T7V8W9Z',
  name: 'Old gate',
  standing: 'removed',
  isThis: false,
  seenAt: null,
  version: null,
  door: null,
  health: null,
  models: {},
  calibration: null,
  sequence: null,
  pending: null,
}

const memory = createMemoryDoor()
const told: object[] = []
const app = createAdminApp({
  ...memory.ports,
  fleet: {
    view: () =>
      Promise.resolve({
        state: 'connected',
        trouble: null,
        ageMinutes: 0.2,
        pending: 0,
        doors: [first, second, silent],
        duplicates: [{ personId: first.kiosk, otherId: second.kiosk }],
        rollout: {
          from: 'encoder-a',
          to: 'encoder-b',
          stages: 2,
          reached: 1,
          hindrances: ['South gate: is not well: the camera gives no picture'],
        },
      }),
    setAdmits(kiosk, rule, actor) {
      if (kiosk !== second.kiosk) return 'no-such-door'
      if (rule.groups?.includes('nobody-knows')) return 'no-such-group'
      told.push({ kiosk, rule, actor })
      return 'set'
    },
  },
})

t.test('the API tells how every door of the fleet stands', async (t) => {
  const ask = (authorization: string) => app.request('/api/fleet', { headers: { authorization } })
  t.equal((await ask('Bearer nobody')).status, 401)
  const answer = await ask(`Bearer ${memory.token}`)
  t.equal(answer.status, 200)
  t.match(await answer.json(), { state: 'connected', doors: [first, second, silent] })
  const put = (kiosk: string, groups: unknown, authorization = `Bearer ${memory.token}`) =>
    app.request(`/api/fleet/doors/${kiosk}/admits`, {
      method: 'PUT',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ groups }),
    })
  t.equal((await put(second.kiosk, ['staff'])).status, 204)
  t.equal((await put(second.kiosk, null)).status, 204)
  t.match(told, [{ rule: { groups: ['staff'] } }, { rule: { groups: null } }])
  t.equal((await put(first.kiosk, [])).status, 404)
  t.equal((await put(second.kiosk, ['nobody-knows'])).status, 404)
  t.equal((await put(second.kiosk, 'staff')).status, 400)
  t.equal((await put(second.kiosk, [], 'Bearer nobody')).status, 401)
  t.equal(told.length, 2)
  const alone = createAdminApp(createMemoryDoor().ports)
  t.equal((await alone.request('/api/fleet')).status, 401)
})

t.test(
  'the console lists the doors, and says where they differ',
  { skip: chromiumMissing, timeout: 120_000 },
  async (t) => {
    const browser = await launchChromium()
    t.teardown(() => browser.close())
    const server = await serveAdmin({ app, host: '127.0.0.1', port: 0 })
    t.teardown(() => server.stop())
    for (const [locale, title, differ] of [
      ['en-GB', 'Doors of the fleet', 'The doors do not all run one version'],
      ['ja-JP', '連携するドア', '揃っていないドアがあります'],
    ] as const) {
      const opened = await openConsolePage(browser, server.url, {
        width: 390,
        locale,
        bypassCSP: true,
        expected: /(401|404|503).*\/api\//,
      })
      await signIn(opened.page, server.url, memory.token)
      await opened.page.evaluate("location.hash = '#/doors'")
      const table = opened.page.locator(`[role=region][aria-label="${title}"]`)
      await table.waitFor()
      t.equal(await table.locator('tbody tr').count(), 3)
      t.match(await table.locator('tbody tr').nth(1).textContent(), /South gate.*staff.*encoder-b/)
      t.equal(await opened.page.getByText(differ).count(), 1)
      await table.getByRole('button').nth(1).click()
      const dialog = opened.page.locator('dialog[open]')
      await dialog.locator('button.primary').waitFor()
      t.equal(await dialog.getByRole('checkbox').first().isChecked(), false)
      await addAxe(opened.page)
      t.same(await violationsOf(opened.page), [], `${locale}, the dialog`)
      await dialog.getByRole('checkbox').first().check()
      await dialog.locator('button.primary').click()
      await dialog.waitFor({ state: 'detached' })
      t.match(told.at(-1), { kiosk: second.kiosk, rule: { groups: null } })
      t.ok(await isWithinWidth(opened.page))
      await addAxe(opened.page)
      t.same(await violationsOf(opened.page), [], locale)
      t.same(opened.troubles, [])
      await opened.page.close()
    }
  },
)
