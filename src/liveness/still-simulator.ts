import { createImage, type Image } from '../frame/image.js'
import { resizeImage } from '../frame/resize.js'
import { createRandom, type Random } from './random.js'

/** Ways a photograph can be shown to the camera; each is a labelled, synthetic attack species. */
export const STILL_SPECIES = [
  'frozen',
  'noise',
  'translate',
  'rotate',
  'tilt',
  'zoom',
  'bend-tilt',
  'flex',
  'hand-shake',
  'jerk',
  'lighting',
] as const
export type StillSpecies = (typeof STILL_SPECIES)[number]

/** What to render; the same options always give the same pixels. */
export interface StillClipOptions {
  readonly species: StillSpecies
  readonly seed: number
  readonly framesPerSecond: number
  readonly seconds: number
  /** Size of the rendered frames in pixels. */
  readonly width: number
  readonly height: number
  /** Height of the shown picture as a share of the frame's height at rest; default 0.85. */
  readonly pictureHeight?: number
  /** Puts the picture, scaled to the size it is seen in, on paper or a screen. */
  readonly medium?: (picture: Image, random: Random) => Medium
}

/** What the picture is shown on, such as paper or a screen, as it changes the picture. */
export interface Medium {
  /** The sheet at one moment; the same object where nothing changed. */
  at(seconds: number): Image
}

/** One rendered frame and its time since the clip's start. */
export interface StillFrame {
  readonly image: Image
  readonly monotonicMs: number
}

/** Where the sheet is and how it is bent, at one moment. Lengths in sheet heights, angles in rad. */
interface Pose {
  readonly x: number
  readonly y: number
  readonly scale: number
  readonly roll: number
  readonly yaw: number
  readonly pitch: number
  /** Curvature about the upright axis: the sheet's depth is bend · u². */
  readonly bend: number
}

/** Smooth pseudo-random motion of unit amplitude over time. */
type Wander = (seconds: number) => number

interface Motion {
  pose(seconds: number): Pose
  /** Light at a time: factor at the frame's centre, and its slope across and down the frame. */
  readonly light: ((seconds: number) => readonly [number, number, number]) | undefined
  readonly noiseLevel: number
  /** Exposure as a share of the frame interval; more than 0 blurs what moves. */
  readonly shutter: number
}

const MESH_CELLS = 20
/** Distance of the camera in sheet heights: about a forearm from a lens of ordinary angle. */
const CAMERA_DISTANCE = 2.2

function wander(random: Random, lowHz: number, highHz: number): Wander {
  const waves = Array.from({ length: 3 }, () => ({
    hz: lowHz + (highHz - lowHz) * random.uniform(),
    phase: 2 * Math.PI * random.uniform(),
  }))
  return (seconds) =>
    waves.reduce((sum, w) => sum + Math.sin(2 * Math.PI * w.hz * seconds + w.phase), 0) / 2.2
}

/** Rest and sudden move in turn: the sheet jumps to a new place within about a tenth of a second. */
function jumps(random: Random, perSecond: number): Wander {
  const targets = Array.from({ length: 64 }, () => 2 * random.uniform() - 1)
  return (seconds) => {
    const step = (seconds + 1) * perSecond
    const index = Math.floor(step)
    const share = Math.min(1, ((step - index) / perSecond) * 9)
    const smooth = share * share * (3 - 2 * share)
    const from = targets[index % targets.length]
    const to = targets[(index + 1) % targets.length]
    return from + (to - from) * smooth
  }
}

