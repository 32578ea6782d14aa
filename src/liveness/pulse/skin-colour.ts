import type { Landmarks } from '../../detection/face.js'
import type { Image } from '../../frame/image.js'

/** Mean colour of the skin of forehead and cheeks in one frame. */
export interface SkinColour {
  /** Mean red, green and blue, 0..255. */
  readonly rgb: readonly [number, number, number]
  readonly pixels: number
  /** Share of the regions' pixels with a channel at its limit. */
  readonly clippedShare: number
  /** Middle between the eyes, frame pixels. */
  readonly centre: readonly [number, number]
  readonly eyeDistancePx: number
}

/**
 * Forehead and cheeks as rectangles in the frame of the eyes: origin between them, x towards the
 * eye on the right of the picture, y down the face, both in eye distances.
 */
const REGIONS = [
  { left: -0.45, right: 0.45, top: -0.95, bottom: -0.55 },
  { left: -0.65, right: -0.33, top: 0.4, bottom: 0.75 },
  { left: 0.33, right: 0.65, top: 0.4, bottom: 0.75 },
]
/** Samples along one eye distance, at most; a larger face gives no better mean. */
const MAX_SAMPLES_PER_EYE_DISTANCE = 80
const CLIPPED_FROM = 252
const BLACK_TO = 4

function eyeCentre(landmarks: Landmarks, first: number): [number, number] {
  let x = 0
  let y = 0
  for (let i = first; i < first + 6; i++) {
    x += landmarks[2 * i] / 6
    y += landmarks[2 * i + 1] / 6
  }
  return [x, y]
}

/**
 * Averages the skin that a pulse colours.
 * @returns undefined where the points make no face or its skin lies outside the frame
 */
export function measureSkin(image: Image, landmarks: Landmarks): SkinColour | undefined {
  const [leftX, leftY] = eyeCentre(landmarks, 36)
  const [rightX, rightY] = eyeCentre(landmarks, 42)
  const dx = rightX - leftX
  const dy = rightY - leftY
  const eyeDistancePx = Math.hypot(dx, dy)
  if (!(eyeDistancePx > 4) || !Number.isFinite(eyeDistancePx)) return undefined
  const centreX = (leftX + rightX) / 2
  const centreY = (leftY + rightY) / 2
  const step = 1 / Math.min(MAX_SAMPLES_PER_EYE_DISTANCE, eyeDistancePx)
  const { data, width, height } = image
  let [red, green, blue, pixels, clipped, seen, outside] = [0, 0, 0, 0, 0, 0, 0]
  for (const region of REGIONS) {
    for (let v = region.top; v < region.bottom; v += step) {
      for (let u = region.left; u < region.right; u += step) {
        const x = Math.round(centreX + u * dx - v * dy)
        const y = Math.round(centreY + u * dy + v * dx)
        if (x < 0 || y < 0 || x >= width || y >= height) {
          outside++
          continue
        }
        seen++
        const at = (y * width + x) * 3
        const [r, g, b] = [data[at], data[at + 1], data[at + 2]]
        const brightest = Math.max(r, g, b)
        // Counted, not left out: which pixels clip follows the beat itself and would cancel it.
        if (brightest >= CLIPPED_FROM || brightest <= BLACK_TO) clipped++
        red += r
        green += g
        blue += b
        pixels++
      }
    }
  }
  if (outside > seen || pixels === 0) return undefined
  return {
    rgb: [red / pixels, green / pixels, blue / pixels],
    pixels,
    clippedShare: clipped / seen,
    centre: [centreX, centreY],
    eyeDistancePx,
  }
}
