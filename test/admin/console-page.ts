import type { Browser, ConsoleMessage, Page } from 'playwright-core'

/** Slow is no fault: on a busy machine a page may take long. */
const PATIENCE_MS = 120_000

export interface ConsolePage {
  readonly page: Page
  /** What must not happen: errors, policy violations, requests to others. */
  readonly troubles: string[]
}

/**
 * Opens a page that keeps account of what must not happen.
 * @param expected messages of the browser that belong to the test
 */
export async function openConsolePage(
  browser: Browser,
  url: string,
  options: {
    readonly width: number
    readonly height?: number
    readonly expected?: RegExp
    readonly bypassCSP?: boolean
    readonly locale?: string
  },
): Promise<ConsolePage> {
  const { width, height = 844, expected = /^$/, bypassCSP = false, locale = 'en-GB' } = options
  const page = await browser.newPage({
    viewport: { width, height },
    locale,
    permissions: ['camera', 'clipboard-write'],
    bypassCSP,
    reducedMotion: 'reduce',
  })
  page.setDefaultTimeout(PATIENCE_MS)
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
  return { page, troubles }
}

/** Whether nothing is wider than the window. */
export async function isWithinWidth(page: Page): Promise<boolean> {
  return (await page.evaluate('document.documentElement.scrollWidth <= innerWidth')) === true
}

/** Signs in with a token and waits for the door's events. */
export async function signIn(page: Page, url: string, token: string): Promise<void> {
  await page.goto(url)
  await page.locator('#token').fill(token)
  await page.keyboard.press('Enter')
  await page.locator('.connection[data-connected=true]').waitFor()
}

/** Follows a link of the menu, wherever the window's width has put it. */
export async function goToPage(page: Page, name: string): Promise<void> {
  const link = page.getByRole('link', { name, exact: true }).filter({ visible: true })
  if ((await link.count()) === 0) await page.getByRole('button', { name: 'More' }).click()
  await link.first().click()
}
