import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import type { Browser } from 'playwright-core'
import t from 'tap'

import type { ReplayItem } from '../../src/capture/replay-playlist.js'
import { assetPath } from '../../src/models/registry.js'
import { chromiumMissing, launchChromium } from './chromium.js'
import { startConsoleDaemon } from './console-daemon.js'
import type { ConsoleDaemon } from './console-daemon.js'
import { goToPage, isWithinWidth, openConsolePage, signIn } from './console-page.js'

const opts = { skip: chromiumMissing, timeout: 400_000 }
t.setTimeout(500_000)

/** Pauses in which nobody is there: the painter of lowest priority stands still while a face is judged. */
const CAMERA = '{ source: replay, gapS: 8 }'
/** Somebody comes, and soon goes. */
const VISIT: readonly ReplayItem[] = [
  {
    kind: 'clip',
    label: 'a man talking',
    file: assetPath('franck.mp4'),
    startS: 0,
    durationS: 3,
  },
]
/** That painter on a busy machine. */
const PAINTED_MS = 240_000
/** Before a picture is set or drawn there is none. */
const EXPECTED = /(401|404|405|503|504).*\/api\/|^Canvas2D: Multiple readback/

let browser: Browser
let daemon: ConsoleDaemon
t.before(async () => {
  if (chromiumMissing) return
  ;[browser, daemon] = await Promise.all([launchChromium(), startConsoleDaemon(CAMERA, VISIT)])
})
t.after(async () => {
  if (chromiumMissing) return
  await browser.close()
  await daemon.stop()
})

t.test('paint a picture, watch it, show it at the door, look into the net', opts, async (t) => {
  const { page, troubles } = await openConsolePage(browser, daemon.url, {
    width: 1280,
    expected: EXPECTED,
  })
  const shots = process.env['GENKAN_SHOTS']
  const picture = async (name: string) => {
    if (shots === undefined) return
    mkdirSync(shots, { recursive: true })
    await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true })
  }
  await signIn(page, daemon.url, daemon.token)
  await goToPage(page, 'Pictures')
  await page.getByText('Nothing has been painted yet').waitFor()
  const paint = page.getByRole('button', { name: 'Paint', exact: true })
  t.equal(await paint.isDisabled(), true, 'nothing is chosen yet')
  await page.getByRole('button', { name: 'From the door' }).click()
  await page.getByRole('button', { name: 'Ink on paper' }).click()
  t.equal(await paint.isDisabled(), true, 'nobody was asked yet')
  await page.getByLabel('Whoever is in the picture has agreed').check()
  t.equal(await paint.isDisabled(), false)
  await page.getByRole('button', { name: 'Mona Lisa' }).click()
  await page.getByLabel('Longer side').selectOption('128')
  await page.getByLabel('Steps at each size').fill('20')
  await page.waitForTimeout(shots === undefined ? 0 : 20_000)
  await picture('order')
  await paint.click()
  const easel = page.locator('.easel-body')
  await easel.waitFor()
  await page.locator('.easel-body:not([data-preview="0"])').waitFor({ timeout: PAINTED_MS })
  await page.waitForFunction(
    `document.querySelector('img.easel-picture')?.naturalWidth > 0`,
    undefined,
    { timeout: PAINTED_MS },
  )
  await picture('easel')
  const finished = page.locator('.gallery li[data-state="done"]')
  await finished.waitFor({ timeout: PAINTED_MS })
  t.equal(await easel.count(), 0, 'the easel is free again')

  await page.getByRole('button', { name: 'Show at the door' }).click()
  await page.getByText('The display shows it within minutes').waitFor()
  await page.locator('.idle-now').waitFor()
  const answer = await fetch(`${daemon.url}api/kiosk/idle.jpg`, {
    headers: { Authorization: `Bearer ${daemon.token}` },
  })
  t.equal(answer.headers.get('content-type'), 'image/jpeg')

  await page.getByLabel('Layer', { exact: true }).selectOption('conv3')
  await page.getByLabel('Unit').fill('7')
  const look = page.getByRole('button', { name: 'Look', exact: true })
  for (let tries = 0; tries < 20; tries++) {
    await look.click()
    await look.waitFor({ timeout: PAINTED_MS })
    if ((await page.locator('.see-sheet').count()) > 0) break
  }
  await page.locator('.see-sheet').waitFor()
  await picture('done')

  for (const [width, height] of [
    [390, 844],
    [1280, 900],
  ] as const) {
    await page.setViewportSize({ width, height })
    t.ok(await isWithinWidth(page), `${width} px`)
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.waitForTimeout(shots === undefined ? 0 : 500)
    await picture(`dark-${width}`)
  }
  await page.locator('.lintel select').selectOption('ja')
  await page.getByText('ギャラリー').waitFor()
  await picture('japanese')
  await page.getByRole('button', { name: '削除' }).click()
  await page.locator('dialog').getByRole('button', { name: '削除' }).click()
  await page.getByText('まだ何も描かれていません').waitFor()
  t.same(troubles, [])
  await page.close()
})

t.test('the display at the door shows the idle picture', opts, async (t) => {
  // Only where nobody is, the display is idle.
  await daemon.halt()
  await daemon.start('{ source: replay, gapS: 20 }')
  const { page } = await openConsolePage(browser, daemon.url, {
    width: 800,
    height: 480,
    expected: EXPECTED,
  })
  await page.goto(`${daemon.url}kiosk#token=${daemon.token}`)
  await page.waitForFunction(`document.querySelector('.kiosk') !== null`)
  await page.locator('.kiosk[data-scene="idle"] .idle-picture').waitFor({ timeout: 60_000 })
  const shots = process.env['GENKAN_SHOTS']
  if (shots !== undefined) await page.screenshot({ path: join(shots, 'kiosk.png') })
  t.ok(await page.evaluate(`document.querySelector('.idle-picture').naturalWidth > 0`))
  await page.close()
})

t.end()
