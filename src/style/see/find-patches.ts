import { createImage } from '../../frame/image.js'
import type { Image } from '../../frame/image.js'
import type { Field, Reach } from './receptive-field.js'

/** Patches of a contact sheet. */
export const PATCH_COUNT = 9

/** What excites a unit. */
export interface Patch {
  /** Which picture it is from, as the caller numbered it. */
  readonly picture: number
  readonly activation: number
  /** What the unit looks at, cut out of what the net was shown. */
  readonly image: Image
}

/** One layer's values for one picture: channel-major, `channels × height × width`. */
export interface LayerValues {
  readonly width: number
  readonly height: number
  readonly values: Float32Array
}

/** First and last position that lie in the picture. */
function within(reach: Reach, index: number, size: number): { from: number; to: number } {
  const from = Math.max(0, reach.step * index + reach.low)
  const to = Math.min(size - 1, reach.step * index + reach.high)
  return { from, to: Math.max(from, to) }
}

function cut(image: Image, field: Field, x: number, y: number): Image {
  const across = within(field.x, x, image.width)
  const down = within(field.y, y, image.height)
  const width = across.to - across.from + 1
  const height = down.to - down.from + 1
  const data = new Uint8Array(width * height * 3)
  for (let row = 0; row < height; row++) {
    const from = ((down.from + row) * image.width + across.from) * 3
    data.set(image.data.subarray(from, from + width * 3), row * width * 3)
  }
  return createImage(width, height, data)
}

/**
 * The places of one picture that excite a unit most, strongest first. A place whose centre lies in
 * the middle half of a stronger one is the same thing seen twice and is left out.
 */
export function strongestPatches(
  layer: LayerValues,
  field: Field,
  unit: number,
  view: Image,
  picture: number,
  most: number,
): Patch[] {
  const { width, height, values } = layer
  const plane = values.subarray(unit * width * height, (unit + 1) * width * height)
  const order = Array.from(plane.keys()).sort((a, b) => plane[b] - plane[a])
  const span = ({ step, low, high }: Reach) => Math.max(1, (high - low + 1) / (2 * step))
  const apartX = span(field.x)
  const apartY = span(field.y)
  const taken: { x: number; y: number; at: number }[] = []
  for (const at of order) {
    if (taken.length === most || plane[at] <= 0) break
    const x = at % width
    const y = Math.floor(at / width)
    const isNear = (other: { x: number; y: number }) =>
      Math.abs(x - other.x) < apartX && Math.abs(y - other.y) < apartY
    if (!taken.some(isNear)) taken.push({ x, y, at })
  }
  return taken.map(({ x, y, at }) => ({
    picture,
    activation: plane[at],
    image: cut(view, field, x, y),
  }))
}

/** The strongest of what was found so far, no more than `mostOfOne` from one picture. */
export function keepStrongest(patches: readonly Patch[], mostOfOne: number): Patch[] {
  const ofPicture = new Map<number, number>()
  const sorted = [...patches].sort((a, b) => b.activation - a.activation)
  return sorted
    .filter(({ picture }) => {
      const count = (ofPicture.get(picture) ?? 0) + 1
      ofPicture.set(picture, count)
      return count <= mostOfOne
    })
    .slice(0, PATCH_COUNT)
}
