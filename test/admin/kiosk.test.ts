import type { Browser, Page } from 'playwright-core'
import t from 'tap'
import type { Test } from 'tap'

import { addAxe, violationsOf } from './axe.js'
import { chromiumMissing, launchChromium } from './chromium.js'
import { openConsolePage } from './console-page.js'
import { KIOSK_SCENES, openKioskDoor } from './kiosk-display.js'
import type { KioskDoor, KioskScene } from './kiosk-display.js'

const opts = { skip: chromiumMissing, timeout: 300_000 }
t.setTimeout(900_000)

const SIZES = [
  [1080, 1920],
  [800, 480],
] as const

let browser: Browser
let kiosk: KioskDoor
t.before(async () => {
  if (chromiumMissing) return
  ;[browser, kiosk] = await Promise.all([launchChromium(), openKioskDoor()])
})
t.after(async () => {
  if (chromiumMissing) return
  await browser.close()
  await kiosk.stop()
})

const SEEN_AS: Readonly<Record<KioskScene, string>> = {
  idle: '[data-scene=idle]',
  judging: '[data-scene=judging]',
  closer: '[data-scene=judging]',
  blink: '[data-scene=task]',
  challenge: '[data-scene=task]',
  granted: '[data-outcome=granted]',
  denied: '[data-outcome=denied]',
  blind: '[data-scene=notice]',
  locked: '[data-scene=notice]',
}

/** What the page counts of the tones it plays. */
const COUNT_TONES = `
  window.tones = 0
  const create = AudioContext.prototype.createOscillator
  AudioContext.prototype.createOscillator = function () {
    window.tones += 1
    return create.call(this)
  }`

async function open(
  t: Test,
  size: readonly [number, number],
  more: { readonly locale?: string; readonly bypassCSP?: boolean } = {},
) {
  const [width, height] = size
  const { page, troubles } = await openConsolePage(browser, kiosk.url, {
    width,
    height,
    // The settings and the idle picture of the display are not part of a door in memory.
    expected: /40[34] .*\/api\/kiosk\//,
    ...more,
  })
  await page.addInitScript(COUNT_TONES)
  t.teardown(() => page.close())
  await page.goto(`${kiosk.url}kiosk#token=${kiosk.token}`)
  return { page, troubles }
}

async function play(page: Page, scene: KioskScene): Promise<void> {
  kiosk.play(scene)
  await page.locator(`.kiosk${SEEN_AS[scene]}`).waitFor()
}

for (const size of SIZES) {
  t.test(`the display leads through an entry, ${size.join(' × ')}`, opts, async (t) => {
    kiosk.play('idle')
    const { page, troubles } = await open(t, size)
    await page.locator('.kiosk[data-scene=idle]').waitFor()
    t.notMatch(page.url(), kiosk.token, 'the token leaves the address')
    await page.getByText('Welcome').waitFor()

    await play(page, 'judging')
    await page.locator('.preview[data-shown=true]').waitFor()
    t.match(
      await page.evaluate(`getComputedStyle(document.querySelector('.preview canvas')).transform`),
      /^matrix\(-1, 0, 0, 1/,
      'as in a mirror',
    )
    t.ok(await page.locator('.oval').isVisible(), 'with an oval for the face')
    await play(page, 'closer')
    await page.getByRole('heading', { name: 'Come a little closer' }).waitFor()
    await play(page, 'blink')
    await page.getByRole('heading', { name: 'Blink, or say your name' }).waitFor()
    await play(page, 'challenge')
    await page.getByRole('heading', { name: 'Turn your head to the left' }).waitFor()
    await page.getByText('2 of 2').waitFor()

    await play(page, 'granted')
    await page.getByRole('heading', { name: 'Come in' }).waitFor()
    const said = await page.textContent('.message')
    t.match(said, 'Welcome, F…', 'who stands behind reads no whole name')
    t.notMatch(said, 'Franck')
    const granted = await page.evaluate(
      `getComputedStyle(document.querySelector('.message')).backgroundColor`,
    )
    await play(page, 'denied')
    await page.getByRole('heading', { name: 'I do not know you' }).waitFor()
    await page.getByText('Ask at the desk').waitFor()
    const denied = await page.evaluate(
      `getComputedStyle(document.querySelector('.message')).backgroundColor`,
    )
    t.not(granted, denied, 'colour tells the outcomes apart, besides text, drawing and sound')
    t.ok(Number(await page.evaluate('window.tones')) >= 4, 'two notes for each outcome at least')
    t.same(troubles, [])
  })
}

t.test('nobody before the camera: no picture is asked for', opts, async (t) => {
  kiosk.play('idle')
  const { page } = await open(t, SIZES[1])
  let asked = 0
  page.on('request', (request) => {
    if (/\.jpg$/.test(request.url()) && !request.url().endsWith('idle.jpg')) asked += 1
  })
  await page.locator('.kiosk[data-scene=idle]').waitFor()
  await page.waitForTimeout(700)
  t.equal(asked, 0)
  await play(page, 'judging')
  await page.locator('.preview[data-shown=true]').waitFor()
  t.ok(asked > 0, 'and asked for as soon as somebody stands there')
})

t.test('a display without a token, or with a wrong one, says so', opts, async (t) => {
  const { page } = await openConsolePage(browser, kiosk.url, { width: 800, height: 480 })
  t.teardown(() => page.close())
  await page.goto(`${kiosk.url}kiosk`)
  await page.getByText('This display has no token').waitFor()
  await page.goto(`${kiosk.url}kiosk#token=wrong`)
  await page.reload()
  await page.getByText('The token of this display is not valid').waitFor()
})

t.test('axe finds nothing serious, and nothing is cut off', opts, async (t) => {
  for (const [index, locale] of ['en-GB', 'ja-JP'].entries()) {
    for (const size of SIZES) {
      // Each language at one size and each size in one language: axe takes a second a scene.
      const withAxe = size === SIZES[index]
      kiosk.play('idle')
      const { page } = await open(t, size, { locale, bypassCSP: true })
      await page.locator('.kiosk[data-scene=idle]').waitFor()
      if (withAxe) await addAxe(page)
      for (const scene of KIOSK_SCENES) {
        if (scene === 'blind') {
          kiosk.play('idle')
          await page.locator('.kiosk[data-scene=idle]').waitFor()
        }
        await play(page, scene)
        const what = `${scene}, ${locale}, ${size.join(' × ')}`
        if (withAxe) t.same(await violationsOf(page), [], what)
        t.same(
          await page.evaluate(`(() => {
            const inside = ({ left, top, right, bottom }) =>
              left >= 0 && top >= 0 && right <= innerWidth + 1 && bottom <= innerHeight + 1
            return [...document.querySelectorAll('.message *, .idle-words *')]
              .filter((element) => !inside(element.getBoundingClientRect()))
              .map(({ textContent }) => textContent)
          })()`),
          [],
          `all in sight: ${what}`,
        )
      }
      await page.close()
    }
  }
})

t.end()