function createMotion(species: StillSpecies, random: Random): Motion {
  const strength = 0.5 + random.uniform()
  const speed = 0.6 + 0.9 * random.uniform()
  const slow = (): Wander => wander(random, 0.15 * speed, 0.9 * speed)
  const tremor = (): Wander => wander(random, 4, 9)
  const still: Wander = () => 0
  const amplitude: Partial<Record<keyof Pose, readonly [number, Wander]>> = {}
  const noiseLevel = species === 'frozen' ? 0 : 1 + 2.5 * random.uniform()
  let shutter = 0
  let light: Motion['light']
  let restBend = 0
  switch (species) {
    case 'frozen':
    case 'noise':
      break
    case 'translate':
      amplitude.x = [0.12 * strength, slow()]
      amplitude.y = [0.06 * strength, slow()]
      break
    case 'rotate':
      amplitude.roll = [0.2 * strength, slow()]
      break
    case 'tilt':
      amplitude.yaw = [0.45 * strength, slow()]
      amplitude.pitch = [0.35 * strength, slow()]
      break
    case 'zoom':
      amplitude.scale = [0.15 * strength, slow()]
      break
    case 'bend-tilt':
      restBend = (random.uniform() < 0.5 ? -1 : 1) * (0.3 + 0.7 * random.uniform())
      amplitude.yaw = [0.35 * strength, slow()]
      amplitude.pitch = [0.3 * strength, slow()]
      amplitude.roll = [0.08 * strength, slow()]
      break
    case 'flex':
      amplitude.bend = [0.7 * strength, slow()]
      amplitude.yaw = [0.2 * strength, slow()]
      amplitude.pitch = [0.15 * strength, slow()]
      amplitude.x = [0.03 * strength, slow()]
      break
    case 'hand-shake': {
      const drift = slow()
      const shake = tremor()
      amplitude.x = [0.012 * strength, (s) => shake(s) + 3 * drift(s)]
      amplitude.y = [0.01 * strength, tremor()]
      amplitude.roll = [0.015 * strength, tremor()]
      amplitude.yaw = [0.04 * strength, tremor()]
      amplitude.pitch = [0.04 * strength, tremor()]
      amplitude.scale = [0.01 * strength, slow()]
      shutter = 0.5 * random.uniform()
      break
    }
    case 'jerk':
      amplitude.x = [0.06 * strength, jumps(random, 1.2)]
      amplitude.y = [0.06 * strength, jumps(random, 1.2)]
      amplitude.pitch = [0.3 * strength, jumps(random, 1.2)]
      amplitude.yaw = [0.25 * strength, jumps(random, 1.2)]
      shutter = 0.3 + 0.5 * random.uniform()
      break
    case 'lighting': {
      const across = slow()
      const level = slow()
      const flicker = wander(random, 1, 4)
      light = (s) => [1 + 0.15 * level(s) + 0.08 * flicker(s), 0.5 * across(s), -0.3 * level(s)]
      amplitude.yaw = [0.08 * strength, slow()]
      amplitude.x = [0.02 * strength, slow()]
      break
    }
  }
  const read = (name: keyof Pose, s: number): number => {
    const [size, shape] = amplitude[name] ?? [0, still]
    return size * shape(s)
  }
  const pose = (s: number): Pose => ({
    x: read('x', s),
    y: read('y', s),
    scale: 1 + read('scale', s),
    roll: read('roll', s),
    yaw: read('yaw', s),
    pitch: read('pitch', s),
    bend: restBend + read('bend', s),
  })
  return { pose, light, noiseLevel, shutter }
}

/** Screen place (pixels) of sheet place (u, v), both −0.5..0.5 of the sheet's height unit. */
function project(pose: Pose, u: number, v: number, unit: number, cx: number, cy: number): number[] {
  const z0 = pose.bend * u * u
  const cosYaw = Math.cos(pose.yaw)
  const sinYaw = Math.sin(pose.yaw)
  const x1 = u * cosYaw + z0 * sinYaw
  const z1 = -u * sinYaw + z0 * cosYaw
  const cosPitch = Math.cos(pose.pitch)
  const sinPitch = Math.sin(pose.pitch)
  const y2 = v * cosPitch - z1 * sinPitch
  const z2 = v * sinPitch + z1 * cosPitch
  const cosRoll = Math.cos(pose.roll)
  const sinRoll = Math.sin(pose.roll)
  const depth = CAMERA_DISTANCE / (CAMERA_DISTANCE + z2)
  const size = unit * pose.scale * depth
  return [
    cx + pose.x * unit + size * (x1 * cosRoll - y2 * sinRoll),
    cy + pose.y * unit + size * (x1 * sinRoll + y2 * cosRoll),
  ]
}

