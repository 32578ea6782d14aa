import { existsSync } from 'node:fs'

import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

const EXECUTABLE = '/usr/bin/chromium'

/** Why tests in a browser are skipped, or `false` where Debian's Chromium is installed. */
export const chromiumMissing = existsSync(EXECUTABLE)
  ? false
  : `no Chromium at ${EXECUTABLE}: apt install chromium`

/**
 * Starts a headless Chromium that talks to nobody but the pages it is sent to.
 * @param webcam a video file (MJPEG) that its camera shows; a drawing of its own if not given
 */
export function launchChromium(webcam?: string): Promise<Browser> {
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
      '--use-fake-device-for-media-stream',
      '--autoplay-policy=no-user-gesture-required',
      ...(webcam === undefined ? [] : [`--use-file-for-fake-video-capture=${webcam}`]),
    ],
  })
}
