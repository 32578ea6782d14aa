import type { Browser, Page } from 'playwright-core'
import sharp from 'sharp'
import t from 'tap'
import type { Test } from 'tap'

import { serveAdmin } from '../../src/admin/serve.js'
import type { AdminServer } from '../../src/admin/serve.js'
import { addAxe, violationsOf } from './axe.js'
import { readDocument, routesOf } from './api-document.js'
import { chromiumMissing, launchChromium } from './chromium.js'
import { goToPage, isWithinWidth, openConsolePage, signIn } from './console-page.js'
import { openRealDoor } from './real-door.js'

/** The pages that need no camera, over a real store and real nets. */
t.setTimeout(300_000)
const opts = { skip: chromiumMissing, timeout: 120_000 }

/** No session yet, no picture of a camera, no idle picture, a file that is none. */
const EXPECTED = /(401|404|415|503).*\/api\//

const door = await openRealDoor(t)
let browser: Browser
let server: AdminServer
t.before(async () => {
  if (chromiumMissing) return
  browser = await launchChromium()
  server = await serveAdmin({ app: door.app, host: '127.0.0.1', port: 0 })
})
t.after(async () => {
  if (chromiumMissing) return
  await browser.close()
  await server.stop()
})

async function open(t: Test, width: number, bypassCSP = false) {
  const opened = await openConsolePage(browser, server.url, {
    width,
    expected: EXPECTED,
    bypassCSP,
  })
  t.teardown(() => opened.page.close())
  return opened
}

t.test(
  'the API is explained: every route with its roles, every problem with its cure',
  opts,
  async (t) => {
    const { page, troubles } = await open(t, 390, true)
    await page.goto(`${server.url}docs`)
    await page.locator('.operation').first().waitFor()
    const document = await readDocument(door.app)
    t.equal(await page.locator('.operation').count(), routesOf(document).length)
    const remove = page
      .locator('.operation')
      .filter({ has: page.locator('summary code', { hasText: /^\/api\/persons\/\{id\}$/ }) })
      .filter({ has: page.locator('.method[data-method=delete]') })
    await remove.locator('summary').click()
    await remove.getByText('Roles: admin. Any other gets 403, no valid token 401.').waitFor()
    t.match(await remove.locator('pre').textContent(), /curl .*-X DELETE .*\/api\/persons\/\$ID$/)
    await page.locator('#looks-like-a-photo').waitFor()
    t.ok(await isWithinWidth(page))
    await addAxe(page)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      t.same(await violationsOf(page), [], colorScheme)
    }
    t.same(troubles, [])
  },
)

/** Pixels of the plots that are neither empty nor all alike: something is drawn. */
function plotsDrawn(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      [...document.querySelectorAll<HTMLCanvasElement>('.plot canvas')].filter((canvas) => {
        const { data } = canvas
          .getContext('2d')
          ?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] }
        return data.some((value) => value !== 0)
      }).length,
  )
}

t.test('a target that the calibration cannot prove is said to be so', opts, async (t) => {
  const { page, troubles } = await open(t, 1280)
  await signIn(page, server.url, door.tokens.admin)
  await goToPage(page, 'Threshold')
  await page.locator('.plot canvas').nth(2).waitFor()
  await page.getByText('Strangers let in (FPIR)').first().waitFor()
  const unsupported = page.getByText('The calibration holds too few trials to prove this target')
  t.equal(await unsupported.count(), 0)
  t.equal(await plotsDrawn(page), 3)

  await goToPage(page, 'System')
  await page.getByLabel('Target FPIR').fill('0.000001')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved').first().waitFor()
  await goToPage(page, 'Threshold')
  await unsupported.waitFor()

  await goToPage(page, 'System')
  await page.getByRole('button', { name: 'Back to the configuration' }).click()
  await page.waitForFunction(
    () => document.querySelector<HTMLInputElement>('input[step=any]')?.value === '0.001',
  )
  t.same(troubles, [])
})

t.test('an idle picture is chosen, shown and taken away', opts, async (t) => {
  const { page, troubles } = await open(t, 390)
  await signIn(page, server.url, door.tokens.admin)
  await goToPage(page, 'Pictures')
  await page.getByText('The display shows its own drawing').waitFor()
  const buffer = await sharp({
    create: { width: 320, height: 240, channels: 3, background: '#456' },
  })
    .png()
    .toBuffer()
  const choose = page.getByLabel('Choose a picture')
  await choose.setInputFiles({ name: 'idle.png', mimeType: 'image/png', buffer })
  await page.getByText('The display shows it within minutes').waitFor()
  await page.locator('.idle-now').waitFor()
  const shown = await door.ask('/api/kiosk/idle.jpg', { role: 'kiosk' })
  t.match(await sharp(Buffer.from(await shown.arrayBuffer())).metadata(), { width: 320 })
  await choose.setInputFiles({ name: 'x.png', mimeType: 'image/png', buffer: Buffer.from('x') })
  await page.getByText('The bytes are not a JPEG, PNG or WebP picture').waitFor()
  t.ok(await isWithinWidth(page))
  await page.getByRole('button', { name: 'Take the idle picture away' }).click()
  await page.getByText('The display shows its own drawing').waitFor()
  t.equal((await door.ask('/api/kiosk/idle.jpg')).status, 404)
  t.same(troubles, [])
})

t.end()
