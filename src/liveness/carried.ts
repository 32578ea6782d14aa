import type { Box } from '../frame/image.js'
import { silent, type Cue } from './cue.js'
import { toGrayRegion, type GrayRegion } from './gray-region.js'

export interface CarriedRule {
  /** Share of the background that moved with the face, from which the face counts as carried. */
  readonly carriedFrom: number
  /** Moves of the face that were judged. */
  readonly minMoves: number
}

export const CARRIED_RULE: CarriedRule = { carriedFrom: 0.8, minMoves: 4 }

/** Width of the shrunk frame in which motion is judged. */
const WIDTH_PX = 160
const BLOCK_PX = 10
/** A move is judged when the face went this far, in shrunk pixels. */
const MIN_MOVE_PX = 2.5
const MAX_MOVE_PX = 16
const MIN_STEP_MS = 180
const MAX_STEP_MS = 700
/** Gray levels of variance that a block needs to show where it went. */
const MIN_VARIANCE = 40
const MIN_BLOCKS = 6
const MAX_MOVES = 24

interface Moment {
  readonly monotonicMs: number
  readonly region: GrayRegion
  readonly box: Box
}

/**
 * Whether what lies beside the face moves rigidly with it, as a picture's background does that is
 * moved by hand, while the edge of the frame stays; cue `carried`.
 */
export function createCarriedCue(rule: CarriedRule = CARRIED_RULE): Cue {
  let last: Moment | undefined
  let shares: number[] = []

  return {
    name: 'carried',
    observe({ frame: { image, monotonicMs }, face }) {
      const before = last
      if (before !== undefined && monotonicMs - before.monotonicMs < MIN_STEP_MS) return
      const whole = { x: 0, y: 0, width: image.width, height: image.height }
      const region = toGrayRegion(image, whole, WIDTH_PX)
      if (region === undefined) return
      const { scale } = region
      const { x, y, width, height } = face.box
      const box = { x: x / scale, y: y / scale, width: width / scale, height: height / scale }
      const now = { monotonicMs, region, box }
      last = now
      if (before === undefined || monotonicMs - before.monotonicMs > MAX_STEP_MS) return
      const share = carriedShare(before, now)
      if (share !== undefined) shares = [...shares, share].slice(-MAX_MOVES)
    },
    outcome() {
      if (shares.length < rule.minMoves) return silent('the face has not moved enough')
      const carried = shares.reduce((sum, share) => sum + share, 0) / shares.length
      const score = 1 - carried
      return carried >= rule.carriedFrom
        ? { verdict: 'attack', score, reason: 'the background moves with the face' }
        : { verdict: 'live', score, reason: 'the background stays where it is' }
    },
    restart() {
      last = undefined
      shares = []
    },
  }
}

/** Of the blocks beside the face that say anything, the share that went where the face went. */
function carriedShare(before: Moment, now: Moment): number | undefined {
  const { region, box } = before
  if (region.width !== now.region.width || region.height !== now.region.height) return undefined
  const dx = Math.round(now.box.x + now.box.width / 2 - box.x - box.width / 2)
  const dy = Math.round(now.box.y + now.box.height / 2 - box.y - box.height / 2)
  const move = Math.hypot(dx, dy)
  if (move < MIN_MOVE_PX || move > MAX_MOVE_PX) return undefined
  let near = 0
  let nearCarried = 0
  let edge = 0
  let edgeCarried = 0
  const { width, height } = region
  const centreX = box.x + box.width / 2
  for (let y = 1; y + BLOCK_PX < height; y += BLOCK_PX) {
    for (let x = 1; x + BLOCK_PX < width; x += BLOCK_PX) {
      const atEdge = x <= BLOCK_PX || y <= BLOCK_PX || x >= width - 2 * BLOCK_PX
      const offX = Math.abs(x + BLOCK_PX / 2 - centreX) / box.width
      const beside =
        offX > 0.75 && offX < 1.6 && y > box.y - BLOCK_PX && y < box.y + box.height * 0.8
      if (!atEdge && !beside) continue
      const went = follows(region, now.region, x, y, dx, dy)
      if (went === undefined) continue
      if (atEdge) {
        edge++
        edgeCarried += Number(went)
      } else {
        near++
        nearCarried += Number(went)
      }
    }
  }
  if (near < MIN_BLOCKS) return undefined
  // The whole view moves: the camera itself was moved, or nothing but the picture is seen.
  if (edge >= 4 && edgeCarried > edge / 2) return undefined
  return nearCarried / near
}

/** Whether a block moved by (dx, dy) rather than stayed; nothing where it cannot tell. */
function follows(
  before: GrayRegion,
  now: GrayRegion,
  x: number,
  y: number,
  dx: number,
  dy: number,
): boolean | undefined {
  const { width, height, pixels } = before
  let sum = 0
  let squares = 0
  for (let v = 0; v < BLOCK_PX; v++) {
    for (let u = 0; u < BLOCK_PX; u++) {
      const value = pixels[(y + v) * width + x + u]
      sum += value
      squares += value * value
    }
  }
  const area = BLOCK_PX * BLOCK_PX
  if (squares / area - (sum / area) ** 2 < MIN_VARIANCE) return undefined
  const cost = (shiftX: number, shiftY: number): number => {
    const left = x + shiftX
    const top = y + shiftY
    if (left < 0 || top < 0 || left + BLOCK_PX > width || top + BLOCK_PX > height) return Infinity
    let total = 0
    for (let v = 0; v < BLOCK_PX; v++) {
      for (let u = 0; u < BLOCK_PX; u++) {
        total += Math.abs(
          pixels[(y + v) * width + x + u] - now.pixels[(top + v) * width + left + u],
        )
      }
    }
    return total
  }
  const best = (aroundX: number, aroundY: number): number => {
    let least = Infinity
    for (let v = -1; v <= 1; v++) {
      for (let u = -1; u <= 1; u++) least = Math.min(least, cost(aroundX + u, aroundY + v))
    }
    return least
  }
  const moved = best(dx, dy)
  const stayed = best(0, 0)
  if (!Number.isFinite(moved)) return undefined
  if (moved < 0.7 * stayed) return true
  return stayed < 0.7 * moved ? false : undefined
}
