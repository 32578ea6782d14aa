import type { Face } from '../../detection/face.js'
import { between, type Random } from '../../evaluation/statistics/random.js'
import type { Image } from '../../frame/image.js'
import { estimateSimilarity, invertSimilarity } from '../../frame/similarity.js'
import { cropSquare, warpImage } from '../../frame/warp.js'
import { alterFace, type Alteration } from '../../learning/alterations.js'
import { wearGlasses } from './draw-glasses.js'
import { wearAsMask } from './draw-mask.js'
import { inHardLight } from './hard-light.js'

/** A photograph with the face in it. */
export interface PicturedFace {
  readonly picture: Image
  readonly face: Face
}

/** Drawn larger than the net sees it, so that edges are as soft as a camera's. */
const OVERSIZE = 1.25
/** Share of the faces that wear glasses. */
const GLASSES = 0.35

/** The five points' places, somewhat turned, enlarged and moved, as landmarks miss them. */
function jitter(template: readonly number[], side: number, random: Random): number[] {
  const angle = between(-0.09, 0.09, random)
  const scale = OVERSIZE * between(0.86, 1.16, random)
  const [moveX, moveY] = [between(-0.04, 0.04, random), between(-0.04, 0.04, random)]
  const middle = side / 2
  const placed: number[] = []
  for (let i = 0; i < 10; i += 2) {
    const [x, y] = [template[i] - middle, template[i + 1] - middle]
    placed.push(
      (middle + moveX * side) * OVERSIZE + scale * (x * Math.cos(angle) - y * Math.sin(angle)),
      (middle + moveY * side) * OVERSIZE + scale * (x * Math.sin(angle) + y * Math.cos(angle)),
    )
  }
  return placed
}

function mirrored({ width, height, data }: Image): Image {
  const turned = new Uint8Array(data.length)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [from, to] = [(y * width + x) * 3, (y * width + (width - 1 - x)) * 3]
      for (let c = 0; c < 3; c++) turned[to + c] = data[from + c]
    }
  }
  return { width, height, data: turned }
}

const wholeOf = (side: number) => ({ x: 0, y: 0, width: side, height: side })

/** A hat, a hood, a hand or hair that is not the face's own: another picture up to a straight or round edge. */
function covered(face: Image, by: Image, places: readonly number[], random: Random): Image {
  const [rightX, rightY, leftX, leftY, , noseY] = places
  const [eyeX, eyeY] = [(rightX + leftX) / 2, (rightY + leftY) / 2]
  const apart = leftX - rightX
  const isHat = random() < 0.5
  const tilt = between(-0.25, 0.25, random)
  const brim = eyeY - between(0.35, 0.9, random) * apart
  const side = random() < 0.5 ? -1 : 1
  const hand = {
    x: eyeX + side * between(0.8, 1.6, random) * apart,
    y: noseY + between(-1, 1.6, random) * apart,
    radius: between(0.3, 0.8, random) * apart,
  }
  const [light, shiftX, shiftY] = [
    between(0.4, 1.4, random),
    Math.round(between(-0.3, 0.3, random) * face.width),
    Math.round(between(-0.3, 0.3, random) * face.width),
  ]
  const data = new Uint8Array(face.data)
  const inside = (value: number) => Math.min(face.width - 1, Math.max(0, value))
  for (let y = 0; y < face.height; y++) {
    for (let x = 0; x < face.width; x++) {
      const isCovered = isHat
        ? y < brim + tilt * (x - eyeX)
        : Math.hypot(x - hand.x, y - hand.y) < hand.radius
      if (!isCovered) continue
      const from = (inside(y + shiftY) * by.width + inside(x + shiftX)) * 3
      const to = (y * face.width + x) * 3
      for (let c = 0; c < 3; c++) data[to + c] = Math.min(255, by.data[from + c] * light)
    }
  }
  return { width: face.width, height: face.height, data }
}

