import type { Box, Image } from '../frame/image.js'
import { silent, type Cue } from './cue.js'

export interface StillFaceRule {
  /** Share of face pixels of which not one channel changed, above which a pair of frames is still. */
  readonly unchangedShare: number
  /** Pairs are still for this long without a break: no camera's noise stops, no face holds so. */
  readonly stillMs: number
  readonly minPairs: number
}

/** Live faces in compressed clips leave at most half of their pixels unchanged for a second. */
export const STILL_FACE_RULE: StillFaceRule = {
  unchangedShare: 0.93,
  stillMs: 1000,
  minPairs: 6,
}

/** Pixels compared in a pair of frames. */
const SAMPLES_A_SIDE = 48
/** Frames closer together than this may be one frame handed out twice. */
const MIN_STEP_MS = 60

/** A face whose pixels do not change, though other parts of the frame may; cue `noise`. */
export function createStillFaceCue(rule: StillFaceRule = STILL_FACE_RULE): Cue {
  let last: { readonly image: Image; readonly monotonicMs: number } | undefined
  /** A frame's memory may be written again once it is judged. */
  let copy = new Uint8Array(0)
  let stillSinceMs: number | undefined
  let stillPairs = 0
  let pairs = 0
  let unchanged = 0
  let isAttack = false

  return {
    name: 'noise',
    observe({ frame: { image, monotonicMs }, face: { box } }) {
      const before = last
      if (before !== undefined && monotonicMs - before.monotonicMs < MIN_STEP_MS) return
      const share = before && unchangedShare(before.image, image, box)
      if (copy.length !== image.data.length) copy = new Uint8Array(image.data.length)
      copy.set(image.data)
      last = { image: { ...image, data: copy }, monotonicMs }
      if (before === undefined) return
      if (share === undefined) return
      pairs++
      unchanged += (share - unchanged) * Math.max(0.2, 1 / pairs)
      if (share < rule.unchangedShare) {
        stillSinceMs = undefined
        stillPairs = 0
        return
      }
      stillSinceMs ??= before.monotonicMs
      stillPairs++
      if (stillPairs >= rule.minPairs && monotonicMs - stillSinceMs >= rule.stillMs) isAttack = true
    },
    outcome() {
      if (isAttack)
        return { verdict: 'attack', score: 0, reason: 'the face does not change at all' }
      if (pairs < rule.minPairs) return silent('too few frames for noise')
      const score = Math.min(1, Math.max(0, 1 - unchanged))
      return { verdict: 'live', score, reason: 'the face changes as before a sensor' }
    },
    restart() {
      last = undefined
      stillSinceMs = undefined
      stillPairs = 0
      pairs = 0
      unchanged = 0
      isAttack = false
    },
  }
}

/** Share of sampled pixels of a box with the same bytes in both frames; dark and white ones left out. */
function unchangedShare(a: Image, b: Image, box: Box): number | undefined {
  if (a.width !== b.width || a.height !== b.height) return undefined
  let same = 0
  let judged = 0
  for (let v = 0; v < SAMPLES_A_SIDE; v++) {
    const y = Math.floor(box.y + ((v + 0.5) / SAMPLES_A_SIDE) * box.height)
    if (y < 0 || y >= a.height) continue
    for (let u = 0; u < SAMPLES_A_SIDE; u++) {
      const x = Math.floor(box.x + ((u + 0.5) / SAMPLES_A_SIDE) * box.width)
      if (x < 0 || x >= a.width) continue
      const i = (y * a.width + x) * 3
      const green = a.data[i + 1]
      if (green < 8 || green > 247) continue
      judged++
      if (a.data[i] === b.data[i] && green === b.data[i + 1] && a.data[i + 2] === b.data[i + 2]) {
        same++
      }
    }
  }
  return judged < 400 ? undefined : same / judged
}
