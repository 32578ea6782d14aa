/** A square gray picture of floats, rows top-down. */
export interface GrayView {
  readonly side: number
  readonly pixels: Float32Array
}

/**
 * A part of the view in which to compare two moments: the `around` pixels tell how the surface
 * moved, the `inside` pixels are then compared.
 */
export interface Region {
  readonly centreX: number
  readonly centreY: number
  /** Pixel places relative to the centre, x and y interleaved. */
  readonly around: Int16Array
  readonly inside: Int16Array
}

/** How far two moments of a region differ once every motion of a smooth printed surface is undone. */
export interface Unexplained {
  /** Difference inside, as an equivalent shift in view pixels. */
  readonly inside: number
  /** The same of the surrounding pixels: what registration itself could not explain. */
  readonly around: number
  /** Mean brightness change inside relative to the surroundings' contrast; positive: brighter now. */
  readonly brightening: number
}

/** Regularises places without texture: gray levels per pixel under which a gradient is noise. */
const GRADIENT_FLOOR = 3
const ITERATIONS = 8
/** Largest correction the registration may make, in pixels at the region's rim. */
const MAX_SHIFT = 12

/** Places of an ellipse's pixels about (0, shiftY), a hole about (0, 0) left out. */
export function ellipsePixels(options: {
  readonly radiusX: number
  readonly radiusY: number
  readonly shiftY?: number
  readonly hole?: { readonly radiusX: number; readonly radiusY: number }
  /** Takes every n-th pixel of every row, shifted from row to row; default 1. */
  readonly step?: number
  /** Rows further down are left out. */
  readonly lowest?: number
}): Int16Array {
  const { radiusX, radiusY, shiftY = 0, hole, step = 1, lowest = Infinity } = options
  const places: number[] = []
  const reach = Math.ceil(Math.max(radiusX, radiusY)) + Math.abs(shiftY)
  for (let y = -reach; y <= Math.min(reach, lowest); y++) {
    for (let x = -reach + ((y + reach) % step); x <= reach; x += step) {
      if ((x / radiusX) ** 2 + ((y - shiftY) / radiusY) ** 2 > 1) continue
      if (hole !== undefined && (x / hole.radiusX) ** 2 + (y / hole.radiusY) ** 2 <= 1) continue
      places.push(x, y)
    }
  }
  return Int16Array.from(places)
}

/** Rows smoothed on the way to a view. */
let across = new Float32Array(0)

/** 3×3 binomial smoothing; keeps interpolation and sensor noise out of the comparison. */
export function smoothView(view: GrayView): GrayView {
  const { side, pixels } = view
  if (across.length !== pixels.length) across = new Float32Array(pixels.length)
  for (let y = 0; y < side; y++) {
    const row = y * side
    for (let x = 0; x < side; x++) {
      const left = x > 0 ? pixels[row + x - 1] : pixels[row]
      const right = x < side - 1 ? pixels[row + x + 1] : pixels[row + x]
      across[row + x] = 0.25 * left + 0.5 * pixels[row + x] + 0.25 * right
    }
  }
  const output = new Float32Array(pixels.length)
  for (let y = 0; y < side; y++) {
    const row = y * side
    const above = y > 0 ? row - side : row
    const below = y < side - 1 ? row + side : row
    for (let x = 0; x < side; x++) {
      output[row + x] = 0.25 * across[above + x] + 0.5 * across[row + x] + 0.25 * across[below + x]
    }
  }
  return { side, pixels: output }
}

