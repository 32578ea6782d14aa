import { squareAround } from '../detection/boxes.js'
import type { Box, Image } from '../frame/image.js'
import { toPlanarTensor } from '../frame/tensor.js'
import { cropSquare } from '../frame/warp.js'
import type { Net } from '../models/session.js'
import type { Cue, CueOutcome } from './cue.js'
import { silent } from './cue.js'

/** Scores the skin and print texture of a face in one frame: 1 live, 0 attack. */
export type TextureScorer = (image: Image, box: Box) => Promise<number>

/** Limits of the texture cue. */
export interface TextureRule {
  /** Mean score from which the face counts as live. */
  readonly liveFrom: number
  /** Mean score below which it counts as an attack. */
  readonly attackBelow: number
  /** Frames that must have been scored. */
  readonly minFrames: number
  /** Scores older than this no longer count. */
  readonly windowMs: number
  /** A smaller face (box height in pixels) shows too little texture to speak of. */
  readonly minFaceHeightPx: number
}

/**
 * Fitted on NUAA's training people: their prints score 0.19 at most, their live faces 0.98 at least;
 * between the two limits the person is asked to present again.
 */
export const TEXTURE_RULE: TextureRule = {
  liveFrom: 0.6,
  attackBelow: 0.2,
  minFrames: 3,
  windowMs: 2000,
  minFaceHeightPx: 70,
}

/** Collects the texture scores of one tracked face. */
export interface TextureAccumulator {
  /** @param score of {@link TextureScorer}; not finite counts as an attack */
  observe(observation: {
    readonly monotonicMs: number
    readonly box: Box
    readonly score: number
  }): void
  outcome(): CueOutcome
  restart(): void
}

/**
 * The square that the net was trained on: the face box's square, enlarged about its centre as far as
 * the frame allows, then moved (not padded) into the frame.
 * @param scale of the whole square to the face's, 2.7 for MiniFASNet V1SE
 */
export function textureSquare(image: Image, box: Box, scale: number): Box {
  const { width: side } = squareAround(box, 1)
  const fitting = Math.min(scale, (image.height - 1) / side, (image.width - 1) / side)
  const square = side * fitting
  const inside = (start: number, size: number): number =>
    Math.max(0, Math.min(start, size - 1 - square))
  return {
    x: inside(box.x + box.width / 2 - square / 2, image.width),
    y: inside(box.y + box.height / 2 - square / 2, image.height),
    width: square,
    height: square,
  }
}

/** Wraps the texture net (MiniFASNet, Silent-Face-Anti-Spoofing): crop, run, softmax. */
export function createTextureScorer(net: Net<'texture'>): TextureScorer {
  const { input, liveIndex } = net.manifest
  const [, , side] = input.shape
  return async (image, box) => {
    const square = textureSquare(image, box, input.fit.scale)
    const { logits } = await net.run(toPlanarTensor(cropSquare(image, square, side), input))
    const highest = Math.max(...logits)
    let total = 0
    for (const logit of logits) total += Math.exp(logit - highest)
    return Math.exp(logits[liveIndex] - highest) / total
  }
}

const MAX_SCORES = 128

/** An accumulator for one track. */
export function createTextureAccumulator(rule: TextureRule = TEXTURE_RULE): TextureAccumulator {
  let scores: { readonly monotonicMs: number; readonly score: number }[] = []
  let tooSmall = false

  return {
    observe({ monotonicMs, box, score }) {
      tooSmall = !(box.height >= rule.minFaceHeightPx)
      if (tooSmall) return
      scores.push({ monotonicMs, score: Number.isFinite(score) ? score : 0 })
      scores = scores
        .filter((entry) => monotonicMs - entry.monotonicMs <= rule.windowMs)
        .slice(-MAX_SCORES)
    },
    outcome() {
      if (tooSmall) {
        return silent('face too small for texture', 'Please come closer')
      }
      if (scores.length < rule.minFrames) {
        return silent('too few frames for texture')
      }
      const score = scores.reduce((sum, entry) => sum + entry.score, 0) / scores.length
      if (score >= rule.liveFrom) return { verdict: 'live', score, reason: 'texture of a face' }
      if (!(score >= rule.attackBelow)) {
        return { verdict: 'attack', score, reason: 'texture of a print, screen or mask' }
      }
      return { verdict: 'not-enough-evidence', score, reason: 'texture undecided' }
    },
    restart() {
      scores = []
      tooSmall = false
    },
  }
}

/** The cue averages over time, so not every frame of a fast camera has to be scored. */
const SCORE_EVERY_MS = 100

/** Texture of the attended face. */
export function createTextureCue(score: TextureScorer, rule: TextureRule = TEXTURE_RULE): Cue {
  const texture = createTextureAccumulator(rule)
  let scoredMs = -Infinity

  return {
    name: 'texture',
    async observe({ frame: { image, monotonicMs }, face: { box } }) {
      if (monotonicMs - scoredMs < SCORE_EVERY_MS) return
      scoredMs = monotonicMs
      texture.observe({ monotonicMs, box, score: await score(image, box) })
    },
    outcome: () => texture.outcome(),
    restart() {
      scoredMs = -Infinity
      texture.restart()
    },
  }
}
