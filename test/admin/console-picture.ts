import type { Page } from 'playwright-core'

import { launchChromium } from './chromium.js'

export interface ConsolePictureOptions {
  /** Where the daemon serves the console. */
  readonly url: string
  readonly token: string
  /** PNG to write. */
  readonly file: string
  /** CSS pixels, default 1280 wide and as high as the page. */
  readonly width?: number
  readonly height?: number
  readonly colorScheme?: 'light' | 'dark'
  /** Device pixels per CSS pixel, default 1. */
  readonly scale?: number
  /** Waits for what the picture is to show; default: the first live picture. */
  readonly ready?: (page: Page) => Promise<unknown>
}

/**
 * Signs in to a served console and takes a picture of it.
 * @throws Error when the console does not show what is waited for
 */
export async function pictureConsole(options: ConsolePictureOptions): Promise<void> {
  const { url, token, file, width = 1280, height, colorScheme = 'light', scale = 1 } = options
  const ready = options.ready ?? ((page: Page) => page.waitForSelector('#live[data-pictures]'))
  const browser = await launchChromium()
  try {
    const page = await browser.newPage({
      viewport: { width, height: height ?? 900 },
      deviceScaleFactor: scale,
      colorScheme,
      locale: 'en-GB',
    })
    await page.goto(`${url}#token=${token}`)
    await page.waitForSelector('#console:not([hidden])')
    await ready(page)
    await page.screenshot({ path: file, fullPage: height === undefined })
  } finally {
    await browser.close()
  }
}
