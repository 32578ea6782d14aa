import type { Frame, Image } from '../../frame/image.js'
import { createRandom, type Random } from '../../liveness/random.js'
import { renderStillClip, type Medium, type StillSpecies } from '../../liveness/still-simulator.js'
import { overlayFace, type FacePicture, type OverlayOptions } from './overlay.js'
import type { RecordedFrame } from './recording.js'

/** Rate, length and size of what is rendered. */
export interface RenderPlan {
  readonly seed: number
  readonly framesPerSecond: number
  readonly seconds: number
  readonly width: number
  readonly height: number
}

/** Shares of the frame's height that the shown picture takes at rest. */
const HEIGHT_FROM = 0.75
const HEIGHT_RANGE = 0.35

/** A photograph before the camera. */
export function* renderStill(
  picture: Image,
  species: StillSpecies,
  plan: RenderPlan,
  medium?: (picture: Image, random: Random) => Medium,
): Generator<Frame> {
  const pictureHeight = HEIGHT_FROM + HEIGHT_RANGE * ((plan.seed * 0.37) % 1)
  const options = { ...plan, species, pictureHeight }
  let sequence = 0
  for (const { image, monotonicMs } of renderStillClip(
    picture,
    medium === undefined ? options : { ...options, medium },
  )) {
    yield { image, sequence: sequence++, monotonicMs, capturedAtMs: 0 }
  }
}

const HELD_MOTIONS = ['translate', 'tilt', 'bend-tilt', 'hand-shake', 'zoom', 'flex'] as const

/** How a hand may move what it holds. */
export function pickMotion(random: Random): StillSpecies {
  return HELD_MOTIONS[Math.floor(HELD_MOTIONS.length * random.uniform())]
}

const SWAP_FROM_S = 2
const SWAP_RANGE_S = 5
const SWAPPED: OverlayOptions = { reach: 1.05, feather: 0.12, holes: [] }

/** A living person whose face becomes that of a photograph at a moment of the attempt. */
export function* renderSwap(
  living: readonly RecordedFrame[],
  shown: FacePicture,
  plan: Pick<RenderPlan, 'seed'>,
): Generator<Frame> {
  const swapMs = 1000 * (SWAP_FROM_S + SWAP_RANGE_S * createRandom(plan.seed).uniform())
  for (const { frame, face } of living) {
    if (frame.monotonicMs < swapMs || face === undefined) yield frame
    else yield { ...frame, image: overlayFace(frame.image, face, shown, SWAPPED) }
  }
}

/**
 * A photograph worn as a mask, eyes cut out tightly or widely, every other time the mouth as well.
 */
export function* renderMask(
  living: readonly RecordedFrame[],
  shown: FacePicture,
  plan: Pick<RenderPlan, 'seed'>,
): Generator<Frame> {
  const random = createRandom(plan.seed)
  const options: OverlayOptions = {
    holes: random.uniform() < 0.5 ? ['eyes'] : ['eyes', 'mouth'],
    holeScale: 0.8 + 0.6 * random.uniform(),
    reach: 1.1 + 0.2 * random.uniform(),
    feather: 0,
  }
  for (const { frame, face } of living) {
    if (face === undefined) yield frame
    else yield { ...frame, image: overlayFace(frame.image, face, shown, options) }
  }
}
