import { decodeImage, encodeJpeg } from '../../frame/decode.js'
import { createImage } from '../../frame/image.js'
import type { Image } from '../../frame/image.js'
import type { Random } from '../random.js'

/** What a camera adds to a scene; drawn once a clip, the same whatever the scene is. */
export interface CameraMarks {
  readonly noise: number
  /** Light at a time: factor, and its slope across the frame. */
  readonly light: (seconds: number) => readonly [number, number]
  /** Passes of a 3×3 blur. */
  readonly blurPasses: number
  /** JPEG quality, drawn anew around this for every frame; undefined without compression. */
  readonly quality: number | undefined
}

/** Draws one camera at one moment of the day. */
export function drawCameraMarks(random: Random): CameraMarks {
  const changes = random.uniform() < 0.4
  const [level, slope] = [0.12 * random.uniform(), 0.25 * random.uniform()]
  const [hz, phase] = [0.2 + 1.5 * random.uniform(), 2 * Math.PI * random.uniform()]
  return {
    noise: 0.5 + 4 * random.uniform() ** 2,
    light: (s) => {
      const wave = changes ? Math.sin(2 * Math.PI * hz * s + phase) : 0
      return [1 + level * wave, slope * wave]
    },
    blurPasses: Math.floor(3 * random.uniform()),
    quality: random.uniform() < 0.6 ? 30 + Math.floor(55 * random.uniform()) : undefined,
  }
}

function blur(image: Image): Image {
  const { width, height, data } = image
  const output = Uint8Array.from(data)
  for (let y = 1; y < height - 1; y++) {
    for (let at = (y * width + 1) * 3; at < ((y + 1) * width - 1) * 3; at++) {
      const [up, down] = [at - width * 3, at + width * 3]
      output[at] = (4 * data[at] + data[at - 3] + data[at + 3] + data[up] + data[down] + 4) >> 3
    }
  }
  return createImage(width, height, output)
}

/** The frame as the camera delivers it. */
export async function photograph(
  scene: Image,
  marks: CameraMarks,
  seconds: number,
  random: Random,
): Promise<Image> {
  let image = scene
  for (let pass = 0; pass < marks.blurPasses; pass++) image = blur(image)
  const [level, slope] = marks.light(seconds)
  const table = random.gaussianTable
  const { width, height } = image
  const data = new Uint8Array(image.data.length)
  for (let y = 0; y < height; y++) {
    let from = Math.floor(random.uniform() * table.length)
    for (let x = 0; x < width; x++) {
      const gain = level + slope * (x / width - 0.5)
      const at = (y * width + x) * 3
      for (let c = 0; c < 3; c++) {
        from = from + 1 === table.length ? 0 : from + 1
        const value = gain * image.data[at + c] + marks.noise * table[from]
        data[at + c] = Math.min(255, Math.max(0, value + 0.5))
      }
    }
  }
  const taken = createImage(width, height, data)
  if (marks.quality === undefined) return taken
  const quality = Math.max(10, Math.round(marks.quality + 12 * (random.uniform() - 0.5)))
  const decoded = await decodeImage(await encodeJpeg(taken, quality))
  return decoded.ok ? decoded.image : taken
}
