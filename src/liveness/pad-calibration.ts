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
  /** Below the lower one a worn mask is as likely as not, whoever wears what glasses. */
  maskLiveFrom: [MASK_RULE.liveFrom / 3, MASK_RULE.liveFrom],
} as const

const [lowestLive, highestLive] = SAFE_LIMITS.textureLiveFrom
const [noVeto, highestVeto] = SAFE_LIMITS.bezelAttackBelow
const [lowestMask, highestMask] = SAFE_LIMITS.maskLiveFrom

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
  mask: z.strictObject({ liveFrom: z.number().min(lowestMask).max(highestMask) }).optional(),
})

/** What one installed camera makes of living people, in thresholds. */
export type PadCalibration = z.output<typeof padCalibrationSchema>

const MAX_BYTES = 64 * 1024

/**
 * Reads a camera's calibration.
 * @throws Error when the file is not one, leaves the safe limits, or is of another texture model
 */
export function readPadCalibration(path: string, textureModel: string): PadCalibration {
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
  return result.data
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
  const bareFrom = calibration.mask?.liveFrom ?? MASK_RULE.liveFrom
  return {
    texture: { ...TEXTURE_RULE, liveFrom, attackBelow },
    bezel: { ...BEZEL_RULE, attackBelow: calibration.bezel.attackBelow },
    mask: {
      ...MASK_RULE,
      liveFrom: bareFrom,
      attackBelow: Math.min(MASK_RULE.attackBelow, 0.6 * bareFrom),
    },
  }
}

/** Fewer scored frames make no calibration. */
export const MIN_CALIBRATION_FRAMES = 30
/** Frames whose mean a cue speaks of at the door. */
const RUN = 5
/** Living people must lie this far above a veto. */
const BEZEL_LIVE_AT_LEAST = 0.15
const BEZEL_VETO = 0.04

/**
 * Thresholds from the scores of a living person before the installed camera: texture accepts from
 * 60 % of what the worst twentieth of runs scored, and a face is bare from half of that; straight
 * edges get a veto only where the scene itself has none.
 * @throws RangeError when there are too few scores
 */
export function fitPadCalibration(
  scores: {
    readonly texture: readonly number[]
    readonly bezel: readonly number[]
    readonly mask: readonly number[]
  },
  about: { readonly textureModel: string; readonly source: string },
): PadCalibration {
  const { texture, bezel, mask } = scores
  if (texture.length < MIN_CALIBRATION_FRAMES) {
    throw new RangeError(
      `a face was seen in ${texture.length} frames only, ${MIN_CALIBRATION_FRAMES} are needed`,
    )
  }
  const [lowest, highest] = SAFE_LIMITS.textureLiveFrom
  const worst = worstTwentieth(texture)
  const worstBare = worstTwentieth(mask)
  const edges = meansOfRuns(bezel)
  const isFree = edges.length > 0 && Math.min(...edges) >= BEZEL_LIVE_AT_LEAST
  return {
    kind: 'genkan pad calibration',
    version: 1,
    ...about,
    frames: texture.length,
    texture: { liveFrom: Math.min(highest, Math.max(lowest, 0.6 * worst)) },
    bezel: { attackBelow: isFree ? BEZEL_VETO : 0 },
    mask: { liveFrom: Math.min(highestMask, Math.max(lowestMask, 0.5 * worstBare)) },
  }
}

/** The mean that one run in twenty stays below; 1 where there are no runs. */
function worstTwentieth(scores: readonly number[]): number {
  const runs = meansOfRuns(scores).sort((a, b) => a - b)
  return runs.length === 0 ? 1 : runs[Math.floor(runs.length / 20)]
}

function meansOfRuns(scores: readonly number[]): number[] {
  const means: number[] = []
  for (let i = 0; i + RUN <= scores.length; i++) {
    means.push(scores.slice(i, i + RUN).reduce((sum, score) => sum + score, 0) / RUN)
  }
  return means
}
