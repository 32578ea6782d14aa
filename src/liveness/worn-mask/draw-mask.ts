import { between, type Random } from '../../evaluation/statistics/random.js'
import { createImage, type Image } from '../../frame/image.js'

/** A closed curve about a point, in pixels: an oval that is more or less square and somewhat uneven. */
interface Outline {
  readonly x: number
  readonly y: number
  readonly radiusX: number
  readonly radiusY: number
  /** Where the curve lies by angle, in shares of the radii. */
  readonly edge: Float32Array
}

const ANGLES = 128

/** The 68 points of a face in the pixels of the picture that is drawn. */
export type MaskPoints = ArrayLike<number>

function outlineOf(points: MaskPoints, first: number, last: number, random: Random): Outline {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity]
  for (let i = first; i <= last; i++) {
    left = Math.min(left, points[2 * i])
    right = Math.max(right, points[2 * i])
    top = Math.min(top, points[2 * i + 1])
    bottom = Math.max(bottom, points[2 * i + 1])
  }
  return {
    x: (left + right) / 2,
    y: (top + bottom) / 2,
    radiusX: (right - left) / 2,
    radiusY: (bottom - top) / 2,
    edge: drawEdge(random),
  }
}

/** A superellipse, 2 an ellipse and 4 nearly a rectangle, with waves of 2 and 3 around it. */
function drawEdge(random: Random): Float32Array {
  const exponent = between(1.7, 4, random)
  const waves = [0.06, 0.04].map((most) => ({
    share: most * random(),
    phase: between(0, 2 * Math.PI, random),
  }))
  return Float32Array.from({ length: ANGLES }, (_, i) => {
    const angle = (2 * Math.PI * i) / ANGLES - Math.PI
    const round = Math.abs(Math.cos(angle)) ** exponent + Math.abs(Math.sin(angle)) ** exponent
    const even = round ** (-1 / exponent)
    return waves.reduce(
      (sum, { share, phase }, wave) => sum + share * Math.cos((wave + 2) * angle + phase),
      even,
    )
  })
}

/** Shares of the radii, so that most places need no power and no angle. */
const SURELY_INSIDE = 0.5
const SURELY_OUTSIDE = 2.5

/** Pixels from a place to the outline, negative inside; nearly so, and infinite far from it. */
function distanceTo(outline: Outline, px: number, py: number): number {
  const dx = (px - outline.x) / outline.radiusX
  const dy = (py - outline.y) / outline.radiusY
  const nearest = Math.max(Math.abs(dx), Math.abs(dy))
  if (nearest < SURELY_INSIDE) return -Infinity
  if (nearest > SURELY_OUTSIDE) return Infinity
  const turn = (Math.atan2(dy, dx) + Math.PI) / (2 * Math.PI)
  const edge = outline.edge[Math.floor(turn * ANGLES) % ANGLES]
  return (Math.sqrt(dx * dx + dy * dy) - edge) * Math.min(outline.radiusX, outline.radiusY)
}

/** How a mask is cut, printed and lit. */
interface MaskForm {
  readonly outline: Outline
  readonly holes: readonly Outline[]
  /** Pixels over which an edge fades. */
  readonly feather: number
  /** Multiplies each channel of the print. */
  readonly tone: readonly number[]
  readonly lift: number
  /** Share of light that the paper's edge takes from the skin beside it, and how far. */
  readonly shade: number
  readonly shadeReach: number
  /** Whether the cut shows the white of the paper. */
  readonly hasWhiteEdge: boolean
}

function drawForm(points: MaskPoints, random: Random): MaskForm {
  const apart = Math.hypot(points[2 * 45] - points[2 * 36], points[2 * 45 + 1] - points[2 * 36 + 1])
  const face = outlineOf(points, 0, 67, random)
  const reach = random() < 0.2 ? between(1.6, 3, random) : between(0.95, 1.6, random)
  const outline = {
    ...face,
    y: face.y - between(0.05, 0.3, random) * face.radiusY,
    radiusX: face.radiusX * reach * between(0.9, 1.1, random),
    radiusY: face.radiusY * reach * between(1, 1.3, random),
  }
  const misses = between(0, 0.03, random) * apart
  const [eyeX, eyeY] = [between(1.02, 1.8, random), between(0.5, 1.3, random)]
  const eye = (first: number): Outline => {
    const lids = outlineOf(points, first, first + 5, random)
    return {
      ...lids,
      x: lids.x + between(-misses, misses, random),
      y: lids.y + between(-misses, misses, random),
      radiusX: lids.radiusX * eyeX,
      radiusY: Math.max(lids.radiusY * 1.05, lids.radiusX * eyeY),
    }
  }
  const holes = [eye(36), eye(42)]
  if (random() < 0.5) {
    const lips = outlineOf(points, 48, 67, random)
    holes.push({
      ...lids(lips, between(1, 1.5, random)),
      y: lips.y + between(-misses, misses, random),
    })
  }
  if (random() < 0.2) {
    const nose = outlineOf(points, 31, 35, random)
    holes.push({ ...lids(nose, between(1, 1.6, random)) })
  }
  const light = between(0.6, 1.4, random)
  return {
    outline,
    holes,
    feather: random() < 0.5 ? 0.7 : between(0.7, 2.5, random),
    tone: [0, 1, 2].map(() => light * between(0.88, 1.12, random)),
    lift: random() < 0.4 ? between(0, 40, random) : 0,
    shade: random() < 0.5 ? 0 : between(0.1, 0.7, random),
    shadeReach: between(1.5, 6, random),
    hasWhiteEdge: random() < 0.2,
  }
}

function lids(outline: Outline, scale: number): Outline {
  const radiusX = outline.radiusX * scale
  return { ...outline, radiusX, radiusY: Math.max(outline.radiusY, radiusX * 0.35) * scale }
}

const PAPER = 235

/**
 * A face that wears another as a mask: cut out round, with holes for the eyes, now and then for
 * mouth and nose, printed lighter or darker than the skin beside it.
 * @param wearer and `shown` are of one size, the faces in the same place
 * @param points of the wearer, in pixels of `wearer`
 */
export function wearAsMask(wearer: Image, shown: Image, points: MaskPoints, random: Random): Image {
  const form = drawForm(points, random)
  const { width, height } = wearer
  const data = wearer.data.slice()
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      // Beyond the paper, positive: outside the outline, or within a hole.
      let beyond = distanceTo(form.outline, x, y)
      for (const hole of form.holes) beyond = Math.max(beyond, -distanceTo(hole, x, y))
      if (beyond === Infinity) continue
      const cover = Math.min(1, Math.max(0, 0.5 - beyond / form.feather))
      const shadow =
        beyond > 0 && beyond < 3 * form.shadeReach
          ? 1 - form.shade * Math.exp(-beyond / form.shadeReach)
          : 1
      const isEdge = form.hasWhiteEdge && beyond <= 0 && beyond > -1.2
      for (let c = 0; c < 3; c++) {
        const skin = wearer.data[at + c] * shadow
        const printed = isEdge
          ? PAPER
          : Math.min(255, form.lift + shown.data[at + c] * form.tone[c] * (1 - form.lift / 255))
        data[at + c] = skin + cover * (printed - skin) + 0.5
      }
    }
  }
  return createImage(width, height, data)
}
