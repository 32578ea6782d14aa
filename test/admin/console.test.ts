import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Browser, ConsoleMessage, Page } from 'playwright-core'
import t from 'tap'
import type { Test } from 'tap'

import { createAdminApp } from '../../src/admin/app.js'
import { serveAdmin } from '../../src/admin/serve.js'
import { chromiumMissing, launchChromium } from './chromium.js'
import { clipFrames } from './clip-frames.js'
import { pictureConsole } from './console-picture.js'
import { createMemoryDoor } from './memory-door.js'
import { deniedDecision, grantedDecision } from './sample-decisions.js'

const opts = { skip: chromiumMissing, timeout: 120_000 }
t.setTimeout(180_000)

const frames = await clipFrames('franck.mp4', 12, 8)
const frame = { width: 360, height: 288 }
const box = { x: 108, y: 62, width: 138, height: 172 }

let browser: Browser | undefined
t.before(async () => {
  if (!chromiumMissing) browser = await launchChromium()
})
t.after(() => browser?.close())

/** A served door whose camera plays a clip. */
async function openDoor(t: Test) {
  const door = createMemoryDoor(frames[0])
  const app = createAdminApp(door.ports)
  const server = await serveAdmin({ app, host: '127.0.0.1', port: 0 })
  let shown = 0
  const playing = setInterval(() => door.show(frames[++shown % frames.length]), 125)
  t.teardown(async () => {
    clearInterval(playing)
    await server.stop()
  })
  return { door, server }
}

/** A page that collects what must not happen: errors, policy violations, requests to others. */
async function openPage(t: Test, url: string, width: number, expected: RegExp = /^$/) {
  if (browser === undefined) throw new Error('no browser')
  const page = await browser.newPage({ viewport: { width, height: 844 }, locale: 'en-GB' })
  const troubles: string[] = []
  page.on('console', (message: ConsoleMessage) => {
    const text = `${message.text()} ${message.location().url}`
    if (['error', 'warning'].includes(message.type()) && !expected.test(text)) troubles.push(text)
  })
  page.on('pageerror', (error) => troubles.push(error.message))
  page.on('request', (request) => {
    const asked = request.url()
    if (!asked.startsWith(url) && !asked.startsWith('blob:')) troubles.push(`asked ${asked}`)
  })
  t.teardown(() => page.close())
  return { page, troubles }
}

async function isWithinWidth(page: Page): Promise<boolean> {
  return (await page.evaluate('document.documentElement.scrollWidth <= innerWidth')) === true
}

/** Whether something was drawn on the canvas. */
async function isDrawn(page: Page, id: string): Promise<boolean> {
  const drawn = await page.evaluate(`(() => {
    const canvas = document.getElementById('${id}')
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    return data.some((value) => value !== 0)
  })()`)
  return drawn === true
}

