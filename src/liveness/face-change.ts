import type { FaceView } from './face-view.js'
import { LEFT_EYE, MOUTH, RIGHT_EYE } from './regions.js'
import { compareRegion, type Unexplained } from './registration.js'

/** What changed in a face between two moments. */
export interface FaceChange {
  /** Left and right eye of the view; absent where nothing could be registered. */
  readonly eyes: readonly [Unexplained | undefined, Unexplained | undefined]
  readonly mouth: Unexplained | undefined
  /** Change of lid gap ÷ eye width, left and right; negative: closing. */
  readonly eyeOpening: readonly [number, number]
  /** Change of the lip gaps ÷ eye distance. */
  readonly innerLipChange: number
  readonly outerLipChange: number
}

/** Compares two views of the same face. */
export type CompareViews = (earlier: FaceView, now: FaceView) => FaceChange

/** Registers eyes and mouth of two views and measures what no moved picture explains. */
export const compareViews: CompareViews = (earlier, now) => {
  const before = earlier.shape
  const after = now.shape
  return {
    eyes: [
      compareRegion(earlier.gray, now.gray, LEFT_EYE),
      compareRegion(earlier.gray, now.gray, RIGHT_EYE),
    ],
    mouth: compareRegion(earlier.gray, now.gray, MOUTH),
    eyeOpening: [
      after.eyeOpenness[0] - before.eyeOpenness[0],
      after.eyeOpenness[1] - before.eyeOpenness[1],
    ],
    innerLipChange: after.innerLipGap - before.innerLipGap,
    outerLipChange: after.outerLipGap - before.outerLipGap,
  }
}

/** A comparison that remembers its answers while the views are kept. */
export function shareComparison(compare: CompareViews): CompareViews {
  const known = new WeakMap<FaceView, WeakMap<FaceView, FaceChange>>()
  return (earlier, now) => {
    const ofNow = known.get(now) ?? new WeakMap<FaceView, FaceChange>()
    known.set(now, ofNow)
    const change = ofNow.get(earlier) ?? compare(earlier, now)
    ofNow.set(earlier, change)
    return change
  }
}
