import type { Landmarks } from '../../detection/face.js'
import { createImage } from '../../frame/image.js'
import type { Image } from '../../frame/image.js'
import type { Random } from '../random.js'

/** A face of a photograph: where its eyes are, in pixels. */
export interface PicturedFace {
  readonly picture: Image
  readonly landmarks: Landmarks
}

/** Where a surface is at one moment: angles in rad, lengths in eye distances. */
export interface SurfacePose {
  readonly yaw: number
  readonly pitch: number
  readonly roll: number
  readonly x: number
  readonly y: number
  readonly scale: number
}

/** What the face itself does at one moment, 0 at rest, about 1 in full. */
export interface Expression {
  readonly lidsClosed: number
  readonly mouthOpen: number
  readonly smile: number
}

/** How a photograph's surface moves over time; a face's own depth, or a sheet's bend. */
export type Motion =
  | {
      readonly kind: 'head'
      readonly pose: (seconds: number) => SurfacePose
      readonly expression: (seconds: number) => Expression
    }
  | {
      readonly kind: 'sheet'
      readonly pose: (seconds: number) => SurfacePose
      /** Depth is bend · u² about an axis at this angle. */
      readonly bend: (seconds: number) => number
      readonly bendAngle: number
    }

const CELLS = 64
/** Distance of the camera in eye distances: about 65 cm. */
const CAMERA_DISTANCE = 10
/** A head turns about a point behind the face. */
const PIVOT = { y: 0.7, z: -1.3 }
const FACE = { y: 0.35, radiusX: 1.25, radiusY: 1.75, depth: 1.1 }

function bell(value: number): number {
  return Math.exp(-value * value)
}

function smoothStep(low: number, high: number, value: number): number {
  const share = Math.min(1, Math.max(0, (value - low) / (high - low)))
  return share * share * (3 - 2 * share)
}

/** Where on the face's oval a place lies: 0 middle, 1 outline. Eye distances from between the eyes. */
function ovalRadius(u: number, v: number): number {
  return Math.hypot(u / FACE.radiusX, (v - FACE.y) / FACE.radiusY)
}

/** Depth of a generic face towards the camera: an ellipsoid with nose, eye sockets, lips and chin. */
export function genericDepth(u: number, v: number): number {
  const radius = Math.min(1, ovalRadius(u, v))
  const ellipsoid = FACE.depth * (Math.sqrt(1 - radius * radius) - 1)
  const ridge = smoothStep(-0.25, 0.62, v) * (1 - smoothStep(0.66, 0.82, v))
  const nose = 0.38 * ridge * bell(u / (0.14 + 0.12 * Math.max(0, v)))
  const sockets = -0.1 * bell((Math.abs(u) - 0.5) / 0.28) * bell(v / 0.2)
  const lips = 0.08 * bell(u / 0.4) * bell((v - 1.1) / 0.2)
  const chin = 0.1 * bell(u / 0.4) * bell((v - 1.7) / 0.2)
  return ellipsoid + nose + sockets + lips + chin
}

/** How an expression displaces a place of the face. */
function displaced(u: number, v: number, e: Expression): [number, number] {
  const besideEye = bell((Math.abs(u) - 0.5) / 0.34)
  // The lid's skin slides down over the eye; the lower lid stays.
  const lid = smoothStep(-0.42, -0.1, v) * (1 - smoothStep(0, 0.13, v))
  const jaw = smoothStep(1.06, 1.22, v) * (1 - smoothStep(1.5, 2.4, Math.abs(u) + v / 2))
  const corner = bell((Math.abs(u) - 0.42) / 0.2) * bell((v - 1.1) / 0.25)
  return [
    u + e.smile * 0.08 * Math.sign(u) * corner,
    v + e.lidsClosed * 0.16 * besideEye * lid + e.mouthOpen * 0.22 * jaw - e.smile * 0.06 * corner,
  ]
}

function project(
  pose: SurfacePose,
  u: number,
  v: number,
  z: number,
  pivotZ: number,
): [number, number] {
  // At rest every place must come out where the photograph shows it.
  const stretch = (CAMERA_DISTANCE - z) / CAMERA_DISTANCE
  const x0 = u * stretch
  const y0 = v * stretch - PIVOT.y
  const z0 = z - pivotZ
  const [cosY, sinY] = [Math.cos(pose.yaw), Math.sin(pose.yaw)]
  const x1 = x0 * cosY + z0 * sinY
  const z1 = z0 * cosY - x0 * sinY
  const [cosP, sinP] = [Math.cos(pose.pitch), Math.sin(pose.pitch)]
  const y2 = y0 * cosP - z1 * sinP
  const z2 = y0 * sinP + z1 * cosP
  const [cosR, sinR] = [Math.cos(pose.roll), Math.sin(pose.roll)]
  const size = (pose.scale * CAMERA_DISTANCE) / (CAMERA_DISTANCE - z2 - pivotZ)
  return [
    size * (x1 * cosR - y2 * sinR + pose.x),
    size * (x1 * sinR + y2 * cosR + PIVOT.y + pose.y),
  ]
}

