import type { Image } from '../frame/image.js'
import type { Cue, CueOutcome } from './cue.js'
import { silent } from './cue.js'

/** Limits of the frozen-feed cue. */
export interface FrozenRule {
  /** An unchanged picture for this long, over at least {@link minFrames} frames, is a frozen feed. */
  readonly frozenMs: number
  /** Frames in a row that repeat earlier ones, byte for byte, before the feed counts as a loop. */
  readonly loopFrames: number
  /** Frames in a row whose time did not advance. */
  readonly stalledFrames: number
  readonly minFrames: number
}

export const FROZEN_RULE: FrozenRule = {
  frozenMs: 1000,
  loopFrames: 6,
  stalledFrames: 5,
  minFrames: 6,
}

/** Notices an injected feed, cue `feed`: no camera gives the same bytes twice. */
export interface FrozenCue extends Cue {
  observe(observation: {
    readonly frame: { readonly monotonicMs: number; readonly image: Image }
  }): void
  outcome(): CueOutcome
}

/** Pixels looked at per frame; sensor noise changes some of them in any real picture. */
const SAMPLED_PIXELS = 8192
/** Frames remembered for the search for loops: about 20 s at 30 fps. */
const REMEMBERED_FRAMES = 600
/** A picture this flat (all samples within so many levels) can repeat in a real camera. */
const MIN_SPREAD = 24

interface Signature {
  readonly hash: number
  readonly flat: boolean
}

/** FNV-1a over evenly spread bytes of the picture, all channels in turn. */
function signatureOf({ data }: Image): Signature {
  const step = Math.max(1, Math.floor(data.length / SAMPLED_PIXELS) | 1)
  let hash = 0x811c9dc5
  let low = 255
  let high = 0
  for (let i = 0; i < data.length; i += step) {
    const value = data[i]
    hash = Math.imul(hash ^ value, 0x01000193)
    if (value < low) low = value
    if (value > high) high = value
  }
  return { hash: hash >>> 0, flat: high - low < MIN_SPREAD }
}

/** A frozen-feed cue for one track. Once an attack is seen, it stays until the restart. */
export function createFrozenCue(rule: FrozenRule = FROZEN_RULE): FrozenCue {
  let remembered: number[] = []
  let lastSeenAt = new Map<number, number>()
  let frames = 0
  let lastMs = -Infinity
  let unchangedSinceMs = 0
  let unchangedFrames = 0
  let repeatRun = 0
  let repeatDistance = 0
  let stalledRun = 0
  let attack: string | undefined

  function restart(): void {
    remembered = []
    lastSeenAt = new Map()
    frames = 0
    lastMs = -Infinity
    unchangedFrames = 0
    repeatRun = 0
    repeatDistance = 0
    stalledRun = 0
    attack = undefined
  }

  function noteTime(monotonicMs: number): boolean {
    const advances = Number.isFinite(monotonicMs) && monotonicMs > lastMs
    stalledRun = advances ? 0 : stalledRun + 1
    if (stalledRun >= rule.stalledFrames) attack ??= 'the feed repeats its time stamps'
    return advances
  }

  function notePicture(hash: number, monotonicMs: number): void {
    if (remembered.at(-1) === hash) {
      unchangedFrames++
      if (unchangedFrames >= rule.minFrames && monotonicMs - unchangedSinceMs >= rule.frozenMs) {
        attack ??= 'the picture does not change at all'
      }
      return
    }
    unchangedFrames = 1
    unchangedSinceMs = monotonicMs
    const seenAt = lastSeenAt.get(hash)
    const distance = seenAt === undefined ? 0 : frames - seenAt
    repeatRun =
      seenAt !== undefined && distance === repeatDistance ? repeatRun + 1 : Number(distance > 0)
    repeatDistance = distance
    if (repeatRun >= rule.loopFrames) attack ??= 'the feed repeats itself'
    lastSeenAt.set(hash, frames)
    remembered.push(hash)
    if (remembered.length > REMEMBERED_FRAMES) {
      const [oldest] = remembered.splice(0, 1)
      if (lastSeenAt.get(oldest) === frames - REMEMBERED_FRAMES) lastSeenAt.delete(oldest)
    }
    frames++
  }

  return {
    name: 'feed',
    observe({ frame: { monotonicMs, image } }) {
      if (!noteTime(monotonicMs)) return
      lastMs = monotonicMs
      const { hash, flat } = signatureOf(image)
      if (!flat) notePicture(hash, monotonicMs)
    },
    outcome() {
      if (attack !== undefined) return { verdict: 'attack', score: 0, reason: attack }
      if (frames < rule.minFrames) {
        return silent('too few frames')
      }
      return { verdict: 'live', score: 1, reason: 'the feed changes as a camera does' }
    },
    restart,
  }
}
