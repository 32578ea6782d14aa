import { chmodSync, writeFileSync } from 'node:fs'
import { openCamera } from '../capture/open-camera.js'
import { defaultReplayPlaylist } from '../capture/replay-playlist.js'
import type { Config } from '../config/schema.js'
import { encodeJpeg } from '../frame/decode.js'
import { assetPath } from '../models/registry.js'
import { loadStages } from '../stages.js'

/** What one picture of the camera showed. */
export type CameraTest =
  | {
      readonly outcome: 'picture'
      readonly widthPx: number
      readonly heightPx: number
      readonly faces: number
    }
  | { readonly outcome: 'no-picture'; readonly cause: string; readonly cure: string }

/** Frames until a camera has settled its exposure, and the longest wait for them. */
const SETTLING_FRAMES = 10
const SETTLING_MS = 10_000
/** By then a camera that did not open has said why. */
const EXPLAINING_MS = 500

/**
 * Takes one picture from the configured camera and looks for faces in it. It is kept only where a path
 * is given, as a JPEG that its owner alone can read.
 */
export async function testCamera(config: Config, picturePath?: string): Promise<CameraTest> {
  const camera = openCamera(config.camera, { playlist: defaultReplayPlaylist(assetPath) })
  camera.start()
  try {
    const openingMs = config.camera.openTimeoutMs + EXPLAINING_MS
    let frame = await camera.nextFrame(AbortSignal.timeout(openingMs))
    const settling = AbortSignal.timeout(SETTLING_MS)
    for (let i = 1; i < SETTLING_FRAMES && frame !== undefined; i++) {
      frame = await camera.nextFrame(settling)
    }
    if (frame === undefined) {
      const { state } = camera
      return state.name === 'degraded'
        ? { outcome: 'no-picture', cause: state.cause, cure: state.cure }
        : { outcome: 'no-picture', cause: 'no picture in time', cure: 'check cable and address' }
    }
    const { width, height } = frame.image
    if (picturePath !== undefined) {
      writeFileSync(picturePath, await encodeJpeg(frame.image, 90), { mode: 0o600 })
      chmodSync(picturePath, 0o600)
    }
    const { finder } = await loadStages(config.models)
    const faces = await finder.find(frame.image)
    return { outcome: 'picture', widthPx: width, heightPx: height, faces: faces.length }
  } finally {
    await camera.stop()
  }
}