/** A square picture, shrunk and enlarged again. */
function softened(image: Image, factor: number): Image {
  const side = image.width
  const small = cropSquare(image, wholeOf(side), Math.max(8, Math.round(side / factor)))
  return cropSquare(small, wholeOf(small.width), side)
}

/** With the halos at edges that webcams add. */
function sharpened(image: Image, by: number): Image {
  const { width, height, data } = image
  const soft = softened(image, 2).data
  const crisp = new Uint8Array(data.length)
  for (let i = 0; i < data.length; i++) {
    crisp[i] = Math.min(255, Math.max(0, data[i] + by * (data[i] - soft[i])))
  }
  return { width, height, data: crisp }
}

function noisy({ width, height, data }: Image, level: number, random: Random): Image {
  const grained = new Uint8Array(data.length)
  for (let i = 0; i < data.length; i++) {
    const grain = (random() + random() + random() - 1.5) * 2 * level
    grained[i] = Math.min(255, Math.max(0, data[i] + grain + 0.5))
  }
  return { width, height, data: grained }
}

async function altered(
  image: Image,
  how: Alteration,
  points: readonly number[],
  random: Random,
): Promise<Image> {
  return alterFace(image, how, points, random)
}

export interface DrawnFace {
  readonly isWorn: boolean
  /** Share of the faces that may stand in hard light. */
  readonly hardLight: number
}

/**
 * A face as the net sees it, drawn anew with each call.
 * @param other another person, whose face is worn as a mask, or who lends a bare face a hat
 * @param template places of the five points in the net's input
 * @returns `side` × `side`
 */
export async function drawTrainingFace(
  { picture, face }: PicturedFace,
  other: PicturedFace,
  { isWorn, hardLight }: DrawnFace,
  { template, side }: { readonly template: readonly number[]; readonly side: number },
  random: Random,
): Promise<Image> {
  const size = Math.round(side * OVERSIZE)
  const places = jitter(template, side, random)
  const toPicture = estimateSimilarity(places, face.fivePoints)
  let drawn = warpImage(picture, toPicture, size, size)
  if (random() < 0.3) drawn = softened(drawn, between(1, 2, random))
  if (isWorn) {
    const offX = between(-0.03, 0.03, random) * size
    const offY = between(-0.03, 0.03, random) * size
    const moved = places.map((value, i) => value + (i % 2 === 0 ? offX : offY))
    const print = warpImage(
      other.picture,
      estimateSimilarity(moved, other.face.fivePoints),
      size,
      size,
    )
    const { a, b, tx, ty } = invertSimilarity(toPicture)
    const points: number[] = []
    for (let i = 0; i < 68; i++) {
      const [x, y] = [face.landmarks[2 * i], face.landmarks[2 * i + 1]]
      points.push(a * x - b * y + tx, b * x + a * y + ty)
    }
    const sharp = random() < 0.5 ? print : softened(print, between(1, 2.2, random))
    drawn = wearAsMask(drawn, sharp, points, random)
  } else {
    const worn = random()
    if (worn < 0.1) drawn = await altered(drawn, 'mask', places, random)
    else if (worn < 0.3) {
      const by = warpImage(
        other.picture,
        estimateSimilarity(places, other.face.fivePoints),
        size,
        size,
      )
      drawn = covered(drawn, by, places, random)
    }
  }
  // Over masks as well, or glasses would be taken for a sign of a bare face.
  if (random() < GLASSES) drawn = wearGlasses(drawn, places, random)
  drawn = cropSquare(drawn, wholeOf(size), side)
  if (random() < hardLight) drawn = inHardLight(drawn, random)
  if (random() < 0.5) drawn = mirrored(drawn)
  if (random() < 0.4) drawn = await altered(drawn, 'light', places, random)
  if (random() < 0.4) drawn = softened(drawn, between(1, 2.2, random))
  else if (random() < 0.4) drawn = sharpened(drawn, between(0.3, 1.5, random))
  if (random() < 0.5) drawn = noisy(drawn, between(0, 8, random), random)
  if (random() < 0.3) drawn = await altered(drawn, 'compression', places, random)
  return drawn
}
