import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Browser, Page } from 'playwright-core'
import t from 'tap'
import type { Test } from 'tap'

import { addAxe, violationsOf } from './axe.js'
import { chromiumMissing, launchChromium } from './chromium.js'
import { writeWebcamClip } from './clip-frames.js'
import { NO_CAMERA, startConsoleDaemon } from './console-daemon.js'
import type { ConsoleDaemon } from './console-daemon.js'
import { goToPage, isWithinWidth, openConsolePage, signIn } from './console-page.js'

/** The walks that take minutes; `npm run test:walks` goes them. */
const FULL = process.env['GENKAN_WALKS'] === 'full'

const opts = { skip: chromiumMissing, timeout: 300_000 }
t.setTimeout(900_000)

/** A round of the replay, its start on a busy machine, and some room. */
const DECISION_MS = 120_000

/**
 * No session yet, nothing there, no such method, a file that is no picture, and a moment without a good
 * face. Of the live picture alone also that there is none yet, or none in the time an answer has where the
 * machine is busy: the page asks again, and each walk waits until one is shown.
 */
const EXPECTED =
  /(401|404|405|415|422).*\/api\/|status of 50[34] .*\/api\/live\/snapshot\.jpg$|^Canvas2D: Multiple readback/

const folder = mkdtempSync(join(tmpdir(), 'genkan-browser-'))
let browser: Browser
let daemon: ConsoleDaemon
t.before(async () => {
  if (chromiumMissing) return
  const webcam = FULL ? await writeWebcamClip('franck.mp4', 16, folder) : undefined
  ;[browser, daemon] = await Promise.all([launchChromium(webcam), startConsoleDaemon()])
})
t.after(async () => {
  rmSync(folder, { recursive: true, force: true })
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
    // By its id: a newer one may come to stand above it at any moment.
    const newest = page.locator('#decisions > li[data-outcome=granted]').first()
    const id = (await newest.getAttribute('data-id')) ?? ''
    const granted = page.locator(`#decisions > li[data-id="${id}"]`)
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
    await page.getByText(`${name} is deleted`).waitFor()
    await page.getByText('Erased: templates 1, pictures 1').waitFor()
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

/** Goes on with the Tab key until what has the focus is called so. */
async function tabTo(page: Page, name: string): Promise<void> {
  const reached: string[] = []
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab')
    const focused = String(
      await page.evaluate(`(() => {
        const { activeElement: at } = document
        return at.getAttribute('aria-label') || at.labels?.[0]?.textContent || at.textContent
      })()`),
    )
    if (focused.trim() === name) return
    reached.push(focused)
  }
  throw new Error(`${name} is not among ${reached.join(', ')}`)
}

if (FULL) {
  t.test('by keyboard alone: add, enrol by webcam, delete', opts, async (t) => {
    const { page, troubles } = await open(t, 1280)
    await page.goto(daemon.url)
    await page.locator('#token').waitFor()
    await page.keyboard.type(daemon.token)
    await page.keyboard.press('Enter')
    await page.locator('.connection[data-connected=true]').waitFor()
    await tabTo(page, 'Skip to the content')
    await tabTo(page, 'People')
    await page.keyboard.press('Enter')
    await page.locator('main[data-page=people]').waitFor()
    await tabTo(page, 'Add a person')
    await page.keyboard.press('Enter')
    await tabTo(page, 'Name')
    await page.keyboard.type('Jun')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Jun' }).waitFor()
    await tabTo(page, 'Webcam')
    await page.keyboard.press('Enter')
    await tabTo(page, 'Switch the camera on')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 0)
    await page.getByRole('button', { name: 'Take the picture' }).waitFor()
    await tabTo(page, 'Take the picture')
    await page.keyboard.press('Enter')
    await page.getByText('Taken, quality').waitFor()
    await tabTo(page, 'Delete this person')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    t.equal(
      await page.evaluate('document.activeElement.textContent'),
      'Keep',
      'the safe choice has the focus',
    )
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await page.keyboard.press('Enter')
    await tabTo(page, 'Delete')
    await page.keyboard.press('Enter')
    await page.getByText('Jun is deleted').waitFor()
    t.same(troubles, [])
  })
}

/** A session of a role that the admin makes a token for. */
async function tokenFor(role: string): Promise<string> {
  const answer = await fetch(`${daemon.url}api/tokens`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${daemon.token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: role, role }),
  })
  return ((await answer.json()) as { token: string }).token
}

