import type { Camera } from './camera.js'
import { redactAddresses } from './ffmpeg-faults.js'
import type { FfmpegInput } from './ffmpeg-arguments.js'
import { createFfmpegSession, type FfmpegSessionOptions } from './ffmpeg-session.js'
import { createRetryingCamera, type CameraDependencies } from './retrying-camera.js'

export interface FfmpegCameraOptions extends FfmpegSessionOptions, CameraDependencies {
  readonly input: FfmpegInput
  /** For files: play again from the beginning at the end; else the camera stops there. */
  readonly loop?: boolean
}

function describeInput(input: FfmpegInput): string {
  switch (input.source) {
    case 'v4l2':
      return `camera ${input.device}`
    case 'rtsp':
    case 'mjpeg':
      return `${input.source} camera ${redactAddresses(input.url)}`
    case 'file':
      return `clip ${input.path}`
  }
}

/** A camera read through one long-lived FFmpeg process: a V4L2 device, RTSP, HTTP-MJPEG or a clip. */
export function createFfmpegCamera(options: FfmpegCameraOptions): Camera {
  return createRetryingCamera({
    ...options,
    description: describeInput(options.input),
    session: createFfmpegSession(options),
    atEnd: options.input.source === 'file' && options.loop !== true ? 'stop' : 'again',
  })
}
