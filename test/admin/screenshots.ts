import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { launchChromium } from './chromium.js'
import { startConsoleDaemon } from './console-daemon.js'
import { openConsolePage, signIn } from './console-page.js'

/** Pictures of every page and of both displays, of a real daemon: `npm run screenshots FOLDER`. */
const [, , folder = 'build/screenshots'] = process.argv
const PAGES = [
  ...['live', 'people', 'people/new', 'decisions', 'doors'],
  ...['threshold', 'liveness', 'tokens', 'audit', 'system'],
]
const WIDTHS = [1280, 390]
const DISPLAYS = [
  [1080, 1920],
  [800, 480],
] as const
const SETTLE_MS = 2_000

mkdirSync(folder, { recursive: true })
const daemon = await startConsoleDaemon()
const browser = await launchChromium()
for (const width of WIDTHS) {
  const { page } = await openConsolePage(browser, daemon.url, { width })
  await signIn(page, daemon.url, daemon.token)
  for (const name of PAGES) {
    await page.evaluate(`location.hash = '#/${name}'`)
    await page.waitForTimeout(SETTLE_MS)
    await page.screenshot({ path: join(folder, `${name.replace('/', '-')}-${width}.png`) })
  }
  await page.close()
}
for (const [width, height] of DISPLAYS) {
  const { page } = await openConsolePage(browser, daemon.url, { width, height })
  await page.goto(`${daemon.url}kiosk#token=${daemon.token}`)
  await page.waitForTimeout(SETTLE_MS)
  await page.screenshot({ path: join(folder, `kiosk-${width}x${height}.png`) })
  await page.close()
}
await browser.close()
await daemon.stop()
process.exit(0)
