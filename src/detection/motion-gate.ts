import type { Frame, Image } from '../frame/image.js'

/**
 * Spares the detector while the scene is still and empty. It can only delay: at least every
 * {@link MotionGateOptions.lookEveryMs} the detector looks, whatever the gate believes.
 */
export interface MotionGate {
  /** Whether the detector is to look at this frame. */
  wants(frame: Frame): boolean
  /** What the detector saw in a frame that was wanted. */
  saw(frame: Frame, faceCount: number): void
}

export interface MotionGateOptions {
  /** Longest time between two looks at a still scene. */
  readonly lookEveryMs: number
  /** After motion or a face, every frame is looked at for this long. */
  readonly holdMs: number
}

/** A face passed at arm's length from a kiosk fills several of these cells. */
const COLUMNS = 20
const ROWS = 15
/** Samples a side of a cell: their mean has an eighth of a pixel's noise. */
const SAMPLES = 8
/** Mean green, in 0..255, that a cell must gain or lose against the whole picture. */
const LEAST_CHANGE = 4
/** A cell must also change by this many times what the middle cell does: a noisy, dark picture. */
const NOISE_FACTOR = 8
/** Beyond this no noise is believed: it is motion all over. */
const MOST_CHANGE = 10

/** Mean green of each cell, the channel closest to brightness. */
function cellMeans({ width, height, data }: Image, means: Float32Array): void {
  for (let row = 0; row < ROWS; row++) {
    for (let column = 0; column < COLUMNS; column++) {
      let sum = 0
      for (let j = 0; j < SAMPLES; j++) {
        const y = Math.floor(((row + (j + 0.5) / SAMPLES) * height) / ROWS)
        for (let i = 0; i < SAMPLES; i++) {
          const x = Math.floor(((column + (i + 0.5) / SAMPLES) * width) / COLUMNS)
          sum += data[3 * (y * width + x) + 1]
        }
      }
      means[row * COLUMNS + column] = sum / (SAMPLES * SAMPLES)
    }
  }
}

function medianOf(values: Float32Array): number {
  return values.slice().sort()[values.length >> 1]
}

/**
 * Compares each frame with the one that the detector last saw empty, so that a slow approach adds up
 * instead of hiding in small steps. A change of brightness of the whole picture alone is no motion; a
 * shadow, a lamp or a cat only costs a look.
 */
export function createMotionGate(options: MotionGateOptions): MotionGate {
  const { lookEveryMs, holdMs } = options
  const empty = new Float32Array(COLUMNS * ROWS)
  const now = new Float32Array(COLUMNS * ROWS)
  const change = new Float32Array(COLUMNS * ROWS)
  let knowsEmpty = false
  let lookedMs = -Infinity
  let busyUntilMs = -Infinity

  function hasMoved(): boolean {
    for (let i = 0; i < now.length; i++) change[i] = now[i] - empty[i]
    const shift = medianOf(change)
    for (let i = 0; i < change.length; i++) change[i] = Math.abs(change[i] - shift)
    const noise = NOISE_FACTOR * medianOf(change)
    const limit = Math.min(MOST_CHANGE, Math.max(LEAST_CHANGE, noise))
    return change.some((value) => value > limit)
  }

  return {
    wants({ image, monotonicMs }) {
      if (monotonicMs < busyUntilMs) return true
      cellMeans(image, now)
      if (knowsEmpty && hasMoved()) busyUntilMs = monotonicMs + holdMs
      return !knowsEmpty || monotonicMs < busyUntilMs || monotonicMs - lookedMs >= lookEveryMs
    },
    saw({ image, monotonicMs }, faceCount) {
      lookedMs = monotonicMs
      knowsEmpty = faceCount === 0
      if (knowsEmpty) cellMeans(image, empty)
      else busyUntilMs = monotonicMs + holdMs
    },
  }
}
