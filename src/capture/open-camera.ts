import type { CameraConfig } from '../config/camera-schema.js'
import type { Camera } from './camera.js'
import type { FrameGeometry } from './ffmpeg-arguments.js'
import { createFfmpegCamera } from './ffmpeg-camera.js'
import type { FfmpegFinder } from './find-ffmpeg.js'
import { createReplayCamera } from './replay-camera.js'
import type { ReplayItem } from './replay-playlist.js'
import type { CameraDependencies } from './retrying-camera.js'
import { createSnapshotCamera } from './snapshot-camera.js'

export interface OpenCameraDependencies extends CameraDependencies {
  /** What `source: replay` plays, see `defaultReplayPlaylist`. */
  readonly playlist: readonly ReplayItem[]
  /** Told of each replay item as it begins. */
  readonly onReplayItem?: (item: ReplayItem, index: number) => void
  readonly findBinary?: FfmpegFinder
}

/** Makes the camera that the configuration names. It is not started yet, and never throws. */
export function openCamera(config: CameraConfig, deps: OpenCameraDependencies): Camera {
  const { width, height, fps: framesPerSecond, stallTimeoutMs, openTimeoutMs } = config
  const geometry: FrameGeometry = { width, height, framesPerSecond }
  const shared = { ...deps, geometry, stallTimeoutMs, openTimeoutMs }
  switch (config.source) {
    case 'replay':
      return createReplayCamera({
        ...shared,
        playlist: deps.playlist,
        gapS: config.gapS,
        ...(deps.onReplayItem ? { onItem: deps.onReplayItem } : {}),
      })
    case 'v4l2': {
      const { source, device, inputFormat } = config
      return createFfmpegCamera({ ...shared, input: { source, device, inputFormat } })
    }
    case 'rtsp':
    case 'mjpeg': {
      const { source, url, username, passwordFile } = config
      return createFfmpegCamera({ ...shared, input: { source, url, username, passwordFile } })
    }
    case 'file': {
      const { source, path, loop } = config
      return createFfmpegCamera({ ...shared, input: { source, path }, loop })
    }
    case 'snapshot':
      return createSnapshotCamera({ ...shared, device: config.device })
  }
}