type Vertex = readonly [number, number]

/** Fills a triangle with the affine image of a triangle of the picture. */
function fill(
  canvas: Uint8Array,
  picture: Image,
  to: readonly Vertex[],
  from: readonly Vertex[],
): void {
  const { width, height, data } = picture
  const [[ax, ay], [bx, by], [cx, cy]] = to
  const area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
  if (!(Math.abs(area) > 1e-9)) return
  const left = Math.max(0, Math.ceil(Math.min(ax, bx, cx)))
  const right = Math.min(width - 1, Math.floor(Math.max(ax, bx, cx)))
  const top = Math.max(0, Math.ceil(Math.min(ay, by, cy)))
  const bottom = Math.min(height - 1, Math.floor(Math.max(ay, by, cy)))
  const stride = width * 3
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const wb = ((x - ax) * (cy - ay) - (cx - ax) * (y - ay)) / area
      const wc = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / area
      const wa = 1 - wb - wc
      if (wa < -1e-9 || wb < -1e-9 || wc < -1e-9) continue
      let sx = wa * from[0][0] + wb * from[1][0] + wc * from[2][0]
      let sy = wa * from[0][1] + wb * from[1][1] + wc * from[2][1]
      sx = sx < 0 ? 0 : sx > width - 1.001 ? width - 1.001 : sx
      sy = sy < 0 ? 0 : sy > height - 1.001 ? height - 1.001 : sy
      const x0 = sx | 0
      const y0 = sy | 0
      const fx = sx - x0
      const fy = sy - y0
      const at = y0 * stride + x0 * 3
      const out = (y * width + x) * 3
      for (let c = 0; c < 3; c++) {
        const upper = data[at + c] * (1 - fx) + data[at + c + 3] * fx
        const lower = data[at + stride + c] * (1 - fx) + data[at + stride + c + 3] * fx
        canvas[out + c] = upper * (1 - fy) + lower * fy + 0.5
      }
    }
  }
}

/**
 * Draws frames of a photographed face that moves as a head or as a sheet does; both by the same mesh
 * and sampling, so that only geometry tells them apart.
 * @returns a function of time
 */
export function createFaceMover(face: PicturedFace, motion: Motion): (seconds: number) => Image {
  const { picture, landmarks } = face
  const { width, height } = picture
  const eye = (first: number, axis: number): number => {
    let sum = 0
    for (let i = first; i < first + 6; i++) sum += landmarks[2 * i + axis] / 6
    return sum
  }
  const [leftX, leftY, rightX, rightY] = [eye(36, 0), eye(36, 1), eye(42, 0), eye(42, 1)]
  const [centreX, centreY] = [(leftX + rightX) / 2, (leftY + rightY) / 2]
  const [alongX, alongY] = [rightX - leftX, rightY - leftY]
  const scaleSq = alongX * alongX + alongY * alongY
  const toFace = (x: number, y: number): Vertex => [
    ((x - centreX) * alongX + (y - centreY) * alongY) / scaleSq,
    ((y - centreY) * alongX - (x - centreX) * alongY) / scaleSq,
  ]
  const toFrame = ([u, v]: Vertex): Vertex => [
    centreX + u * alongX - v * alongY,
    centreY + u * alongY + v * alongX,
  ]
  const stride = CELLS + 1
  const sources: Vertex[] = Array.from({ length: stride * stride }, (_, i) => [
    ((i % stride) / CELLS) * (width - 1),
    (Math.floor(i / stride) / CELLS) * (height - 1),
  ])
  const places = sources.map(([x, y]) => toFace(x, y))

  return (seconds) => {
    const pose = motion.pose(seconds)
    const moved = ((): Vertex[] => {
      if (motion.kind === 'sheet') {
        const bend = motion.bend(seconds)
        const [cos, sin] = [Math.cos(motion.bendAngle), Math.sin(motion.bendAngle)]
        return places.map(([u, v]) => {
          const across = Math.max(-2.5, Math.min(2.5, u * cos + (v - PIVOT.y) * sin))
          return project(pose, u, v, bend * across * across, 0)
        })
      }
      const expression = motion.expression(seconds)
      return places.map(([u, v]) => {
        // The room behind the head stays where it is; its edge stretches in between.
        const belongs = 1 - smoothStep(1, 1.4, ovalRadius(u, v))
        if (belongs === 0) return [u, v]
        const [du, dv] = displaced(u, v, expression)
        const [x, y] = project(pose, du, dv, genericDepth(u, v), PIVOT.z)
        return [u + belongs * (x - u), v + belongs * (y - v)]
      })
    })().map(toFrame)
    const canvas = Uint8Array.from(picture.data)
    for (let row = 0; row < CELLS; row++) {
      for (let column = 0; column < CELLS; column++) {
        const a = row * stride + column
        const [b, c, d] = [a + 1, a + stride, a + stride + 1]
        for (const corners of [
          [a, b, c],
          [b, d, c],
        ]) {
          fill(
            canvas,
            picture,
            corners.map((i) => moved[i]),
            corners.map((i) => sources[i]),
          )
        }
      }
    }
    return createImage(width, height, canvas)
  }
}

