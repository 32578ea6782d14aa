import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readClip } from './capture/clip-reader.js'
import { encodeJpeg } from './frame/decode.js'
import { assetPath } from './models/registry.js'

/** A moment of the clip that the replay does not show, in which the man looks at the camera. */
const AT_S = 20

/**
 * Puts a picture of the replay's first man into a folder, to enrol him from.
 * @returns the picture's path
 * @throws ClipError when the clip can not be read
 */
export async function writeReplayPicture(folder: string): Promise<string> {
  const path = join(folder, 'first-man.jpg')
  if (existsSync(path)) return path
  const clip = readClip(assetPath('franck.mp4'), {
    framesPerSecond: 5,
    startS: AT_S,
    durationS: 1,
  })
  for await (const { image } of clip) {
    writeFileSync(path, await encodeJpeg(image, 92), { mode: 0o600 })
    break
  }
  return path
}
