import { solveSymmetric } from '../registration.js'

/** A homography of the plane, row-major 3×3, in coordinates from −1 to 1 across the square. */
export type Homography = Float64Array

const ITERATIONS = 6
/** Errors beyond this many gray levels (lids, lips, glints) pull no harder. */
const MAX_ERROR = 16
/** The face's oval in the square's coordinates; what lies around may be background. */
const OVAL = { x: 0, y: 0.08, radiusX: 0.62, radiusY: 0.76 }

function multiply(a: Homography, b: Homography): Homography {
  return Float64Array.from({ length: 9 }, (_, i) => {
    const row = 3 * Math.floor(i / 3)
    const column = i % 3
    return a[row] * b[column] + a[row + 1] * b[column + 3] + a[row + 2] * b[column + 6]
  })
}

function invert(m: Homography): Homography | undefined {
  const c0 = m[4] * m[8] - m[5] * m[7]
  const c1 = m[5] * m[6] - m[3] * m[8]
  const c2 = m[3] * m[7] - m[4] * m[6]
  const determinant = m[0] * c0 + m[1] * c1 + m[2] * c2
  if (!(Math.abs(determinant) > 1e-3)) return undefined
  return Float64Array.from([
    c0 / determinant,
    (m[2] * m[7] - m[1] * m[8]) / determinant,
    (m[1] * m[5] - m[2] * m[4]) / determinant,
    c1 / determinant,
    (m[0] * m[8] - m[2] * m[6]) / determinant,
    (m[2] * m[3] - m[0] * m[5]) / determinant,
    c2 / determinant,
    (m[1] * m[6] - m[0] * m[7]) / determinant,
    (m[0] * m[4] - m[1] * m[3]) / determinant,
  ])
}

/** Reads a square gray picture at a place given in −1..1, bilinear, edges repeated. */
export function readAt(pixels: Float32Array, side: number, u: number, v: number): number {
  const limit = side - 1.001
  let x = ((u + 1) / 2) * side - 0.5
  let y = ((v + 1) / 2) * side - 0.5
  x = x < 0 ? 0 : x > limit ? limit : x
  y = y < 0 ? 0 : y > limit ? limit : y
  const x0 = x | 0
  const y0 = y | 0
  const fx = x - x0
  const at = y0 * side + x0
  const upper = pixels[at] + (pixels[at + 1] - pixels[at]) * fx
  const lower = pixels[at + side] + (pixels[at + side + 1] - pixels[at + side]) * fx
  return upper + (lower - upper) * (y - y0)
}

/** Where a homography carries a place; the place itself where it goes to infinity. */
export function carry(h: Homography, u: number, v: number): readonly [number, number] {
  const w = h[6] * u + h[7] * v + h[8]
  if (!(w > 0.05)) return [u, v]
  return [(h[0] * u + h[1] * v + h[2]) / w, (h[3] * u + h[4] * v + h[5]) / w]
}

/** Registers square gray pictures to one of them. */
export interface PlaneRegistration {
  /**
   * The homography that carries places of the template to places of `moved`, as well as a flat
   * picture's motion explains the face (inverse-compositional, Baker and Matthews 2004), and the
   * change of light.
   * @returns the identity where it does not converge
   */
  register(moved: Float32Array): { homography: Homography; gain: number; offset: number }
}

/** @param template `side` × `side` gray levels */
export function createPlaneRegistration(template: Float32Array, side: number): PlaneRegistration {
  const places: number[] = []
  const values: number[] = []
  const rows: number[] = []
  const hessian = new Float64Array(64)
  const jacobian = new Float64Array(8)
  const perUnit = side / 2
  for (let y = 1; y < side - 1; y++) {
    for (let x = 1; x < side - 1; x++) {
      const u = ((x + 0.5) / side) * 2 - 1
      const v = ((y + 0.5) / side) * 2 - 1
      if (((u - OVAL.x) / OVAL.radiusX) ** 2 + ((v - OVAL.y) / OVAL.radiusY) ** 2 > 1) continue
      const at = y * side + x
      const gu = ((template[at + 1] - template[at - 1]) / 2) * perUnit
      const gv = ((template[at + side] - template[at - side]) / 2) * perUnit
      const along = -(gu * u + gv * v)
      jacobian.set([gu * u, gu * v, gu, gv * u, gv * v, gv, along * u, along * v])
      places.push(u, v)
      values.push(template[at])
      rows.push(...jacobian)
      for (let i = 0; i < 8; i++) {
        for (let j = 0; j < 8; j++) hessian[8 * i + j] += jacobian[i] * jacobian[j]
      }
    }
  }
  const count = values.length
  const steepest = Float32Array.from(rows)
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  // Keeps the perspective of a face with little texture from running away.
  for (let i = 0; i < 8; i++) hessian[9 * i] += count * (i >= 6 ? 400 : 40)
  const identity = Float64Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1])

  return {
    register(moved) {
      let homography: Homography = identity
      const read = new Float32Array(count)
      let gain = 1
      let offset = 0
      const resample = (): number => {
        let readMean = 0
        for (let k = 0; k < count; k++) {
          const [u, v] = carry(homography, places[2 * k], places[2 * k + 1])
          read[k] = readAt(moved, side, u, v)
          readMean += read[k] / count
        }
        let cross = 0
        let variance = 1e-6
        for (let k = 0; k < count; k++) {
          cross += (read[k] - readMean) * (values[k] - mean)
          variance += (read[k] - readMean) ** 2
        }
        gain = Math.min(2, Math.max(0.5, cross / variance))
        offset = mean - gain * readMean
        let error = 0
        for (let k = 0; k < count; k++) {
          error += Math.min(MAX_ERROR, Math.abs(gain * read[k] + offset - values[k])) / count
        }
        return error
      }
      let best = { homography, error: resample(), gain, offset }
      const gradient = new Float64Array(8)
      for (let iteration = 0; iteration < ITERATIONS; iteration++) {
        gradient.fill(0)
        for (let k = 0; k < count; k++) {
          const error = gain * read[k] + offset - values[k]
          const limited = Math.max(-MAX_ERROR, Math.min(MAX_ERROR, error))
          for (let i = 0; i < 8; i++) gradient[i] += steepest[8 * k + i] * limited
        }
        const d = solveSymmetric(hessian, gradient)
        if (d === undefined) break
        const back = invert(
          Float64Array.from([1 + d[0], d[1], d[2], d[3], 1 + d[4], d[5], d[6], d[7], 1]),
        )
        if (back === undefined) break
        homography = multiply(homography, back)
        const error = resample()
        if (error < best.error) best = { homography, error, gain, offset }
        if (d.every((value) => Math.abs(value) < 5e-4)) break
      }
      return best
    },
  }
}
