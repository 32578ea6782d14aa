import type { Api } from '../api.js'

/** At most about seven pictures a second, and none while nobody looks. */
const PICTURE_EVERY_MS = 140
const RETRY_MS = 1_500

/**
 * Asks for the newest picture of the camera again and again, as long as the page is looked at.
 * @param show gets each picture, which is freed afterwards; `undefined` when there is none
 */
export async function pollPictures(
  api: Api,
  show: (picture: ImageBitmap | undefined) => void,
  signal: AbortSignal,
  path = '/api/live/snapshot.jpg',
): Promise<void> {
  let wake: () => void = () => undefined
  const sleep = (ms: number | undefined) =>
    new Promise<void>((resolve) => {
      wake = () => {
        resolve()
      }
      if (ms !== undefined) setTimeout(resolve, ms)
    })
  document.addEventListener('visibilitychange', () => wake(), { signal })
  signal.addEventListener('abort', () => wake(), { once: true })
  const ended = () => signal.aborted

  while (!ended()) {
    if (document.hidden) {
      await sleep(undefined)
      continue
    }
    const startedMs = performance.now()
    try {
      const response = await api.ask(path, { signal })
      const bitmap = await createImageBitmap(await response.blob())
      if (ended()) return
      show(bitmap)
      bitmap.close()
      await sleep(Math.max(20, PICTURE_EVERY_MS - (performance.now() - startedMs)))
    } catch {
      if (ended()) return
      show(undefined)
      await sleep(RETRY_MS)
    }
  }
}
