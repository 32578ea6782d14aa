import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

import type { Browser, Page } from 'playwright-core'
import t from 'tap'
import type { Test } from 'tap'

import { chromiumMissing, launchChromium } from './chromium.js'
import { startConsoleDaemon } from './console-daemon.js'
import type { ConsoleDaemon } from './console-daemon.js'
import { goToPage, isWithinWidth, openConsolePage, signIn } from './console-page.js'

const opts = { skip: chromiumMissing, timeout: 120_000 }
t.setTimeout(240_000)

/** A round of the replay, its start on a busy machine, and some room. */
const DECISION_MS = 60_000

/** No session yet, nothing there, no such method, and a file that is no picture. */
const EXPECTED = /(401|404|405|415).*\/api\/|^Canvas2D: Multiple readback/

let browser: Browser
let daemon: ConsoleDaemon
t.before(async () => {
  if (chromiumMissing) return
  ;[browser, daemon] = await Promise.all([launchChromium(), startConsoleDaemon()])
})
t.after(async () => {
  if (chromiumMissing) return
  await browser.close()
  await daemon.stop()
})

async function open(t: Test, width: number, bypassCSP = false) {
  const opened = await openConsolePage(browser, daemon.url, {
    width,
    expected: EXPECTED,
    bypassCSP,
  })
  t.teardown(() => opened.page.close())
  return opened
}

/** The newest decision's outcome and reason, as the decisions page shows it. */
function newestDecision(page: Page) {
  return page.locator('#decisions > li').first()
}

for (const width of [1280, 390]) {
  t.test(`sign in, enrol, be recognised, delete, be unknown: ${width} px wide`, opts, async (t) => {
    const { page, troubles } = await open(t, width)
    await page.goto(daemon.url)
    await page.getByLabel('Token').fill('wrong')
    await page.keyboard.press('Enter')
    await page.getByText('This token is not valid').waitFor()
    t.ok(await isWithinWidth(page), 'the sign-in card fits')
    await page.getByLabel('Token').fill(daemon.token)
    await page.keyboard.press('Enter')
    await page.locator('.connection[data-connected=true]').waitFor()
    await page.locator('.live:not([data-pictures="0"])').waitFor()
    t.equal(
      await page.evaluate('localStorage.length + sessionStorage.length + document.cookie.length'),
      0,
      'the token is in no place that a script can read',
    )

    await goToPage(page, 'People')
    await page.getByText('Nobody is enrolled yet').waitFor()
    await page.getByRole('link', { name: 'Add a person' }).click()
    await page.getByRole('button', { name: 'Add and take faces' }).click()
    await page.getByText('Give the person a name first').waitFor()
    const name = '<b>Aiko & Söhne</b> 田中'
    await page.getByLabel('Name').fill(name)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name }).waitFor()
    t.equal(await page.locator('main b').count(), 0, 'a name is text, never markup')
    await page.setInputFiles('.drop input', [
      { name: 'notes.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('not a picture') },
      { name: 'aiko.jpg', mimeType: 'image/jpeg', buffer: daemon.picture },
    ])
    await page.getByText('The bytes are not a JPEG, PNG or WebP picture').waitFor()
    await page.getByText('Taken, quality').waitFor()
    t.ok(await isWithinWidth(page), 'the person fits')

    await goToPage(page, 'Live')
    await page.locator('.outcome[data-outcome=granted]').waitFor({ timeout: DECISION_MS })
    t.match(await page.textContent('.outcome'), `${name} may come in.`)
    t.ok(await isWithinWidth(page), 'the live page fits')

    await goToPage(page, 'Decisions')
    const granted = page.locator('#decisions > li[data-outcome=granted]').first()
    await granted.getByRole('button').first().click()
    t.match(await granted.textContent(), name)
    await granted.getByText('Next person').waitFor()
    t.ok(await isWithinWidth(page), 'the decisions fit')

    await goToPage(page, 'People')
    await page.locator('.person-card').click()
    await page.getByRole('button', { name: 'Delete this person' }).click()
    await page.getByRole('button', { name: 'Keep' }).click()
    await page.getByRole('button', { name: 'Delete this person' }).click()
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByText('Nobody is enrolled yet').waitFor()

    await goToPage(page, 'Decisions')
    const before = (await newestDecision(page).getAttribute('data-id')) ?? ''
    const newer = await page.waitForFunction(
      (last) => {
        const rows = [...document.querySelectorAll<HTMLElement>('#decisions > li')]
        const since = rows.slice(
          0,
          rows.findIndex((row) => row.dataset['id'] === last),
        )
        const told = since.map((row) => row.querySelector('.row-line')?.textContent ?? '')
        return told.some((text) => text.includes('Not known here')) ? told : undefined
      },
      before,
      { timeout: DECISION_MS },
    )
    const told = (await newer.jsonValue()) ?? []
    t.notMatch(told.join(), name, 'who is deleted is nobody from the next frame on')

    if (width < 600) await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('button', { name: 'Sign out' }).filter({ visible: true }).click()
    await page.getByLabel('Token').waitFor()
    t.same(troubles, [])
  })
}

