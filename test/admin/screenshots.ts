import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import type { Browser, Page } from 'playwright-core'

import { launchChromium } from './chromium.js'
import { writeWebcamClip } from './clip-frames.js'
import { startConsoleDaemon } from './console-daemon.js'
import type { ConsoleDaemon } from './console-daemon.js'
import { openConsolePage, signIn } from './console-page.js'
import { KIOSK_SCENES, openKioskDoor } from './kiosk-display.js'

/**
 * Pictures of every page and of both displays: `npm run screenshots -- [FOLDER] [NAME…]`, where a name
 * is that of a page or `kiosk`. The console is that of a real daemon with somebody enrolled; the
 * display's scenes are played to it one by one.
 */
const [, , folder = 'build/screenshots', ...names] = process.argv
const wanted = (name: string) => names.length === 0 || names.includes(name)

/** Nothing here may fail because the machine has other work. */
const PATIENCE_MS = 180_000
const DECISION_MS = 40_000

const LOOKS = [
  { width: 1280, language: 'en', colorScheme: 'light' },
  { width: 1280, language: 'ja', colorScheme: 'dark' },
  { width: 390, language: 'ja', colorScheme: 'light' },
  { width: 390, language: 'en', colorScheme: 'dark' },
] as const
type Look = (typeof LOOKS)[number]

const DISPLAYS = [
  [1080, 1920],
  [800, 480],
] as const

/** Until everything asked for is there and drawn. */
async function settle(page: Page): Promise<void> {
  await page.waitForFunction(
    () =>
      document.querySelector('.waiting') === null &&
      [...document.images].every(({ complete }) => complete) &&
      document.fonts.status === 'loaded',
    undefined,
    { timeout: PATIENCE_MS },
  )
  await page.waitForTimeout(400)
}

/** The whole page, in a window as high as it, so that what is fixed to the window's edge stays there. */
async function picture(page: Page, name: string): Promise<void> {
  await settle(page)
  const window = page.viewportSize() ?? { width: 1280, height: 844 }
  const height = Number(await page.evaluate('document.documentElement.scrollHeight'))
  await page.setViewportSize({ ...window, height: Math.max(height, window.height) })
  await page.waitForTimeout(200)
  await page.screenshot({
    path: join(folder, `${name}.png`),
    animations: 'disabled',
    timeout: PATIENCE_MS,
  })
  await page.setViewportSize(window)
  process.stdout.write(`${name}\n`)
}

interface Enrolled {
  readonly id: string
}

/**
 * Enrols the man of the replay, orders a picture, and waits until he was turned away and let in; on a machine too busy
 * for that the pictures show what there is.
 */
async function furnish({ url, token, picture: face }: ConsoleDaemon): Promise<Enrolled> {
  const headers = { Authorization: `Bearer ${token}` }
  const json = { ...headers, 'Content-Type': 'application/json' }
  const add = async (name: string) => {
    const body = JSON.stringify({ name })
    const answer = await fetch(`${url}api/persons`, { method: 'POST', headers: json, body })
    return (await answer.json()) as Enrolled
  }
  const decided = async (outcome: string) => {
    const deadlineMs = performance.now() + DECISION_MS
    while (performance.now() < deadlineMs) {
      const answer = await fetch(`${url}api/decisions?outcome=${outcome}`, { headers })
      const { items } = (await answer.json()) as { items: unknown[] }
      if (items.length > 0) return
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
    process.stdout.write(`nobody was ${outcome} within ${DECISION_MS / 1000} s\n`)
  }
  await decided('denied')
  const franck = await add('Franck')
  await add('佐藤')
  const answer = await fetch(`${url}api/persons/${franck.id}/faces`, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'image/jpeg' },
    body: new Uint8Array(face),
  })
  if (!answer.ok) throw new Error(await answer.text())
  const order = await fetch(`${url}api/style/jobs`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({
      content: { kind: 'library', id: 'mona-lisa' },
      style: { kind: 'library', id: 'waves' },
      settings: { sizePixels: 256, stepsPerLevel: 40 },
    }),
  })
  if (!order.ok) throw new Error(await order.text())
  await decided('granted')
  return franck
}