type Wander = (seconds: number) => number

/** Smooth pseudo-random motion of about unit amplitude. */
function wander(random: Random, lowHz: number, highHz: number): Wander {
  const waves = Array.from({ length: 3 }, () => ({
    hz: lowHz + (highHz - lowHz) * random.uniform(),
    phase: 2 * Math.PI * random.uniform(),
  }))
  return (s) =>
    waves.reduce((sum, { hz, phase }) => sum + Math.sin(2 * Math.PI * hz * s + phase), 0) / 2.2
}

function poseMotion(random: Random, turn: number, shift: number): (seconds: number) => SurfacePose {
  const part = (size: number): Wander => {
    const amplitude = size * (0.2 + random.uniform())
    const shape = wander(random, 0.15, 0.3 + 0.9 * random.uniform())
    const rest = shape(0)
    return (s) => amplitude * (shape(s) - rest)
  }
  const tremor = random.uniform() < 0.4 ? 0.006 * random.uniform() : 0
  const shake = wander(random, 4, 8)
  const [yaw, pitch, roll] = [part(turn), part(turn * 0.7), part(turn * 0.35)]
  const [x, y, scale] = [part(shift), part(shift), part(shift * 0.3)]
  return (s) => ({
    yaw: yaw(s),
    pitch: pitch(s),
    roll: roll(s),
    x: x(s) + tremor * shake(s),
    y: y(s) + tremor * shake(s + 0.37),
    scale: Math.max(0.6, 1 + scale(s)),
  })
}

/** A photograph's motion in a hand: from nearly at rest to strongly tilted, flat or bent. */
export function sheetMotion(random: Random): Motion {
  const turn = random.uniform() < 0.2 ? 0.02 : 0.05 + 0.4 * random.uniform()
  const pose = poseMotion(random, turn, 0.02 + 0.4 * random.uniform() ** 2)
  const bends = random.uniform()
  const rest = bends < 0.4 ? 0 : 0.25 * (2 * random.uniform() - 1)
  const flexes = bends > 0.7 ? 0.12 * random.uniform() : 0
  const shape = wander(random, 0.2, 1)
  return {
    kind: 'sheet',
    pose,
    bend: (s) => rest + flexes * shape(s),
    bendAngle: random.uniform() < 0.7 ? 0 : Math.PI * random.uniform(),
  }
}

/** A head's motion: it turns, blinks or speaks, at least one of them visibly. */
export function headMotionOf(random: Random, seconds: number): Motion {
  const speaks = random.uniform() < 0.55
  const blinks = random.uniform() < 0.55
  const turns = !speaks && !blinks ? 1 : random.uniform()
  const pose = poseMotion(
    random,
    turns < 0.3 ? 0.02 : 0.06 + 0.2 * turns,
    0.02 + 0.25 * random.uniform() ** 2,
  )
  const blinkAt = seconds * (0.15 + 0.7 * random.uniform())
  const blinkS = 0.06 + 0.1 * random.uniform()
  const speech = wander(random, 1.5, 4.5)
  const [loud, bias] = [0.3 + 0.7 * random.uniform(), random.uniform() - 0.4]
  const smiles = random.uniform() < 0.3 ? random.uniform() : 0
  const smile = wander(random, 0.1, 0.5)
  return {
    kind: 'head',
    pose,
    expression: (s) => ({
      lidsClosed: blinks ? bell((s - blinkAt) / blinkS) : 0,
      mouthOpen: speaks ? Math.max(0, loud * (speech(s) + bias)) : 0,
      smile: smiles * smile(s),
    }),
  }
}