/** Fills one triangle of the canvas with the affine image of a triangle of the picture. */
function drawTriangle(
  canvas: Image,
  picture: Image,
  screen: readonly (readonly number[])[],
  source: readonly (readonly number[])[],
): void {
  const [[ax, ay], [bx, by], [cx, cy]] = screen
  const area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
  if (Math.abs(area) < 1e-9) return
  const { width, height, data } = canvas
  const top = Math.max(0, Math.ceil(Math.min(ay, by, cy)))
  const bottom = Math.min(height - 1, Math.floor(Math.max(ay, by, cy)))
  const maxX = picture.width - 1.001
  const maxY = picture.height - 1.001
  const stride = picture.width * 3
  const from = picture.data
  const [[uA, vA], [uB, vB], [uC, vC]] = source
  // Barycentric weights change evenly along a row, and so does the place in the picture.
  const stepB = (cy - ay) / area
  const stepC = (ay - by) / area
  const stepX = stepB * (uB - uA) + stepC * (uC - uA)
  const stepY = stepB * (vB - vA) + stepC * (vC - vA)
  for (let y = top; y <= bottom; y++) {
    const startB = (-ax * (cy - ay) - (cx - ax) * (y - ay)) / area
    const startC = ((bx - ax) * (y - ay) + ax * (by - ay)) / area
    let left = 0
    let right = width - 1
    const within = (start: number, step: number): void => {
      const edge = -(start + 1e-9) / step
      if (step > 0) left = Math.max(left, Math.ceil(edge))
      else if (step < 0) right = Math.min(right, Math.floor(edge))
      else if (start < -1e-9) right = -1
    }
    within(startB, stepB)
    within(startC, stepC)
    within(1 - startB - startC, -stepB - stepC)
    let px = uA + startB * (uB - uA) + startC * (uC - uA) + left * stepX
    let py = vA + startB * (vB - vA) + startC * (vC - vA) + left * stepY
    for (let x = left, to = (y * width + left) * 3; x <= right; x++, px += stepX, py += stepY) {
      const sx = px < 0 ? 0 : px > maxX ? maxX : px
      const sy = py < 0 ? 0 : py > maxY ? maxY : py
      const x0 = sx | 0
      const y0 = sy | 0
      const fx = sx - x0
      const fy = sy - y0
      const at = y0 * stride + x0 * 3
      const under = at + stride
      const w11 = fx * fy
      const w10 = fx - w11
      const w01 = fy - w11
      const w00 = 1 - fx - w01
      for (let channel = 0; channel < 3; channel++) {
        data[to++] =
          w00 * from[at + channel] +
          w10 * from[at + channel + 3] +
          w01 * from[under + channel] +
          w11 * from[under + channel + 3] +
          0.5
      }
    }
  }
}

function renderSheet(picture: Image, background: Image, pose: Pose, unit: number): Image {
  const canvas = createImage(background.width, background.height, background.data.slice())
  const aspect = picture.width / picture.height
  const cx = background.width / 2
  const cy = background.height / 2
  const grid: number[][] = []
  for (let row = 0; row <= MESH_CELLS; row++) {
    for (let column = 0; column <= MESH_CELLS; column++) {
      const u = (column / MESH_CELLS - 0.5) * aspect
      const v = row / MESH_CELLS - 0.5
      grid.push(project(pose, u, v, unit, cx, cy))
    }
  }
  const stride = MESH_CELLS + 1
  const place = (i: number): number[] => [
    ((i % stride) / MESH_CELLS) * (picture.width - 1),
    (Math.floor(i / stride) / MESH_CELLS) * (picture.height - 1),
  ]
  for (let row = 0; row < MESH_CELLS; row++) {
    for (let column = 0; column < MESH_CELLS; column++) {
      const a = row * stride + column
      for (const [i, j, k] of [
        [a, a + 1, a + stride],
        [a + 1, a + stride + 1, a + stride],
      ]) {
        drawTriangle(canvas, picture, [grid[i], grid[j], grid[k]], [place(i), place(j), place(k)])
      }
    }
  }
  return canvas
}