/** How to get to each page, and what must be there before its picture is taken. */
function stepsOf({ id }: Enrolled): Readonly<Record<string, (page: Page) => Promise<unknown>>> {
  const at = (path: string, shows?: string) => async (page: Page) => {
    await page.evaluate(`location.hash = '#/${path}'`)
    await page
      .locator(shows ?? `main[data-page=${path.split(/[/?]/)[0]}] :is(.panel, .toolbar)`)
      .first()
      .waitFor()
  }
  return {
    live: at('live', '.live:not([data-pictures="0"])'),
    people: at('people', '.person-card'),
    'people-new': at('people/new'),
    person: at(`people/${id}`, '.face-list img'),
    'person-webcam': async (page) => {
      await at(`people/${id}`, '.face-list img')(page)
      await page.locator('.tabs button').nth(1).click()
      await page.locator('.enrol .row-buttons button').click()
      await page.locator('.viewfinder:not([hidden])').waitFor()
      await page.waitForTimeout(1_000)
    },
    'person-door': async (page) => {
      await at(`people/${id}`, '.face-list img')(page)
      await page.locator('.tabs button').nth(2).click()
      await page.locator('.live:not([data-pictures="0"])').waitFor()
    },
    decisions: async (page) => {
      await at('decisions', '#decisions > li')(page)
      const granted = page.locator('#decisions > li[data-outcome=granted] button.row-line')
      const any = page.locator('#decisions button.row-line')
      await ((await granted.count()) > 0 ? granted : any).first().click()
    },
    doors: at('doors'),
    threshold: at('threshold', '.panel'),
    liveness: at('liveness', 'meter'),
    style: at('style', '.gallery li[data-state="done"]'),
    tokens: at('tokens'),
    audit: at('audit'),
    system: at('system'),
  }
}

async function pictureConsole(browser: Browser, daemon: ConsoleDaemon, look: Look, who: Enrolled) {
  const { width, language, colorScheme } = look
  const { page } = await openConsolePage(browser, daemon.url, { width, locale: language })
  page.setDefaultTimeout(PATIENCE_MS)
  await page.emulateMedia({ colorScheme })
  const suffix = `${width}-${language}-${colorScheme}`
  await page.goto(daemon.url)
  await page.locator('#token').waitFor()
  if (wanted('sign-in')) await picture(page, `sign-in-${suffix}`)
  await signIn(page, daemon.url, daemon.token)
  for (const [name, goThere] of Object.entries(stepsOf(who)).filter(([name]) => wanted(name))) {
    await goThere(page)
    await picture(page, `${name}-${suffix}`)
  }
  if (wanted('docs')) {
    await page.goto(`${daemon.url}docs`)
    await page.locator('.operation').first().waitFor()
    await picture(page, `docs-${suffix}`)
  }
  await page.close()
}

async function pictureKiosk(browser: Browser) {
  for (const locale of ['en', 'ja'] as const) {
    const kiosk = await openKioskDoor(locale)
    for (const [width, height] of DISPLAYS) {
      const { page } = await openConsolePage(browser, kiosk.url, { width, height, locale })
      page.setDefaultTimeout(PATIENCE_MS)
      await page.goto(`${kiosk.url}kiosk#token=${kiosk.token}`)
      for (const scene of KIOSK_SCENES) {
        kiosk.play(scene)
        await page
          .locator(`.kiosk[data-scene]:not([data-scene=notice])`)
          .or(page.locator('.kiosk[data-scene=notice]'))
          .waitFor()
        await page.waitForTimeout(600)
        await picture(page, `kiosk-${scene}-${width}x${height}-${locale}`)
        // An outcome stays for a while.
        if (scene === 'granted' || scene === 'denied') {
          kiosk.play('idle')
          await page.reload()
        }
      }
      await page.close()
    }
    await kiosk.stop()
  }
}

mkdirSync(folder, { recursive: true })
const browser = await launchChromium(await writeWebcamClip('franck.mp4', 12, folder))
if (names.some((name) => name !== 'kiosk') || names.length === 0) {
  const daemon = await startConsoleDaemon()
  const enrolled = await furnish(daemon)
  for (const look of LOOKS) await pictureConsole(browser, daemon, look, enrolled)
  await daemon.stop()
}
if (wanted('kiosk')) await pictureKiosk(browser)
await browser.close()
process.exit(0)