t.test('a token in the address signs in and leaves the address', opts, async (t) => {
  const { page, troubles } = await open(t, 1280)
  await page.goto(`${daemon.url}#token=${daemon.token}`)
  await page.locator('.connection[data-connected=true]').waitFor()
  t.notMatch(page.url(), daemon.token)
  await page.reload()
  await page.locator('.connection[data-connected=true]').waitFor()
  t.same(troubles, [])
})

t.test('the console is worked by keyboard alone', opts, async (t) => {
  const { page } = await open(t, 1280)
  await signIn(page, daemon.url, daemon.token)
  const focused = () =>
    page.evaluate(
      'document.activeElement.getAttribute("aria-label") || document.activeElement.textContent',
    )
  const reached: unknown[] = []
  await page.evaluate('document.activeElement.blur()')
  for (let i = 0; i < 18; i++) {
    await page.keyboard.press('Tab')
    reached.push(await focused())
  }
  for (const expected of ['Skip to the content', 'Language', 'Sign out', 'People', 'Open now']) {
    t.ok(reached.includes(expected), `${expected} among ${reached.join(', ')}`)
  }
  await page.getByRole('button', { name: 'Open now' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  t.equal(await focused(), 'Cancel', 'the safe choice has the focus')
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
})

t.test('language and appearance are chosen and remembered', opts, async (t) => {
  const { page, troubles } = await open(t, 1280)
  await signIn(page, daemon.url, daemon.token)
  await page.locator('.lintel select').selectOption('ja')
  await page.getByRole('link', { name: '人物', exact: true }).filter({ visible: true }).waitFor()
  t.equal(await page.getAttribute('html', 'lang'), 'ja')
  await page.locator('.lintel .choices button').click()
  await page.locator('.lintel .choices button').click()
  t.equal(await page.getAttribute('html', 'data-theme'), 'dark')
  await page.reload()
  await page.locator('.connection[data-connected=true]').waitFor()
  t.equal(await page.getAttribute('html', 'lang'), 'ja')
  t.equal(await page.getAttribute('html', 'data-theme'), 'dark')
  t.same(troubles, [])
})

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface AxeViolation {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

/** The serious and critical violations of the page as it is now. */
async function violationsOf(page: Page): Promise<string[]> {
  const found = await page.evaluate<readonly AxeViolation[]>(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)`,
  )
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''} ${nodes[0]?.failureSummary ?? ''}`)
}

const CONSOLE_PAGES = [
  ...['live', 'people', 'people/new', 'decisions', 'doors', 'threshold', 'liveness'],
  ...['tokens', 'audit', 'system'],
]

t.test(
  'axe finds nothing serious on any page, light and dark, in both languages',
  opts,
  async (t) => {
    const { page } = await open(t, 1280, true)
    await page.goto(daemon.url)
    await page.locator('#token').waitFor()
    await page.evaluate(AXE)
    t.same(await violationsOf(page), [], 'sign-in')
    await signIn(page, daemon.url, daemon.token)
    await page.evaluate(AXE)
    for (const name of CONSOLE_PAGES) {
      await page.evaluate(`location.hash = '#/${name}'`)
      await page.waitForTimeout(150)
      for (const language of ['en', 'ja']) {
        await page.locator('.lintel select').selectOption(language)
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme })
          t.same(await violationsOf(page), [], `${name}, ${language}, ${colorScheme}`)
        }
      }
    }
  },
)

t.end()
