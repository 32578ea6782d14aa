import type { Landmarks } from '../../detection/face.js'
import { createImage } from '../../frame/image.js'
import type { Image } from '../../frame/image.js'
import { createRandom } from '../random.js'

/** A pulse put onto real frames, to show that the algorithm finds one where one is. */
export interface SyntheticPulse {
  readonly beatsPerMinute: number
  /** Peak change of green as a share of its value; real skin shows about 0.005 to 0.01. */
  readonly amplitude: number
  /** Standard deviation of the noise added to every pixel and channel, in levels. */
  readonly noise: number
  readonly seed: number
}

/** Relative strength of the pulse in red, green and blue (Wang et al. 2017, halogen light). */
const SIGNATURE = [0.33, 0.77, 0.53]

/**
 * Draws frames with the pulse on the face and fresh noise everywhere.
 * @returns a function of the frame, the face's points and the time, to be called in order
 */
export function createPulsePainter(
  pulse: SyntheticPulse,
): (image: Image, landmarks: Landmarks, seconds: number) => Image {
  const random = createRandom(pulse.seed)
  const table = random.gaussianTable
  return (image, landmarks, seconds) => {
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity]
    for (let i = 0; i < landmarks.length; i += 2) {
      left = Math.min(left, landmarks[i])
      right = Math.max(right, landmarks[i])
      top = Math.min(top, landmarks[i + 1])
      bottom = Math.max(bottom, landmarks[i + 1])
    }
    // The 68 points end at the brows; the forehead above them beats too.
    top -= 0.35 * (bottom - top)
    const phase = (2 * Math.PI * pulse.beatsPerMinute * seconds) / 60
    // A steep rise and a slow fall, as blood volume has.
    const wave = 0.8 * Math.sin(phase) + 0.25 * Math.sin(2 * phase + 0.6)
    const gains = SIGNATURE.map((share) => 1 + (pulse.amplitude * wave * share) / SIGNATURE[1])
    const { width, height } = image
    const data = new Uint8Array(image.data.length)
    for (let y = 0; y < height; y++) {
      let from = Math.floor(random.uniform() * table.length)
      const v = (2 * y - top - bottom) / (bottom - top)
      for (let x = 0; x < width; x++) {
        const u = (2 * x - left - right) / (right - left)
        const beats = u * u + v * v < 1
        const at = (y * width + x) * 3
        for (let c = 0; c < 3; c++) {
          from = from + 1 === table.length ? 0 : from + 1
          const value = image.data[at + c] * (beats ? gains[c] : 1) + pulse.noise * table[from]
          data[at + c] = Math.min(255, Math.max(0, value + 0.5))
        }
      }
    }
    return createImage(width, height, data)
  }
}
