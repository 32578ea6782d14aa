import { between, type Random } from '../../evaluation/statistics/random.js'
import type { Image } from '../../frame/image.js'

/** Each pixel by a gain of its place, from the middle (0, 0) to the edges (±0.5). */
function lit(
  { width, height, data }: Image,
  gainAt: (across: number, down: number) => number,
): Image {
  const image = new Uint8Array(data.length)
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      const gain = gainAt(x / width - 0.5, y / height - 0.5)
      for (let c = 0; c < 3; c++) image[at + c] = Math.min(255, data[at + c] * gain)
    }
  }
  return { width, height, data: image }
}

const step = (value: number) => Math.min(1, Math.max(0, value))

/** The face in the dark, before a bright window or sky. */
function backlit(face: Image, random: Random): Image {
  const inside = between(0.2, 0.7, random)
  const outside = between(1, 2.2, random)
  const fade = between(0.1, 0.5, random)
  const [middleX, middleY] = [between(-0.05, 0.05, random), between(0, 0.15, random)]
  const [radiusX, radiusY] = [between(0.38, 0.58, random), between(0.45, 0.7, random)]
  return lit(face, (across, down) => {
    const far = Math.hypot((across - middleX) / radiusX, (down - middleY) / radiusY)
    return inside + (outside - inside) * step((far - 1) / fade + 0.5)
  })
}

/** Light from one side, blown out there, with a softer or harder shadow on the other. */
function sidelit(face: Image, random: Random): Image {
  const angle = between(0, 2 * Math.PI, random)
  const [dark, bright] = [between(0.35, 0.9, random), between(1.1, 2.4, random)]
  const fade = between(0.08, 0.8, random)
  const edge = between(-0.25, 0.25, random)
  return lit(face, (across, down) => {
    const along = across * Math.cos(angle) + down * Math.sin(angle) - edge
    return dark + (bright - dark) * step(along / fade + 0.5)
  })
}

/** A face in light that a camera at a door meets and a press photograph does not; often unchanged. */
export function inHardLight(face: Image, random: Random): Image {
  const kind = random()
  if (kind < 0.25) return backlit(face, random)
  if (kind < 0.45) return sidelit(face, random)
  if (kind < 0.55) {
    const gain = between(0.2, 0.6, random)
    return lit(face, () => gain)
  }
  return face
}
