import type { Box, Image } from '../frame/image.js'
import { asEvidenceOnly, silent, type Cue } from './cue.js'
import { transform } from './fourier.js'

/** Rows that the face's column is read at. */
const ROWS = 128
const COLUMNS = 24
const MIN_PAIRS = 8
/** Cycles over the frame's height: slower ones are light that changes, faster ones detail. */
const LOWEST = 2
const HIGHEST = 24
/** Gray levels of change below which there is nothing to see. */
const MIN_CHANGE = 0.05

/**
 * Bright and dark bands that wander over the picture: the refresh of a screen against the camera's
 * shutter; cue `bands`. Lamps on the mains make them on living faces too, hence no veto.
 */
export function createBandsCue(): Cue {
  let last: Float64Array | undefined
  let pairs = 0
  let share = 0

  return asEvidenceOnly({
    name: 'bands',
    observe({ frame: { image }, face: { box } }) {
      const rows = rowMeans(image, box)
      const before = last
      last = rows
      if (before === undefined) return
      const own = bandShare(before, rows)
      if (own === undefined) return
      pairs++
      share += (own - share) * Math.max(0.05, 1 / pairs)
    },
    outcome() {
      if (pairs < MIN_PAIRS) return silent('too few frames for bands')
      return { verdict: 'live', score: 1 - share, reason: 'share of brightness changes in bands' }
    },
    restart() {
      last = undefined
      pairs = 0
      share = 0
    },
  })
}

/** Mean gray of each row within the face's columns, over the frame's whole height. */
function rowMeans({ data, width, height }: Image, box: Box): Float64Array {
  const rows = new Float64Array(ROWS)
  for (let row = 0; row < ROWS; row++) {
    const y = Math.floor(((row + 0.5) / ROWS) * height)
    for (let column = 0; column < COLUMNS; column++) {
      const at = box.x + ((column + 0.5) / COLUMNS) * box.width
      const x = Math.max(0, Math.min(width - 1, Math.floor(at)))
      const from = (y * width + x) * 3
      rows[row] += (data[from] + 2 * data[from + 1] + data[from + 2]) / (4 * COLUMNS)
    }
  }
  return rows
}

/** Share of the change between two frames that lies in one band frequency. */
function bandShare(before: Float64Array, now: Float64Array): number | undefined {
  const real = now.map((value, i) => {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / ROWS)
    return (value - before[i]) * window
  })
  const imaginary = new Float64Array(ROWS)
  transform(real, imaginary)
  let total = 0
  let highest = 0
  for (let k = LOWEST; k <= HIGHEST; k++) {
    const power = real[k] ** 2 + imaginary[k] ** 2
    total += power
    highest = Math.max(highest, power)
  }
  return Math.sqrt(total) / ROWS < MIN_CHANGE ? undefined : highest / total
}
