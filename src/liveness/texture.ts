import { squareAround } from '../detection/boxes.js'
import type { Box, Image } from '../frame/image.js'
import { cropTensor } from '../frame/warp.js'
import type { Net } from '../models/session.js'
import {
  createScoreWindow,
  type PictureCue,
  type ScoreRule,
  type ScoreWindow,
} from './picture-cue.js'

/** Scores the skin and print texture of a face in one frame: 1 live, 0 attack. */
export type TextureScorer = (image: Image, box: Box) => Promise<number>

/**
 * Fitted on NUAA's training people: their prints score 0.19 at most, their live faces 0.98 at least;
 * between the two limits the person is asked to present again.
 */
export const TEXTURE_RULE: ScoreRule = {
  liveFrom: 0.6,
  attackBelow: 0.2,
  minFrames: 3,
  windowMs: 2000,
  minFaceHeightPx: 70,
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

/**
 * Wraps the texture net (MiniFASNet, Silent-Face-Anti-Spoofing): crop, run, softmax.
 * @param scale of the crop, where another than the net's own is to be compared with it
 */
export function createTextureScorer(net: Net<'texture'>, scale?: number): TextureScorer {
  const { input, liveIndex } = net.manifest
  const [, , side] = input.shape
  /** Inputs that no run reads any more; a door and an enrolment may score at once. */
  const idle: Float32Array[] = []
  return async (image, box) => {
    const square = textureSquare(image, box, scale ?? input.fit.scale)
    const planes = cropTensor(image, square, side, input, idle.pop())
    const { logits } = await net.run(planes)
    idle.push(planes)
    const highest = Math.max(...logits)
    let total = 0
    for (const logit of logits) total += Math.exp(logit - highest)
    return Math.exp(logits[liveIndex] - highest) / total
  }
}

/**
 * Whether one picture of a face shows a print or screen rather than a face. Of 100 press photographs
 * (LFW, training people) one is taken for one, of 14 photographed prints (NUAA, training people) all.
 */
export function looksPrinted(score: TextureScorer, rule: ScoreRule = TEXTURE_RULE) {
  return async (image: Image, box: Box): Promise<boolean> =>
    box.height >= rule.minFaceHeightPx && (await score(image, box)) < rule.attackBelow
}

/** Somewhat less than a tenth of a second, so that a camera's jitter costs no look. */
export const TEXTURE_EVERY_MS = 90

const REASONS = { live: 'texture of a face', attack: 'texture of a print, screen or mask' }

/** Skin against print and screen, cue `texture`: the first witness of every door. */
export function textureCue(score: TextureScorer, rule: ScoreRule = TEXTURE_RULE): PictureCue {
  return {
    name: 'texture',
    needs: 'box',
    scope: 'face',
    isNeeded: true,
    rule,
    everyMs: TEXTURE_EVERY_MS,
    firstAfterMs: TEXTURE_EVERY_MS / 2,
    reasons: REASONS,
    score: (image, { box }) => score(image, box),
  }
}

/** Collects the texture scores of one tracked face. */
export function createTextureAccumulator(rule: ScoreRule = TEXTURE_RULE): ScoreWindow {
  return createScoreWindow({ name: 'texture', reasons: REASONS }, rule)
}
