import type { Image } from '../../frame/image.js'
import type { Random } from '../../liveness/random.js'
import type { Medium } from '../../liveness/still-simulator.js'

function clamp(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value
}

/** Screen angles of cyan, magenta and yellow in offset print, in degrees. */
const INK_ANGLES = [15, 75, 0] as const

/**
 * A print: three half-tone screens at their own angles, as far as a camera still resolves the dots,
 * on paper that is not white with ink that is not black.
 * @param picture at the size in which the camera sees it
 */
export function printPicture(picture: Image, random: Random): Medium {
  const { width, height, data } = picture
  const cellPx = 2.2 + 1.8 * random.uniform()
  const resolved = 0.25 + 0.5 * random.uniform()
  const paper = [0.98, 0.96 - 0.04 * random.uniform(), 0.92 - 0.1 * random.uniform()]
  const black = 18 + 22 * random.uniform()
  const printed = new Uint8Array(data.length)
  for (let channel = 0; channel < 3; channel++) {
    const angle = (INK_ANGLES[channel] * Math.PI) / 180
    const along = (2 * Math.PI * Math.cos(angle)) / cellPx
    const across = (2 * Math.PI * Math.sin(angle)) / cellPx
    for (let y = 0, i = channel; y < height; y++) {
      for (let x = 0; x < width; x++, i += 3) {
        const ink = 1 - data[i] / 255
        const screen =
          0.5 + 0.25 * (Math.cos(along * x + across * y) + Math.cos(along * y - across * x))
        const dot = Math.min(1, Math.max(0, 0.5 + 3 * (ink - screen)))
        const covered = ink + resolved * (dot - ink)
        printed[i] = clamp((black + (255 - black) * (1 - covered)) * paper[channel] + 0.5)
      }
    }
  }
  const sheet = { width, height, data: printed }
  return { at: () => sheet }
}

/**
 * A screen: stripes of red, green and blue sub-pixels that beat with the camera's grid (moiré), a
 * bluish backlight, a reflection, and a band of the refresh that wanders down.
 * @param picture at the size in which the camera sees it
 */
export function screenPicture(picture: Image, random: Random): Medium {
  const { width, height, data } = picture
  const pitchPx = 1.05 + 1.6 * random.uniform()
  const slant = 0.06 * (random.uniform() - 0.5)
  const stripes = 0.1 + 0.35 * random.uniform()
  const backlight = [0.96, 1, 1.06]
  const glare = {
    x: width * random.uniform(),
    y: height * random.uniform() * 0.6,
    radius: height * (0.1 + 0.25 * random.uniform()),
    level: 110 * random.uniform(),
  }
  const band = {
    hz: 0.3 + 2.5 * random.uniform(),
    depth: 0.03 + 0.15 * random.uniform(),
    half: 0.05 + 0.15 * random.uniform(),
  }
  const lit = new Uint8Array(data.length)
  for (let y = 0, i = 0; y < height; y++) {
    const row = 1 - 0.5 * stripes * (0.5 + 0.5 * Math.cos((2 * Math.PI * y) / pitchPx))
    for (let x = 0; x < width; x++, i += 3) {
      const away = ((x - glare.x) ** 2 + (y - glare.y) ** 2) / glare.radius ** 2
      const reflected = away < 9 ? glare.level * Math.exp(-away) : 0
      for (let channel = 0; channel < 3; channel++) {
        const phase = 2 * Math.PI * ((x + slant * y) / pitchPx - channel / 3)
        const stripe = 1 + stripes * Math.cos(phase)
        const value = data[i + channel] * row * stripe * backlight[channel]
        lit[i + channel] = clamp(value + reflected + 0.5)
      }
    }
  }
  return {
    at(seconds) {
      const shown = new Uint8Array(lit.length)
      const centre = ((band.hz * seconds) % 1) * (1 + 2 * band.half) - band.half
      for (let y = 0; y < height; y++) {
        const away = (y / height - centre) / band.half
        const gain = 1 - band.depth * Math.exp(-away * away)
        for (let i = y * width * 3; i < (y + 1) * width * 3; i++) shown[i] = lit[i] * gain + 0.5
      }
      return { width, height, data: shown }
    },
  }
}
