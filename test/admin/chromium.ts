import { existsSync } from 'node:fs'

import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

const EXECUTABLE = '/usr/bin/chromium'

/** Why tests in a browser are skipped, or `false` where Debian's Chromium is installed. */
export const chromiumMissing = existsSync(EXECUTABLE)
  ? false
  : `no Chromium at ${EXECUTABLE}: apt install chromium`

/** Starts a headless Chromium that talks to nobody but the pages it is sent to. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