if (FULL) {
  t.test('several pictures are dropped, one more is taken at the door', opts, async (t) => {
    const { page, troubles } = await open(t, 390)
    await signIn(page, daemon.url, daemon.token)
    await goToPage(page, 'People')
    await page.getByRole('link', { name: 'Add a person' }).click()
    await page.getByLabel('Name').fill('Franck')
    await page.keyboard.press('Enter')
    await page.locator('.drop').waitFor()
    const files = await page.evaluateHandle((base64) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
      const files = new DataTransfer()
      files.items.add(new File([bytes], 'one.jpg', { type: 'image/jpeg' }))
      files.items.add(new File(['no picture'], 'two.jpg', { type: 'image/jpeg' }))
      files.items.add(new File([bytes], 'three.jpg', { type: 'image/jpeg' }))
      return files
    }, daemon.picture.toString('base64'))
    await page.locator('.drop').dispatchEvent('drop', { dataTransfer: files })
    await page.locator('.attempts li[data-state=taken]').nth(1).waitFor()
    t.equal(await page.locator('.attempts li[data-state=refused]').count(), 1)

    await page.getByRole('button', { name: 'At the door' }).click()
    const atDoor = page.locator('.attempts li').filter({ hasText: 'At the door' })
    const taken = atDoor.and(page.locator('[data-state=taken]'))
    // He talks and turns: a moment that is refused says why, and the next one is tried.
    for (let tries = 0; tries < 12 && (await taken.count()) === 0; tries++) {
      await page.locator('.quality[data-ready=true]').waitFor({ timeout: DECISION_MS })
      await page.getByRole('button', { name: 'Take who is at the door' }).click()
      await atDoor.and(page.locator(':not([data-state=sending])')).nth(tries).waitFor()
    }
    t.equal(await taken.count(), 1)
    t.ok(await isWithinWidth(page))
    await page.locator('.face-list img').nth(2).waitFor()
    t.same(troubles, [])

    const viewer = await open(t, 390)
    await signIn(viewer.page, daemon.url, await tokenFor('viewer'))
    await goToPage(viewer.page, 'People')
    await viewer.page.locator('.person-card').waitFor()
    t.equal(await viewer.page.locator('.person-card .monogram').count(), 1)
    t.equal(await viewer.page.locator('img').count(), 0, 'a viewer sees no face')
    t.equal(await viewer.page.getByRole('link', { name: 'Add a person' }).count(), 0)
    await viewer.page.getByRole('button', { name: 'More' }).click()
    t.equal(await viewer.page.getByRole('link', { name: 'Tokens' }).count(), 0)
  })
}

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

const CONSOLE_PAGES = [
  ...['live', 'people', 'people/new', 'decisions', 'doors', 'threshold', 'liveness'],
  ...['style', 'tokens', 'audit', 'system'],
]

if (FULL) {
  t.test(
    'axe finds nothing serious on any page, light and dark, in both languages',
    opts,
    async (t) => {
      const { page } = await open(t, 1280, true)
      await page.goto(daemon.url)
      await page.locator('#token').waitFor()
      await addAxe(page)
      t.same(await violationsOf(page), [], 'sign-in')
      await signIn(page, daemon.url, daemon.token)
      await addAxe(page)
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
}

/** Enrols the man of the replay, unless a walk before has left somebody. */
async function enrolFranck(): Promise<void> {
  const headers = { Authorization: `Bearer ${daemon.token}` }
  const persons = await fetch(`${daemon.url}api/persons`, { headers })
  if (((await persons.json()) as { items: unknown[] }).items.length > 0) return
  const body = new FormData()
  body.set('name', 'Franck')
  body.set('picture', new Blob([new Uint8Array(daemon.picture)]))
  const enrolled = await fetch(`${daemon.url}api/persons`, { method: 'POST', headers, body })
  if (!enrolled.ok) throw new Error(await enrolled.text())
}

t.test('a display is made in the console; both outlive the daemon', opts, async (t) => {
  const console_ = await open(t, 1280)
  const { page } = console_
  await enrolFranck()
  await signIn(page, daemon.url, daemon.token)
  await goToPage(page, 'Tokens')
  await page.getByRole('button', { name: 'New token' }).click()
  await page.getByLabel('Name').fill('Entrance')
  await page.getByLabel('Role').selectOption('kiosk')
  await page.getByRole('dialog').getByRole('button', { name: 'New token' }).click()
  await page.getByText('It is not shown again').waitFor()
  const [token = '', address = ''] = await page.locator('.copyable code').allTextContents()
  await page.getByRole('button', { name: 'Close' }).click()
  await page.getByRole('rowheader', { name: 'Entrance' }).waitFor()

  const display = await open(t, 800)
  await display.page.goto(address)
  await display.page.locator('.kiosk[data-outcome=granted]').waitFor({ timeout: DECISION_MS })
  t.match(await display.page.textContent('.message'), 'Welcome, F…')
  const asked = async (path: string, method = 'GET') => {
    const headers = { Authorization: `Bearer ${token}` }
    return (await fetch(`${daemon.url}${path}`, { method, headers })).status
  }
  t.equal(await asked('api/live/snapshot.jpg'), 200)
  for (const path of ['api/persons', 'api/decisions', 'api/tokens', 'api/audit', 'api/health']) {
    t.equal(await asked(path), 403, `a display has nothing to do with ${path}`)
  }
  t.equal(await asked('api/doors/front/open', 'POST'), 403)

  await goToPage(page, 'Live')
  await page.locator('.live:not([data-pictures="0"])').waitFor()
  await daemon.halt()
  await page.getByText('Connection lost').waitFor()
  t.equal(await page.getAttribute('.live', 'data-stale'), 'true', 'an old picture looks old')
  await display.page.getByText('Not connected').waitFor()

  await daemon.start(NO_CAMERA)
  await page.getByText('No picture of the door').waitFor({ timeout: 30_000 })
  await page.locator('.notice').getByText('/dev/video99').waitFor()
  await display.page.getByText('The camera sees nothing').waitFor({ timeout: 30_000 })
})

t.end()
