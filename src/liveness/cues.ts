import { createBandsCue } from './bands.js'
import { bezelCue } from './bezel.js'
import { createCarriedCue } from './carried.js'
import type { Cue } from './cue.js'
import type { CompareViews } from './face-change.js'
import { createFrozenCue } from './frozen.js'
import { createLifeCue } from './life-cue.js'
import { createLoopCue } from './loop.js'
import { maskCue, type MaskScorer } from './mask.js'
import { calibratedRules } from './pad-calibration.js'
import type { PadCalibration } from './pad-calibration.js'
import { watchPictures, type PictureCue } from './picture-cue.js'
import { spectrumCues } from './spectrum.js'
import { createStillFaceCue } from './still-face.js'
import { textureCue } from './texture.js'
import { createPulseCue } from './pulse/pulse.js'
import type { TextureScorer } from './texture.js'

export interface CueParts {
  readonly scoreTexture: TextureScorer
  readonly scoreMask: MaskScorer
  /** The installed camera's own thresholds; the shipped ones if not given. */
  readonly pad?: PadCalibration
  /** After this long without an event the display asks for one. */
  readonly askAfterMs: number
  /** Also reads the pulse, as evidence for the log. */
  readonly readsPulse?: boolean
  /** Handed in, remembering its answers, where many judges look at the same frames. */
  readonly compareViews?: CompareViews
}

/** The cues that can speak of a single picture. */
export function createPictureCues(
  parts: Pick<CueParts, 'scoreTexture' | 'scoreMask' | 'pad'>,
): PictureCue[] {
  const rules = calibratedRules(parts.pad)
  return [
    textureCue(parts.scoreTexture, rules.texture),
    maskCue(parts.scoreMask, rules.mask),
    bezelCue(rules.bezel),
    ...spectrumCues(),
  ]
}

/** The cues of one door, all at their beginning. */
export function createCues(parts: CueParts): Cue[] {
  const { askAfterMs, readsPulse = false, compareViews } = parts
  return [
    createFrozenCue(),
    createLoopCue(),
    createStillFaceCue(),
    createCarriedCue(),
    createBandsCue(),
    ...createPictureCues(parts).map((cue) => watchPictures(cue)),
    createLifeCue({ askAfterMs, ...(compareViews === undefined ? {} : { compareViews }) }),
    ...(readsPulse ? [createPulseCue()] : []),
  ]
}
