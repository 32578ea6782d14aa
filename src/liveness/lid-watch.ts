import type { CompareViews } from './face-change.js'
import { headMotion } from './face-shape.js'
import type { FaceView } from './face-view.js'
import type { LifeEvent } from './life-events.js'
import type { Unexplained } from './registration.js'

export interface LidRule {
  /** Both eyes count as closed from here. */
  readonly closedFrom: number
  /** Up to here, one eye at least counts as open. */
  readonly openUpTo: number
  /** From open to closed and open again. */
  readonly maxMs: number
  /** A head that moves more than this is not judged. */
  readonly maxMotion: number
  /** What each eye must have changed beyond its surroundings, and for each unit of head motion. */
  readonly floor: number
  readonly perMotion: number
  readonly maxAround: number
}

/**
 * Rendered stills of `lfw/train` never took the net from open to closed and back in both readings at
 * once; the change asked for beside it is the least that real blinks gave.
 */
export const LID_RULE: LidRule = {
  closedFrom: 0.75,
  openUpTo: 0.25,
  maxMs: 700,
  maxMotion: 30,
  floor: 0.4,
  perMotion: 0.015,
  maxAround: 0.9,
}

/** A view and its time. */
interface Moment {
  readonly monotonicMs: number
  readonly view: FaceView
}

const MAX_MOMENTS = 64

/** How surely both eyes are closed: by the one that is less so. */
export function bothClosed(view: FaceView): number | undefined {
  return view.eyesClosed === undefined ? undefined : Math.min(...view.eyesClosed)
}

/** Sees a blink by the eye-state net: open, both closed, open again. */
export interface LidWatch {
  /** @returns the blink that this moment completes */
  next(moment: Moment): LifeEvent | undefined
  restart(): void
}

/** A watch for one track without gaps. */
export function createLidWatch(compare: CompareViews, rule: LidRule = LID_RULE): LidWatch {
  let open: Moment | undefined
  let closed: Moment | undefined
  let between: Moment[] = []

  function restart(): void {
    open = undefined
    closed = undefined
    between = []
  }

  function complete(before: Moment, shut: Moment, after: Moment): LifeEvent | undefined {
    if (after.monotonicMs - before.monotonicMs > rule.maxMs) return undefined
    const shapes = [before, ...between, after].map(({ view }) => view.shape)
    const motion = headMotion(shapes)
    if (!(motion <= rule.maxMotion)) return undefined
    const closing = compare(before.view, shut.view).eyes
    const opening = compare(shut.view, after.view).eyes
    const limit = rule.floor + rule.perMotion * motion
    let strength = Infinity
    for (const eye of [0, 1]) {
      const changes = [closing[eye], opening[eye]].map((change) => excessOf(change, rule))
      strength = Math.min(strength, Math.max(...changes) / limit)
    }
    if (!(strength > 1) || !Number.isFinite(strength)) return undefined
    const { monotonicMs } = after
    return { kind: 'blink', monotonicMs, sinceMs: before.monotonicMs, strength }
  }

  return {
    next(moment) {
      const shut = bothClosed(moment.view)
      if (shut === undefined || !Number.isFinite(shut)) return undefined
      if (shut <= rule.openUpTo) {
        const event =
          open !== undefined && closed !== undefined ? complete(open, closed, moment) : undefined
        open = moment
        closed = undefined
        between = []
        return event
      }
      if (open === undefined) return undefined
      if (moment.monotonicMs - open.monotonicMs > rule.maxMs || between.length >= MAX_MOMENTS) {
        restart()
        return undefined
      }
      between.push(moment)
      const deepest = closed === undefined ? rule.closedFrom : (bothClosed(closed.view) ?? 1)
      if (shut >= deepest) closed = moment
      return undefined
    },
    restart,
  }
}

/** Change inside the eye that its surroundings don't share; below any limit where it can't be told. */
function excessOf(change: Unexplained | undefined, rule: LidRule): number {
  if (change === undefined || !(change.around <= rule.maxAround)) return -Infinity
  return change.inside - change.around
}