for (const width of [1280, 390]) {
  t.test(`sign in, look, enrol, see a decision, delete: ${width} px wide`, opts, async (t) => {
    const { door, server } = await openDoor(t)
    const { page, troubles } = await openPage(
      t,
      server.url,
      width,
      /401.*\/api\/health|^Canvas2D: Multiple readback/,
    )

    await page.goto(server.url)
    t.equal(await page.getAttribute('html', 'lang'), 'en')
    await page.getByLabel('Token').fill('wrong')
    await page.keyboard.press('Enter')
    await page.getByText('This token is not valid').waitFor()
    t.ok(await isWithinWidth(page), 'the sign-in card fits')
    await page.getByLabel('Token').fill(door.token)
    await page.keyboard.press('Enter')

    await page.getByText('Live', { exact: true }).waitFor()
    await page.waitForSelector('#live[data-pictures]')
    t.ok(await isDrawn(page, 'picture'), 'the picture is seen')
    t.notOk(await isDrawn(page, 'boxes'), 'no face, no box')
    t.match(await page.title(), /front-door/)
    t.match(await page.textContent('#outcome'), /Nobody at the door/)

    const face = { trackId: 1, box, name: null, reason: null }
    door.tell({ type: 'faces', sequence: 1, frame, faces: [{ ...face, standing: 'judging' }] })
    await page.getByText('A face is being judged').waitFor()
    t.ok(await isDrawn(page, 'boxes'), 'the face has a box')
    door.tell({ type: 'prompt', prompt: { code: 'blink', text: 'Please blink' } })
    await page.getByText('Please blink').waitFor()
    door.tell({ type: 'prompt', prompt: null })
    await page.getByText('Please blink').waitFor({ state: 'hidden' })

    await page.getByRole('button', { name: 'Add with picture' }).click()
    await page.getByText('Give the person a name first.').waitFor()
    const name = '<b>Aiko & Söhne</b> 田中'
    await page.getByPlaceholder('Name').fill(name)
    await page.setInputFiles('#file', {
      name: 'aiko.jpg',
      mimeType: 'image/jpeg',
      buffer: Buffer.from(frames[0] ?? []),
    })
    await page.getByRole('button', { name: 'Add with picture' }).click()
    await page.locator('#persons').getByText(name).waitFor()
    await page.getByText(`${name} is enrolled.`).waitFor()
    t.equal(await page.locator('#persons b').count(), 0, 'a name is text, never markup')
    const { items } = await door.ports.persons.list({ cursor: undefined, limit: 10 })
    const person = items.at(0)
    if (person === undefined) throw new Error('nobody was added')
    t.match(person, { name, faces: 1 })

    await page.getByRole('button', { name: `Add a face of ${name} from the camera` }).click()
    await page.locator('#persons').getByText('2 faces').waitFor()

    door.decide(grantedDecision(person))
    await page.locator('#outcome').getByText('Granted').waitFor()
    t.match(await page.textContent('#outcome'), `${name} may come in.`)
    t.match(await page.textContent('#decisions li:first-child'), /Granted.*0\.412 ≤ 1\.180/)
    door.decide(deniedDecision('attack'))
    await page.locator('#outcome').getByText('Denied: looks like a picture').waitFor()
    t.equal(await page.locator('#decisions li').count(), 2)
    t.ok(await isWithinWidth(page), 'the console fits')

    await page.getByRole('button', { name: `Delete ${name}` }).click()
    await page.getByRole('button', { name: 'Keep' }).click()
    t.equal(await page.locator('#persons [data-id]').count(), 1, 'kept')
    await page.getByRole('button', { name: `Delete ${name}` }).click()
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByText('Nobody is enrolled yet.').waitFor()
    t.equal(await door.ports.persons.get(person.id), undefined)

    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Token').waitFor()
    t.equal(await page.evaluate('sessionStorage.length'), 0)
    t.same(troubles, [])
  })
}

t.test('a token in the address signs in and leaves the address', opts, async (t) => {
  const { door, server } = await openDoor(t)
  const { page, troubles } = await openPage(t, server.url, 1280)
  await page.goto(`${server.url}#token=${door.token}`)
  await page.getByText('Live', { exact: true }).waitFor()
  t.equal(page.url(), server.url)
  await page.reload()
  await page.getByText('Live', { exact: true }).waitFor()
  t.same(troubles, [])
})

t.test('the page is worked by keyboard alone', opts, async (t) => {
  const { door, server } = await openDoor(t)
  const { page } = await openPage(t, server.url, 1280)
  await door.ports.persons.create('Jun')
  await page.goto(`${server.url}#token=${door.token}`)
  await page.locator('#persons').getByText('Jun').waitFor()
  const reached: string[] = []
  for (let i = 0; i < 14; i++) {
    await page.keyboard.press('Tab')
    reached.push(
      String(
        await page.evaluate(
          'document.activeElement.id || document.activeElement.getAttribute("aria-label") || document.activeElement.textContent',
        ),
      ),
    )
  }
  for (const expected of [
    'Skip to the door',
    'sign-out',
    'name',
    'file',
    'add-picture',
    'add-camera',
    'Delete Jun',
  ]) {
    t.ok(reached.includes(expected), `${expected} among ${reached.join(', ')}`)
  }
  await page.getByRole('button', { name: 'Delete Jun' }).focus()
  await page.keyboard.press('Enter')
  t.equal(
    await page.evaluate('document.activeElement.textContent'),
    'Keep',
    'the safe choice first',
  )
  await page.keyboard.press('Escape')
  t.equal(await page.locator('#persons [data-id]').count(), 1)
})

t.test('the person before the camera is enrolled by one click', opts, async (t) => {
  const { door, server } = await openDoor(t)
  const { page, troubles } = await openPage(t, server.url, 390)
  await page.goto(`${server.url}#token=${door.token}`)
  await page.getByPlaceholder('Name').fill('Jun')
  await page.getByRole('button', { name: 'Enrol who is before the camera now' }).click()
  await page.locator('#persons').getByText('1 face').waitFor()
  t.same(troubles, [])
})