/** A plain, softly lit wall with a darker door frame, so that the sheet's edge is visible. */
function renderBackground(width: number, height: number, random: Random): Image {
  const data = new Uint8Array(width * height * 3)
  const tint = [0, 1, 2].map(() => 90 + 90 * random.uniform())
  const slope = random.uniform() - 0.5
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const shade = 1 + 0.3 * slope * (x / width - 0.5) - 0.2 * (y / height - 0.5)
      const frame = x < width * 0.06 ? 0.55 : 1
      for (let channel = 0; channel < 3; channel++) {
        data[(y * width + x) * 3 + channel] = tint[channel] * shade * frame
      }
    }
  }
  return { width, height, data }
}

function average(images: readonly Image[]): Image {
  if (images.length === 1) return images[0]
  const data = new Uint8Array(images[0].data.length)
  for (let i = 0; i < data.length; i++) {
    let sum = 0
    for (const image of images) sum += image.data[i]
    data[i] = sum / images.length + 0.5
  }
  return { ...images[0], data }
}

function addLight(image: Image, [level, across, down]: readonly [number, number, number]): void {
  const { width, height, data } = image
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const gain = level + across * (x / width - 0.5) + down * (y / height - 0.5)
      const at = (y * width + x) * 3
      for (let channel = 0; channel < 3; channel++) {
        data[at + channel] = Math.min(255, Math.max(0, data[at + channel] * gain + 0.5))
      }
    }
  }
}

/** Adds sensor-like noise: Gaussian by a table, a fresh offset into it for every row. */
function addNoise(image: Image, level: number, random: Random): void {
  const table = random.gaussianTable
  const { buffer, byteOffset, length } = image.data
  const data = new Uint8ClampedArray(buffer, byteOffset, length)
  const stride = image.width * 3
  for (let row = 0; row < length; row += stride) {
    const offset = Math.floor(random.uniform() * table.length)
    const wrap = Math.min(stride, table.length - offset)
    for (let i = 0; i < wrap; i++) data[row + i] += level * table[offset + i]
    for (let i = wrap; i < stride; i++) data[row + i] += level * table[offset + i - table.length]
  }
}

/**
 * Renders a photograph as an attacker would show it: the sheet in the camera's view, moved, tilted,
 * bent, shaken, or fed in unchanged. Deterministic by seed.
 * @param picture the photograph; a face should fill a good part of it
 */
export function* renderStillClip(
  picture: Image,
  options: StillClipOptions,
): Generator<StillFrame, void, undefined> {
  const { width, height, framesPerSecond, seconds, species, seed } = options
  const random = createRandom(seed)
  const background = renderBackground(width, height, random)
  const aspect = picture.width / picture.height
  const share = options.pictureHeight ?? 0.85
  const unit = Math.min(height * share, (width * share) / aspect)
  const printed = resizeImage(picture, Math.round(unit * aspect), Math.round(unit))
  const motion = createMotion(species, random)
  const medium = options.medium?.(printed, random)
  const sheetAt = (seconds: number): Image => medium?.at(seconds) ?? printed
  const count = Math.round(framesPerSecond * seconds)
  let fixed: Image | undefined
  for (let i = 0; i < count; i++) {
    const time = i / framesPerSecond
    const monotonicMs = time * 1000
    if (species === 'frozen' || species === 'noise') {
      fixed ??= renderSheet(sheetAt(0), background, motion.pose(0), unit)
    }
    if (species === 'frozen' && fixed !== undefined) {
      yield { image: fixed, monotonicMs }
      continue
    }
    let image: Image
    if (fixed !== undefined) {
      image = createImage(width, height, fixed.data.slice())
    } else {
      const exposures = motion.shutter > 0 ? 3 : 1
      const moments = Array.from(
        { length: exposures },
        (_, k) => time - (motion.shutter * k) / (exposures * framesPerSecond),
      )
      image = average(
        moments.map((at) => renderSheet(sheetAt(at), background, motion.pose(at), unit)),
      )
    }
    const { light } = motion
    if (light !== undefined) addLight(image, light(time))
    addNoise(image, motion.noiseLevel, random)
    yield { image, monotonicMs }
  }
}
