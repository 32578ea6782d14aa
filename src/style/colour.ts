import type { Planes } from './planes.js'

/**
 * YIQ of RGB in 0..1 (NTSC 1953, rounded as usual): luminance Y and two of colour.
 */
const TO_YIQ = [0.299, 0.587, 0.114, 0.596, -0.274, -0.322, 0.211, -0.523, 0.312]
const FROM_YIQ = [1, 0.956, 0.621, 1, -0.272, -0.647, 1, -1.106, 1.703]

function transform(
  matrix: readonly number[],
  r: number,
  g: number,
  b: number,
  row: number,
): number {
  return matrix[3 * row] * r + matrix[3 * row + 1] * g + matrix[3 * row + 2] * b
}

/**
 * The luminance of one picture with the colours of another (Gatys et al. 2016, "Preserving color in
 * neural artistic style transfer", luminance only). Both have one size.
 */
export function takeLuminance(luminance: Planes, colours: Planes): Planes {
  const { width, height } = luminance
  const area = width * height
  const data = new Float32Array(3 * area)
  for (let i = 0; i < area; i++) {
    const at = (planes: Planes, row: number) =>
      transform(TO_YIQ, planes.data[i], planes.data[area + i], planes.data[2 * area + i], row)
    const [y, iPart, q] = [at(luminance, 0), at(colours, 1), at(colours, 2)]
    for (let c = 0; c < 3; c++) data[c * area + i] = transform(FROM_YIQ, y, iPart, q, c)
  }
  return { width, height, data }
}

interface ColourStatistics {
  readonly mean: readonly number[]
  /** Lower triangle L with L·Lᵀ the covariance, row-major 3 × 3. */
  readonly root: readonly number[]
}

/** So that pictures of one colour have a root. */
const LEAST_VARIANCE = 1e-5

function statisticsOf({ width, height, data }: Planes): ColourStatistics {
  const area = width * height
  const mean = [0, 1, 2].map((c) => {
    let sum = 0
    for (let i = 0; i < area; i++) sum += data[c * area + i]
    return sum / area
  })
  const covariance = (a: number, b: number) => {
    let sum = 0
    for (let i = 0; i < area; i++) {
      sum += (data[a * area + i] - mean[a]) * (data[b * area + i] - mean[b])
    }
    return sum / area + (a === b ? LEAST_VARIANCE : 0)
  }
  const root = [0, 0, 0, 0, 0, 0, 0, 0, 0]
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column <= row; column++) {
      let rest = covariance(row, column)
      for (let k = 0; k < column; k++) rest -= root[3 * row + k] * root[3 * column + k]
      root[3 * row + column] = row === column ? Math.sqrt(rest) : rest / root[4 * column]
    }
  }
  return { mean, root }
}

/**
 * A picture given another's mean and covariance of colour, by the Cholesky roots of both (Gatys et
 * al. 2016, "Preserving color in neural artistic style transfer", histogram matching by
 * x ↦ L_to·L_from⁻¹·(x − μ_from) + μ_to). Clipped to 0..1.
 */
export function matchColours(picture: Planes, to: Planes): Planes {
  const from = statisticsOf(picture)
  const aim = statisticsOf(to)
  const { width, height } = picture
  const area = width * height
  const data = new Float32Array(3 * area)
  for (let i = 0; i < area; i++) {
    const plain = [0, 0, 0]
    for (let row = 0; row < 3; row++) {
      let rest = picture.data[row * area + i] - from.mean[row]
      for (let k = 0; k < row; k++) rest -= from.root[3 * row + k] * plain[k]
      plain[row] = rest / from.root[4 * row]
    }
    for (let row = 0; row < 3; row++) {
      let value = aim.mean[row]
      for (let k = 0; k <= row; k++) value += aim.root[3 * row + k] * plain[k]
      data[row * area + i] = Math.min(1, Math.max(0, value))
    }
  }
  return { width, height, data }
}
