import sharp from 'sharp'
import { between, type Random } from '../evaluation/statistics/random.js'
import { decodeImage, encodeJpeg } from '../frame/decode.js'
import { createImage, type Image } from '../frame/image.js'

/** What can happen to a face between enrolment and the door. */
export const ALTERATIONS = ['light', 'blur', 'compression', 'mask', 'glasses'] as const

export type Alteration = (typeof ALTERATIONS)[number]

/** Right eye, left eye, nose tip, right and left corner of the mouth: x, y interleaved, in pixels. */
export type FivePoints = readonly number[]

/**
 * An aligned face as it might look another day. Every call draws anew from `random`.
 * @param points where the five points lie in the aligned picture
 */
export async function alterFace(
  face: Image,
  alteration: Alteration,
  points: FivePoints,
  random: Random,
): Promise<Image> {
  switch (alteration) {
    case 'light':
      return changeLight(face, random)
    case 'blur':
      return blur(face, 0.7 + 1.1 * random())
    case 'compression':
      return compress(face, Math.round(12 + 28 * random()))
    case 'mask':
      return wearMask(face, points, random)
    case 'glasses':
      return wearGlasses(face, points, random)
  }
}

/** Each pixel by a function of its place and colour. */
function repaint(
  { width, height, data }: Image,
  paint: (x: number, y: number, colour: readonly [number, number, number]) => readonly number[],
): Image {
  const painted = new Uint8Array(data.length)
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      const colour = paint(x, y, [data[at], data[at + 1], data[at + 2]])
      for (let c = 0; c < 3; c++) {
        painted[at + c] = Math.min(255, Math.max(0, Math.round(colour[c])))
      }
    }
  }
  return createImage(width, height, painted)
}

/** Brighter or darker, warmer or colder, and from one side. */
function changeLight(face: Image, random: Random): Image {
  const gamma = 2 ** between(-0.9, 0.9, random)
  const warmth = between(-0.12, 0.12, random)
  const angle = between(0, 2 * Math.PI, random)
  const slope = between(0, 0.6, random)
  const tint = [1 + warmth, 1, 1 - warmth]
  return repaint(face, (x, y, colour) => {
    const across =
      (x / face.width - 0.5) * Math.cos(angle) + (y / face.height - 0.5) * Math.sin(angle)
    const light = 1 + 2 * slope * across
    return colour.map((value, c) => 255 * (value / 255) ** gamma * light * tint[c])
  })
}

async function blur(face: Image, sigma: number): Promise<Image> {
  const { width, height } = face
  const raw = { width, height, channels: 3 } as const
  const data = await sharp(face.data, { raw }).blur(sigma).raw().toBuffer()
  return createImage(width, height, new Uint8Array(data))
}

async function compress(face: Image, quality: number): Promise<Image> {
  const decoded = await decodeImage(await encodeJpeg(face, quality))
  if (!decoded.ok) throw new Error(`a face could not be compressed: ${decoded.detail}`)
  return decoded.image
}

const MASK_COLOURS = [
  [150, 190, 215],
  [235, 235, 235],
  [30, 30, 34],
] as const

/** A surgical mask, from the bridge of the nose to below the chin. */
function wearMask(face: Image, points: FivePoints, random: Random): Image {
  const [rightX, rightY, leftX, leftY, noseX, noseY, mouthRightX, , mouthLeftX] = points
  const apart = leftX - rightX
  const eyeY = (rightY + leftY) / 2
  const top = eyeY + between(0.35, 0.6, random) * (noseY - eyeY)
  const sideTop = top + 0.18 * apart
  const [cheekRight, cheekLeft] = [rightX - 0.35 * apart, leftX + 0.35 * apart]
  const [chinRight, chinLeft] = [mouthRightX - 0.1 * apart, mouthLeftX + 0.1 * apart]
  const colour = MASK_COLOURS[Math.floor(random() * MASK_COLOURS.length)]
  const bottom = face.height
  return repaint(face, (x, y, skin) => {
    const side = Math.min(1, Math.abs(x - noseX) / (0.85 * apart))
    if (y < top + (sideTop - top) * side) return skin
    const down = (y - sideTop) / (bottom - sideTop)
    const from = cheekRight + (chinRight - cheekRight) * Math.max(0, down)
    const to = cheekLeft + (chinLeft - cheekLeft) * Math.max(0, down)
    if (x < from || x > to) return skin
    const fold = 0.94 + 0.06 * Math.cos(y * 0.7)
    const light = (0.75 + 0.25 * (1 - side)) * fold
    return colour.map((value) => value * light)
  })
}

/** Frames around both eyes, now and then with dark lenses. */
function wearGlasses(face: Image, points: FivePoints, random: Random): Image {
  const [rightX, rightY, leftX, leftY] = points
  const apart = leftX - rightX
  const [radiusX, radiusY] = [
    between(0.36, 0.42, random) * apart,
    between(0.26, 0.34, random) * apart,
  ]
  const rim = between(0.05, 0.1, random)
  const frame = between(10, 90, random)
  const tint = random() < 0.3 ? between(0.1, 0.35, random) : between(0.85, 1, random)
  return repaint(face, (x, y, skin) => {
    for (const [eyeX, eyeY] of [
      [rightX, rightY],
      [leftX, leftY],
    ]) {
      const far = Math.hypot((x - eyeX) / radiusX, (y - eyeY) / radiusY)
      if (Math.abs(far - 1) < rim) return [frame, frame, frame]
      if (far < 1) return skin.map((value) => value * tint)
    }
    const bridge = (rightY + leftY) / 2 - 0.05 * apart
    const isBridge =
      Math.abs(y - bridge) < rim * radiusY && x > rightX + radiusX && x < leftX - radiusX
    return isBridge ? [frame, frame, frame] : skin
  })
}