/** Solves a small symmetric positive system by Cholesky; undefined when it is singular. */
export function solveSymmetric(
  matrix: Float64Array,
  right: Float64Array,
): Float64Array | undefined {
  const n = right.length
  const lower = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * n + j]
      for (let k = 0; k < j; k++) sum -= lower[i * n + k] * lower[j * n + k]
      if (i === j) {
        if (!(sum > 1e-9)) return undefined
        lower[i * n + i] = Math.sqrt(sum)
      } else {
        lower[i * n + j] = sum / lower[j * n + j]
      }
    }
  }
  const solution = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    let sum = right[i]
    for (let k = 0; k < i; k++) sum -= lower[i * n + k] * solution[k]
    solution[i] = sum / lower[i * n + i]
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = solution[i]
    for (let k = i + 1; k < n; k++) sum -= lower[k * n + i] * solution[k]
    solution[i] = sum / lower[i * n + i]
  }
  return solution
}

/** Where a region lies now: its centre, and the affine motion about it. */
interface Pose {
  readonly centreX: number
  readonly centreY: number
  a: number
  b: number
  c: number
  d: number
  tx: number
  ty: number
}

/** Change of brightness that makes the moved region look like the earlier one. */
interface Light {
  gain: number
  offset: number
}

/** Bilinear; outside the view its edge is repeated. */
function sampleAt({ side, pixels: p }: GrayView, pose: Pose, dx: number, dy: number): number {
  let x = pose.centreX + pose.a * dx + pose.b * dy + pose.tx
  let y = pose.centreY + pose.c * dx + pose.d * dy + pose.ty
  x = x < 0 ? 0 : x > side - 1.001 ? side - 1.001 : x
  y = y < 0 ? 0 : y > side - 1.001 ? side - 1.001 : y
  const x0 = x | 0
  const y0 = y | 0
  const fx = x - x0
  const at = y0 * side + x0
  const upper = p[at] + (p[at + 1] - p[at]) * fx
  const lower = p[at + side] + (p[at + side + 1] - p[at + side]) * fx
  return upper + (lower - upper) * (y - y0)
}

/** @param moved is written: the places of a region as they look now */
function resample(now: GrayView, pose: Pose, places: Int16Array, moved: Float32Array): void {
  for (let k = 0; k < moved.length; k++) {
    moved[k] = sampleAt(now, pose, places[2 * k], places[2 * k + 1])
  }
}

/** @param light is written */
function matchLight(moved: Float32Array, values: Float32Array, mean: number, light: Light): void {
  const count = moved.length
  let movedMean = 0
  for (let k = 0; k < count; k++) movedMean += moved[k] / count
  let cross = 0
  let movedVariance = 0
  for (let k = 0; k < count; k++) {
    cross += ((moved[k] - movedMean) * (values[k] - mean)) / count
    movedVariance += (moved[k] - movedMean) ** 2 / count
  }
  light.gain = Math.min(2, Math.max(0.5, cross / Math.max(1e-6, movedVariance)))
  light.offset = mean - light.gain * movedMean
}

/**
 * Compares a region of two views after undoing the affine motion and the change of light that the
 * region's surroundings show (inverse-compositional Lucas–Kanade, Baker & Matthews 2004). A sheet of
 * paper, flat or bent, is locally affine, so little is left; a lid that closes leaves much.
 * @returns undefined where the surroundings have too little texture to register, or do not match
 */
