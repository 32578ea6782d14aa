import type { Logger } from 'pino'
import type { Camera } from './capture/camera.js'
import type { FfmpegFinder } from './capture/find-ffmpeg.js'
import { openCamera } from './capture/open-camera.js'
import { defaultReplayPlaylist } from './capture/replay-playlist.js'
import type { ReplayItem } from './capture/replay-playlist.js'
import type { Config } from './config/schema.js'
import { createLiveView } from './live-view.js'
import type { LiveView } from './live-view.js'

/** The door's camera and what is shown of it. */
export interface Eyes {
  readonly camera: Camera
  readonly live: LiveView
}

export interface EyesOptions {
  readonly config: Pick<Config, 'camera'>
  readonly log: Logger
  /** What the replay camera plays; default {@link defaultReplayPlaylist}. */
  readonly playlist?: readonly ReplayItem[]
  /** Which FFmpeg to use; by default each camera asks for itself. */
  readonly findBinary?: FfmpegFinder
}

/**
 * Opens the door's eyes. A camera takes about as long to open as the models to load, so this comes first;
 * nothing is judged before a door loop asks for frames.
 */
export async function openEyes({
  config,
  log,
  playlist = [],
  findBinary,
}: EyesOptions): Promise<Eyes> {
  const live = createLiveView()
  const camera = openCamera(config.camera, {
    playlist:
      config.camera.source === 'replay' && playlist.length === 0
        ? defaultReplayPlaylist((await import('./models/registry.js')).assetPath)
        : playlist,
    ...(findBinary === undefined ? {} : { findBinary }),
    onReplayItem: (item) => log.info({ shows: item.label }, 'replay'),
    onState(state) {
      log.info({ camera: state }, 'camera')
      live.showSystemChange()
    },
  })
  camera.start()
  return { camera, live }
}