t.test('a face that is not taken says why and what to do', opts, async (t) => {
  const { door, server } = await openDoor(t)
  const { page } = await openPage(t, server.url, 1280)
  await page.goto(`${server.url}#token=${door.token}`)
  await page.getByPlaceholder('Name').fill('Jun')
  await page.setInputFiles('#file', {
    name: 'notes.jpg',
    mimeType: 'image/jpeg',
    buffer: Buffer.from('not a picture'),
  })
  await page.getByRole('button', { name: 'Add with picture' }).click()
  await page.getByText('The bytes are not a JPEG, PNG or WebP picture. Send a JPEG').waitFor()
  t.equal(await page.inputValue('#name'), 'Jun', 'what was typed stays')
})

t.test('a blind camera, a lost daemon and its return are told', opts, async (t) => {
  const door = createMemoryDoor(frames[0])
  const app = createAdminApp(door.ports)
  const first = await serveAdmin({ app, host: '127.0.0.1', port: 0 })
  const port = Number(new URL(first.url).port)
  const { page } = await openPage(t, first.url, 1280)
  await page.goto(`${first.url}#token=${door.token}`)
  await page.waitForSelector('#live[data-pictures]')

  door.setHealth({
    status: 'degraded',
    camera: {
      description: 'front camera',
      state: { name: 'degraded', cause: 'No frame for 4 s.', cure: 'Check its cable.' },
    },
  })
  await page.getByText('No picture of the door').waitFor()
  await page.getByText('Camera: No frame for 4 s. Check its cable.').waitFor()

  await first.stop()
  await page.getByText('Connection lost').waitFor()
  t.equal(await page.getAttribute('#live', 'data-stale'), 'true', 'an old picture looks old')
  const second = await serveAdmin({ app: createAdminApp(door.ports), host: '127.0.0.1', port })
  t.teardown(() => second.stop())
  await page.getByText('Live', { exact: true }).waitFor()
})

t.test('what the threshold costs is shown, and when it is not well founded', opts, async (t) => {
  const { door, server } = await openDoor(t)
  for (const width of [1280, 390]) {
    const { page, troubles } = await openPage(t, server.url, width)
    await page.goto(`${server.url}#token=${door.token}`)
    await page.locator('#system').getByText('1.180 · 0.1 % FPIR').waitFor()
    await page.locator('#system').getByText('Expected: 0.04 % FPIR, 2.1 % FNIR').waitFor()
    await page.getByText('The calibration holds too few trials to prove this target.').waitFor()
    await page.getByText('calibrate with more people.').waitFor()
    t.ok(await isWithinWidth(page))
    t.same(troubles, [])
  }
})

t.test('no picture is fetched while nobody looks', opts, async (t) => {
  const { door, server } = await openDoor(t)
  const { page } = await openPage(t, server.url, 1280)
  let asked = 0
  page.on('request', (request) => {
    if (request.url().endsWith('snapshot.jpg')) asked += 1
  })
  await page.goto(`${server.url}#token=${door.token}`)
  await page.waitForSelector('#live[data-pictures]')
  await page.waitForTimeout(1500)
  t.ok(asked > 3 && asked < 20, `${asked} pictures in 1.5 s`)
  const setHidden = (hidden: boolean) =>
    page.evaluate(`(() => {
      Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    })()`)
  await setHidden(true)
  await page.waitForTimeout(400)
  const before = asked
  await page.waitForTimeout(800)
  t.equal(asked, before)
  await setHidden(false)
  await page.waitForRequest((request) => request.url().endsWith('snapshot.jpg'))
  t.ok(asked > before, 'and again when somebody does')
})

t.test('the documentation page describes every route', opts, async (t) => {
  const { server } = await openDoor(t)
  for (const width of [1280, 390]) {
    const { page, troubles } = await openPage(t, server.url, width)
    await page.goto(`${server.url}docs#no-face`)
    await page.locator('.operation').first().waitFor()
    t.equal(await page.locator('.operation').count(), 14)
    t.match(await page.textContent('#first-curl'), /^curl -H .*-F picture=@.*\/api\/persons$/)
    t.ok(await page.locator('#no-face').isVisible())
    t.ok(await isWithinWidth(page))
    t.same(troubles, [])
  }
})

t.test('a picture of the console is taken', opts, async (t) => {
  const { door, server } = await openDoor(t)
  const file = join(tmpdir(), `genkan-console-${process.pid}.png`)
  await pictureConsole({ url: server.url, token: door.token, file, height: 900 })
  const { default: sharp } = await import('sharp')
  t.match(await sharp(file).metadata(), { format: 'png', width: 1280, height: 900 })
})

// The browser keeps the process alive, so the end has to be said.
t.end()
