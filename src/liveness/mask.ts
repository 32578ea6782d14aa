import { alignFace } from '../detection/align.js'
import type { Face } from '../detection/face.js'
import type { Image } from '../frame/image.js'
import { toPlanarTensor } from '../frame/tensor.js'
import type { Net } from '../models/session.js'
import type { PictureCue, ScoreRule } from './picture-cue.js'
import { TEXTURE_EVERY_MS } from './texture.js'

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
 * A face counts as worn below a mean that 2 % of the pictures of held-out people of `lfw/train` stay
 * below, mostly with hats, dark glasses or grimaces; an installed camera's calibration may lower it.
 */
export const MASK_RULE: ScoreRule = {
  liveFrom: 0.5,
  attackBelow: 0.45,
  minFrames: 3,
  windowMs: 4000,
  minFaceHeightPx: 70,
}

/** As often as texture looks, without which no door opens, and before it; evidence for the log can wait. */
const VETO_EVERY_MS = TEXTURE_EVERY_MS
const EVIDENCE_EVERY_MS = 1000

/** Another face worn over one's own, cue `mask`; it can only refuse. */
export function maskCue(scoreMask: MaskScorer, rule: ScoreRule = MASK_RULE): PictureCue {
  return {
    name: 'mask',
    needs: 'face',
    runsBeside: true,
    scope: 'face',
    isNeeded: false,
    rule,
    everyMs: rule.attackBelow > 0 ? VETO_EVERY_MS : EVIDENCE_EVERY_MS,
    reasons: { live: 'no edges of a worn mask', attack: 'a face is worn as a mask' },
    score: scoreMask,
  }
}
