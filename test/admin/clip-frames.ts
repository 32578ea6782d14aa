import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import ffmpeg from '@ffmpeg-installer/ffmpeg'
import sharp from 'sharp'

import { packageRoot } from '../../src/config/paths.js'
import { assetPath } from '../../src/models/registry.js'

const JPEG_START = Buffer.from([0xff, 0xd8, 0xff])

/** A plain picture with an oval where a face would be, where no real clip is at hand. */
async function drawnPicture(shade: number): Promise<Uint8Array> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="360" height="288">
    <rect width="360" height="288" fill="rgb(60,80,${100 + shade})"/>
    <ellipse cx="180" cy="140" rx="58" ry="78" fill="rgb(214,178,150)"/></svg>`
  return sharp(Buffer.from(svg)).jpeg().toBuffer()
}

/**
 * Encoded frames of a real clip from the model cache, or drawn pictures where it is not prepared.
 *
 * @param clip file name in the cache's assets
 * @param seconds where to begin
 * @param count how many frames, at 8 a second
 */
export async function clipFrames(clip: string, seconds: number, count: number) {
  const file = join(packageRoot, 'models', '.cache', 'assets', clip)
  if (!existsSync(file))
    return Promise.all(Array.from({ length: count }, (_, i) => drawnPicture(i)))
  const { stdout } = await promisify(execFile)(
    ffmpeg.path,
    [
      ...['-v', 'error', '-ss', String(seconds), '-i', file, '-vf', 'fps=8'],
      ...['-frames:v', String(count), '-f', 'image2pipe', '-c:v', 'mjpeg', '-q:v', '3', '-'],
    ],
    { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 },
  )
  const frames: Uint8Array[] = []
  for (let start = 0; start >= 0;) {
    const next = stdout.indexOf(JPEG_START, start + 3)
    frames.push(new Uint8Array(stdout.subarray(start, next < 0 ? stdout.length : next)))
    start = next
  }
  return frames
}

/**
 * Writes a stretch of a clip as a browser's fake camera plays it, for `launchChromium`.
 * @returns the file
 */
export async function writeWebcamClip(clip: string, seconds: number, folder: string) {
  const file = join(folder, 'webcam.mjpeg')
  await promisify(execFile)(ffmpeg.path, [
    ...['-nostdin', '-y', '-v', 'error', '-ss', String(seconds), '-t', '3'],
    ...['-i', assetPath(clip)],
    ...['-vf', 'scale=640:512', '-r', '15', '-f', 'mjpeg', '-q:v', '3', file],
  ])
  return file
}