export function compareRegion(
  earlier: GrayView,
  now: GrayView,
  region: Region,
): Unexplained | undefined {
  const { side } = earlier
  const template = earlier.pixels
  const { around, inside, centreX, centreY } = region
  const count = around.length / 2
  const values = new Float32Array(count)
  const jacobian = new Float32Array(count * 6)
  const hessian = new Float64Array(36)
  const unit = 16
  let mean = 0
  for (let k = 0; k < count; k++) {
    const dx = around[2 * k]
    const dy = around[2 * k + 1]
    const at = (centreY + dy) * side + centreX + dx
    values[k] = template[at]
    mean += template[at] / count
    const gx = (template[at + 1] - template[at - 1]) / 2
    const gy = (template[at + side] - template[at - side]) / 2
    const row = k * 6
    jacobian[row] = gx
    jacobian[row + 1] = (gx * dx) / unit
    jacobian[row + 2] = (gx * dy) / unit
    jacobian[row + 3] = gy
    jacobian[row + 4] = (gy * dx) / unit
    jacobian[row + 5] = (gy * dy) / unit
    for (let i = 0; i < 6; i++) {
      for (let j = 0; j <= i; j++) hessian[i * 6 + j] += jacobian[row + i] * jacobian[row + j]
    }
  }
  let variance = 0
  for (let k = 0; k < count; k++) variance += (values[k] - mean) ** 2 / count
  if (!(variance > 4)) return undefined
  const damping = count * 0.5
  for (let i = 0; i < 6; i++) {
    hessian[i * 6 + i] += i % 3 === 0 ? damping : damping * 2
    for (let j = 0; j < i; j++) hessian[j * 6 + i] = hessian[i * 6 + j]
  }
  const pose: Pose = { centreX, centreY, a: 1, b: 0, c: 0, d: 1, tx: 0, ty: 0 }
  const light: Light = { gain: 1, offset: 0 }
  const moved = new Float32Array(count)
  const gradient = new Float64Array(6)
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    resample(now, pose, around, moved)
    matchLight(moved, values, mean, light)
    const { gain, offset } = light
    gradient.fill(0)
    for (let k = 0; k < count; k++) {
      const error = gain * moved[k] + offset - values[k]
      const limited = Math.abs(error) > 20 ? Math.sign(error) * 20 : error
      const row = k * 6
      for (let i = 0; i < 6; i++) gradient[i] += jacobian[row + i] * limited
    }
    const step = solveSymmetric(hessian, gradient)
    if (step === undefined) return undefined
    const ia = 1 + step[1] / unit
    const ib = step[2] / unit
    const ic = step[4] / unit
    const id = 1 + step[5] / unit
    const determinant = ia * id - ib * ic
    if (!(determinant > 0.3)) return undefined
    const na = id / determinant
    const nb = -ib / determinant
    const nc = -ic / determinant
    const nd = ia / determinant
    const sx = -(na * step[0] + nb * step[3])
    const sy = -(nc * step[0] + nd * step[3])
    const { a, b, c, d } = pose
    pose.tx += a * sx + b * sy
    pose.ty += c * sx + d * sy
    pose.a = a * na + b * nc
    pose.b = a * nb + b * nd
    pose.c = c * na + d * nc
    pose.d = c * nb + d * nd
    if (Math.abs(step[0]) + Math.abs(step[3]) + Math.abs(step[1]) + Math.abs(step[5]) < 0.02) break
  }
  if (!(Math.hypot(pose.tx, pose.ty) < MAX_SHIFT)) return undefined
  resample(now, pose, around, moved)
  matchLight(moved, values, mean, light)
  const { gain, offset } = light
  let aroundSq = 0
  let aroundGradientSq = 0
  for (let k = 0; k < count; k++) {
    aroundSq += (gain * moved[k] + offset - values[k]) ** 2
    aroundGradientSq += jacobian[k * 6] ** 2 + jacobian[k * 6 + 3] ** 2
  }
  const insideCount = inside.length / 2
  let insideSq = 0
  let insideGradientSq = 0
  let change = 0
  for (let k = 0; k < insideCount; k++) {
    const dx = inside[2 * k]
    const dy = inside[2 * k + 1]
    const at = (centreY + dy) * side + centreX + dx
    const error = gain * sampleAt(now, pose, dx, dy) + offset - template[at]
    insideSq += error * error
    change += error
    insideGradientSq +=
      ((template[at + 1] - template[at - 1]) / 2) ** 2 +
      ((template[at + side] - template[at - side]) / 2) ** 2
  }
  const floor = GRADIENT_FLOOR * GRADIENT_FLOOR
  return {
    inside: Math.sqrt(insideSq / (insideGradientSq + floor * insideCount)),
    around: Math.sqrt(aroundSq / (aroundGradientSq + floor * count)),
    brightening: change / insideCount / Math.sqrt(variance),
  }
}
