import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { BEZEL_RULE } from './bezel.js'
import { MASK_RULE } from './mask.js'
import type { ScoreRule } from './picture-cue.js'
import { TEXTURE_RULE } from './texture.js'

/** Calibration moves a threshold within these limits only, whatever a camera shows. */
export const SAFE_LIMITS = {
  /** Prints of NUAA's training people stay below the lower one over any three frames. */
  textureLiveFrom: [0.15, TEXTURE_RULE.liveFrom],
  /** Straight edges must cover nearly all of two sides before they are a bezel. */
  bezelAttackBelow: [0, 0.06],
  maskAttackBelow: [0, MASK_RULE.attackBelow],
} as const

const [lowestLive, highestLive] = SAFE_LIMITS.textureLiveFrom
const [noVeto, highestVeto] = SAFE_LIMITS.bezelAttackBelow
const [lowestMask, highestMask] = SAFE_LIMITS.maskAttackBelow

const padCalibrationSchema = z.strictObject({
  kind: z.literal('genkan pad calibration'),
  version: z.literal(1),
  /** Model id of the texture net that was calibrated. */
  textureModel: z.string().min(1).max(200),
  /** What was looked at, in words. */
  source: z.string().max(500),
  frames: z.int().min(1),
  texture: z.strictObject({ liveFrom: z.number().min(lowestLive).max(highestLive) }),
  bezel: z.strictObject({ attackBelow: z.number().min(noVeto).max(highestVeto) }),
  /** Absent in files from before there was this cue: then as shipped. */
  mask: z
    .strictObject({
      attackBelow: z.number().min(lowestMask).max(highestMask),
      /** SHA-256 of the net against masks that was calibrated. */
      net: z.string().max(200).optional(),
    })
    .optional(),
})

/** What one installed camera makes of living people, in thresholds. */
export type PadCalibration = z.output<typeof padCalibrationSchema>

/** The nets that a calibration is of. */
export interface CalibratedNets {
  readonly textureModel: string
  /** SHA-256: this net is trained anew from time to time under one id. */
  readonly maskNet: string
}

const MAX_BYTES = 64 * 1024

/**
 * Reads a camera's calibration. What it says of masks is left out where it is not of the present net:
 * the threshold as shipped, which is stricter, holds then.
 * @throws Error when the file is not one, leaves the safe limits, or is of another texture model
 */
export function readPadCalibration(
  path: string,
  { textureModel, maskNet }: CalibratedNets,
): PadCalibration {
  const cure = 'run `genkan calibrate pad` again, or take liveness.calibrationFile out'
  let parsed: unknown
  try {
    const text = readFileSync(path, 'utf8')
    if (text.length > MAX_BYTES) throw new RangeError(`the file is larger than ${MAX_BYTES} bytes`)
    parsed = JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`${path} cannot be read: ${why}; ${cure}`)
  }
  const result = padCalibrationSchema.safeParse(parsed)
  if (!result.success) {
    throw new Error(`${path} is no pad calibration: ${z.prettifyError(result.error)}; ${cure}`)
  }
  if (result.data.textureModel !== textureModel) {
    throw new Error(
      `${path} was made for ${result.data.textureModel}, not ${textureModel}; ${cure}`,
    )
  }
  const { mask, ...others } = result.data
  return mask?.net === maskNet ? result.data : others
}

/** What the operator should know of a calibration that is in force, if anything. */
export function adviceOn(calibration: PadCalibration | undefined): string | undefined {
  return calibration === undefined || calibration.mask !== undefined
    ? undefined
    : 'liveness.calibrationFile is not of this net against masks, whose shipped threshold holds'
}

/** The rules of the picture cues under a calibration. */
export function calibratedRules(calibration: PadCalibration | undefined): {
  readonly texture: ScoreRule
  readonly bezel: ScoreRule
  readonly mask: ScoreRule
} {
  if (calibration === undefined) {
    return { texture: TEXTURE_RULE, bezel: BEZEL_RULE, mask: MASK_RULE }
  }
  const { liveFrom } = calibration.texture
  const attackBelow = Math.min(TEXTURE_RULE.attackBelow, liveFrom / 3)
  const maskAttackBelow = calibration.mask?.attackBelow ?? MASK_RULE.attackBelow
  return {
    texture: { ...TEXTURE_RULE, liveFrom, attackBelow },
    bezel: { ...BEZEL_RULE, attackBelow: calibration.bezel.attackBelow },
    mask: { ...MASK_RULE, attackBelow: maskAttackBelow },
  }
}

/** Fewer scored frames make no calibration. */
export const MIN_CALIBRATION_FRAMES = 30
/** Frames whose mean a cue speaks of at the door. */
const RUN = 5
/** Of what the worst living runs scored. */
const SHARE_OF_WORST = 0.6
/** Living people must lie this far above a veto. */
const BEZEL_LIVE_AT_LEAST = 0.15
const BEZEL_VETO = 0.04
/**
 * Thresholds from the scores of a living person before the installed camera: texture accepts from
 * 60 % of what the worst twentieth of runs scored, a face counts as a worn mask below as much of it,
 * and straight edges get a veto only where the scene has none.
 * @throws RangeError when there are too few scores
 */
export function fitPadCalibration(
  scores: {
    readonly texture: readonly number[]
    readonly bezel: readonly number[]
    readonly mask: readonly number[]
  },
  { maskNet, ...about }: CalibratedNets & { readonly source: string },
): PadCalibration {
  const { texture, bezel, mask } = scores
  if (texture.length < MIN_CALIBRATION_FRAMES) {
    throw new RangeError(
      `a face was seen in ${texture.length} frames only, ${MIN_CALIBRATION_FRAMES} are needed`,
    )
  }
  const [lowest, highest] = SAFE_LIMITS.textureLiveFrom
  const worst = worstTwentieth(texture)
  const edges = meansOfRuns(bezel)
  const isFree = edges.length > 0 && Math.min(...edges) >= BEZEL_LIVE_AT_LEAST
  return {
    kind: 'genkan pad calibration',
    version: 1,
    ...about,
    frames: texture.length,
    texture: { liveFrom: Math.min(highest, Math.max(lowest, SHARE_OF_WORST * worst)) },
    bezel: { attackBelow: isFree ? BEZEL_VETO : 0 },
    mask: {
      net: maskNet,
      attackBelow:
        mask.length < RUN
          ? highestMask
          : Math.min(highestMask, SHARE_OF_WORST * worstTwentieth(mask)),
    },
  }
}

/** The mean that one run in twenty stays below; 0 where there are no runs. */
function worstTwentieth(scores: readonly number[]): number {
  const runs = meansOfRuns(scores).sort((a, b) => a - b)
  return runs.length === 0 ? 0 : runs[Math.floor(runs.length / 20)]
}

function meansOfRuns(scores: readonly number[]): number[] {
  const means: number[] = []
  for (let i = 0; i + RUN <= scores.length; i++) {
    means.push(scores.slice(i, i + RUN).reduce((sum, score) => sum + score, 0) / RUN)
  }
  return means
}
