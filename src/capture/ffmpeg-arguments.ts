import { readFileSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import type { FfmpegBinary } from './find-ffmpeg.js'

/** What FFmpeg opens. Addresses come without credentials; those are given apart. */
export type FfmpegInput =
  | { readonly source: 'v4l2'; readonly device: string; readonly inputFormat?: string | undefined }
  | {
      readonly source: 'rtsp' | 'mjpeg'
      readonly url: string
      readonly username?: string | undefined
      /** Read anew for each connection, so that a changed one is taken up. */
      readonly passwordFile?: string | undefined
    }
  | {
      readonly source: 'file'
      readonly path: string
      readonly startS?: number | undefined
      readonly durationS?: number | undefined
    }

/** Size and rate of the frames to be made of the input. */
export interface FrameGeometry {
  readonly width: number
  readonly height: number
  readonly framesPerSecond: number
  /** Another aspect is `padded` with black (default) or `cropped`; nothing is ever distorted. */
  readonly fit?: 'padded' | 'cropped' | undefined
}

export type FfmpegArguments =
  | { readonly ok: true; readonly args: readonly string[] }
  | { readonly ok: false; readonly cause: string; readonly cure: string }

/** Containers a local file may have. Playlists and scripts, which open further files, are not among them. */
const FILE_FORMATS =
  'mov,mp4,matroska,webm,avi,mpegts,mpeg,mpegvideo,h264,hevc,m4v,mjpeg,mpjpeg,ogg,flv,asf'
const DEVICE = /^(\/dev)(\/[A-Za-z0-9_][A-Za-z0-9_.:+@-]*)+$/
const PIXEL_FORMAT = /^[a-z0-9_]{2,16}$/
const SCHEMES = { rtsp: ['rtsp:', 'rtsps:'], mjpeg: ['http:', 'https:'] } as const
/** A live camera is asked for its rate; only one well above it is thinned, so jitter drops nothing. */
const LIVE_RATE_MARGIN = 1.2

const refuse = (cause: string, cure: string): FfmpegArguments => ({ ok: false, cause, cure })
const accept = (args: readonly string[]): FfmpegArguments => ({ ok: true, args })

function readPassword(path: string | undefined): string {
  return path === undefined ? '' : readFileSync(path, 'utf8').split(/\r?\n/, 1)[0]
}

function networkInput(input: FfmpegInput & { source: 'rtsp' | 'mjpeg' }): FfmpegArguments {
  const schemes: readonly string[] = SCHEMES[input.source]
  const url = URL.canParse(input.url) ? new URL(input.url) : undefined
  if (!url || !schemes.includes(url.protocol) || url.hostname === '') {
    return refuse(
      `the camera's address is not a valid ${schemes.map((scheme) => `${scheme}//`).join(' or ')} address`,
      'correct camera.url',
    )
  }
  if (input.username !== undefined) {
    url.username = encodeURIComponent(input.username)
    try {
      url.password = encodeURIComponent(readPassword(input.passwordFile))
    } catch {
      return refuse(
        `the password file ${input.passwordFile ?? ''} can't be read`,
        'put it there, readable for the user that runs genkan',
      )
    }
  }
  const probe = ['-fflags', '+nobuffer+discardcorrupt', '-flags', 'low_delay']
  return input.source === 'rtsp'
    ? accept([
        ...probe,
        ...['-analyzeduration', '2000000', '-rtsp_transport', 'tcp'],
        ...['-protocol_whitelist', 'rtsp,rtsps,rtp,srtp,tcp,tls,udp,crypto', '-i', url.href],
      ])
    : accept([
        ...probe,
        ...['-protocol_whitelist', 'http,https,tcp,tls,crypto'],
        ...['-format_whitelist', 'mpjpeg,mjpeg,jpeg_pipe', '-rw_timeout', '15000000'],
        // The stream tells no times, and FFmpeg would take it for 25 frames a second.
        ...['-use_wallclock_as_timestamps', '1'],
        ...['-i', url.href],
      ])
}

function inputArguments(
  input: FfmpegInput,
  geometry: FrameGeometry,
  pace: 'real-time' | 'fast',
): FfmpegArguments {
  switch (input.source) {
    case 'v4l2': {
      const { device, inputFormat } = input
      if (!DEVICE.test(device) || device.includes('..')) {
        return refuse(`${device} is not a device path`, 'set camera.device to one of /dev/video*')
      }
      if (inputFormat !== undefined && !PIXEL_FORMAT.test(inputFormat)) {
        return refuse(
          `${inputFormat} is not a pixel format`,
          'set camera.inputFormat to mjpeg or yuyv422',
        )
      }
      return accept([
        ...['-fflags', '+nobuffer', '-flags', 'low_delay', '-f', 'v4l2'],
        ...['-framerate', String(geometry.framesPerSecond)],
        ...['-video_size', `${geometry.width}x${geometry.height}`],
        ...(inputFormat === undefined ? [] : ['-input_format', inputFormat]),
        ...['-protocol_whitelist', 'file', '-i', device],
      ])
    }
    case 'rtsp':
    case 'mjpeg':
      return networkInput(input)
    case 'file': {
      if (input.path === '' || input.path.includes('\0')) {
        return refuse('the file name is empty or holds a zero byte', 'correct camera.path')
      }
      const path = isAbsolute(input.path) ? input.path : resolve(input.path)
      return accept([
        ...(pace === 'real-time' ? ['-re'] : []),
        ...(input.startS === undefined ? [] : ['-ss', input.startS.toFixed(3)]),
        ...(input.durationS === undefined ? [] : ['-t', input.durationS.toFixed(3)]),
        ...['-protocol_whitelist', 'file', '-format_whitelist', FILE_FORMATS],
        ...['-i', `file:${path}`],
      ])
    }
  }
}

/** The filter that brings any picture to the configured size without distorting it. */
function scaleFilter({ width, height, fit = 'padded' }: FrameGeometry): string {
  return fit === 'cropped'
    ? `scale=${width}:${height}:force_original_aspect_ratio=increase,crop=${width}:${height}`
    : `scale=${width}:${height}:force_original_aspect_ratio=decrease,` +
        `pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2`
}

const FRONT = ['-hide_banner', '-nostdin', '-loglevel', 'warning', '-nostats']
/** A picture the decoder finds broken is dropped rather than shown with grey holes. */
const STRICT_DECODING = ['-err_detect', 'explode', '-threads', '1']
const FIRST_VIDEO_ONLY = ['-map', '0:v:0', '-an', '-sn', '-dn']

/**
 * Raw frames, each written out whole as soon as it is there: an encoder with threads of its own, or
 * a last block that is not flushed, would hold a frame back until the next.
 */
export const RAW_OUTPUT: readonly string[] = [
  ...['-pix_fmt', 'rgb24', '-c:v', 'rawvideo', '-threads', '1', '-flush_packets', '1'],
  ...['-f', 'rawvideo', 'pipe:1'],
]

/**
 * Arguments for a live stream of raw RGB frames on standard output, as they come: frames over the
 * wanted rate are dropped, none is ever repeated.
 */
export function streamArguments(
  binary: FfmpegBinary,
  input: FfmpegInput,
  geometry: FrameGeometry,
): FfmpegArguments {
  const opened = inputArguments(input, geometry, 'real-time')
  if (!opened.ok) {
    return opened
  }
  const rate = geometry.framesPerSecond * (input.source === 'file' ? 1 : LIVE_RATE_MARGIN)
  const thin = `select='isnan(prev_selected_t)+gt(floor(t*${rate}+0.001),floor(prev_selected_t*${rate}+0.001))'`
  return accept([
    ...FRONT,
    ...STRICT_DECODING,
    ...opened.args,
    ...FIRST_VIDEO_ONLY,
    ...['-vf', `${thin},${scaleFilter(geometry)}`],
    ...binary.passEveryFrame,
    ...RAW_OUTPUT,
  ])
}

/**
 * Arguments that decode a clip as fast as possible into PPM pictures on standard output, at an
 * even rate of media time; in its own size unless one is given.
 */
export function clipArguments(
  input: FfmpegInput & { source: 'file' },
  framesPerSecond: number,
  size?: { readonly width: number; readonly height: number; readonly fit?: FrameGeometry['fit'] },
): FfmpegArguments {
  const geometry = { width: 1, height: 1, ...size, framesPerSecond }
  const opened = inputArguments(input, geometry, 'fast')
  if (!opened.ok) {
    return opened
  }
  const filters = [`fps=${framesPerSecond}`, ...(size ? [scaleFilter(geometry)] : [])]
  return accept([
    ...FRONT,
    ...STRICT_DECODING,
    ...opened.args,
    ...FIRST_VIDEO_ONLY,
    ...['-vf', filters.join(','), '-pix_fmt', 'rgb24', '-c:v', 'ppm', '-f', 'image2pipe', 'pipe:1'],
  ])
}
