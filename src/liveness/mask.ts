import { alignFace } from '../detection/align.js'
import type { Face } from '../detection/face.js'
import type { Image } from '../frame/image.js'
import { toPlanarTensor } from '../frame/tensor.js'
import type { Net } from '../models/session.js'
import type { PictureCue, ScoreRule } from './picture-cue.js'

/** Scores how surely a face is bare: 1, or 0 where another face is worn as a mask. */
export type MaskScorer = (image: Image, face: Pick<Face, 'fivePoints'>) => Promise<number>

/** Wraps the net that was trained on drawn masks: cut-out photographs with holes for eyes and mouth. */
export function createMaskScorer(net: Net<'mask'>): MaskScorer {
  const { input, wornIndex } = net.manifest
  const [, , side] = input.shape
  /** Inputs that no run reads any more; a door and an enrolment may score at once. */
  const idle: Float32Array[] = []
  return async (image, { fivePoints }) => {
    const aligned = alignFace(image, fivePoints, input.fit.template, side)
    const planes = toPlanarTensor(aligned, input, idle.pop())
    const { logits } = await net.run(planes)
    idle.push(planes)
    return 1 / (1 + Math.exp(logits[wornIndex] - logits[1 - wornIndex]))
  }
}

/**
 * Below this mean a worn mask is likelier than a bare face. Chosen on people of `lfw/train` that the
 * net was not trained on; of their pictures 2.2 % lie below, mostly with hats, dark glasses or grimaces.
 */
export const MASK_VETO_BELOW = 0.25

/**
 * Without a veto: before another camera, in poor or back light, the net takes bare faces for masks
 * (NUAA's, `genkan evaluate pad`). The calibration of an installed camera can give it one.
 */
export const MASK_RULE: ScoreRule = {
  liveFrom: 0.5,
  attackBelow: 0,
  minFrames: 3,
  windowMs: 4000,
  minFaceHeightPx: 70,
}

/** A veto should have its frames before a first sign of life opens; evidence for the log can wait. */
const VETO_EVERY_MS = 100
const EVIDENCE_EVERY_MS = 1000

/** Another face worn over one's own, cue `mask`; it can only refuse. */
export function maskCue(scoreMask: MaskScorer, rule: ScoreRule = MASK_RULE): PictureCue {
  return {
    name: 'mask',
    scope: 'face',
    isNeeded: false,
    rule,
    everyMs: rule.attackBelow > 0 ? VETO_EVERY_MS : EVIDENCE_EVERY_MS,
    reasons: { live: 'no edges of a worn mask', attack: 'a face is worn as a mask' },
    score: scoreMask,
  }
}
