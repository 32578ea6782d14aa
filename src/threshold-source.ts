import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from './config/schema.js'
import { CalibrationRefusedError, parseCalibration } from './matching/calibration.js'
import type { Calibration, ModelIdentity } from './matching/calibration.js'
import { createThresholds } from './matching/threshold.js'
import type { GallerySize, ThresholdAdvice } from './matching/threshold.js'
import { modelsFolder } from './models/registry.js'
import type { Net } from './models/session.js'

/** The threshold in force for a gallery (1:K) or for one claimed person (1:1). */
export interface ThresholdInForce {
  /** τ, squared L2. */
  readonly value: number
  /** Lead of the best person over the next, squared L2; of no account in 1:1. */
  readonly margin: number
  /** Rate of strangers let through, at most: of all identifications, or of all claims in 1:1. */
  readonly targetFpir: number
  /** Where the calibration's figures stand; absent when the threshold was set by hand without one. */
  readonly advice: ThresholdAdvice | undefined
}

/** Gives the thresholds of 1:K for any gallery size and of 1:1, or says why it can not. */
export type ThresholdSource =
  | {
      readonly kind: 'ready'
      /** The target of the moment; it may change while the daemon runs. */
      readonly targetFpir: () => number
      readonly forGallery: (size: GallerySize) => ThresholdInForce
      /** @param templates how many the claimed person has; the probe may resemble each, ≥ 1 */
      readonly forVerification: (templates: number) => ThresholdInForce
      /** What a threshold, squared L2, would cost a gallery; absent without a calibration. */
      readonly costOf?: (threshold: number, size: GallerySize) => ThresholdAdvice
    }
  | { readonly kind: 'unusable'; readonly cause: string }

const MAX_CALIBRATION_BYTES = 4 * 1024 * 1024

/** The calibration that ships for a model. */
export function shippedCalibrationPath(modelId: string): string {
  return join(modelsFolder, 'calibration', `${modelId}.json`)
}

/** The calibration in force: the configured one, else the one that ships for the model. */
export function calibrationPath(config: Config['matching'], modelId: string): string {
  return config.calibrationFile ?? shippedCalibrationPath(modelId)
}

/** Reads the calibration of the encoder in use; a calibration of another encoder is refused. */
export function createThresholdSource(
  config: Config['matching'],
  encoder: Pick<Net<'encoder'>, 'manifest' | 'sha256'>,
  target: () => number = () => config.targetFpir,
): ThresholdSource {
  const model = { id: encoder.manifest.id, sha256: encoder.sha256 }
  const path = calibrationPath(config, model.id)
  const override = { threshold: config.threshold ?? undefined, margin: config.margin ?? undefined }
  try {
    const thresholds = createThresholds(readCalibration(path, model), model)
    return {
      kind: 'ready',
      targetFpir: target,
      forGallery(size) {
        const targetFpir = target()
        const advice = thresholds.forIdentification(size, { targetFpir, override })
        return { value: advice.threshold, margin: advice.margin, targetFpir, advice }
      },
      forVerification(templates) {
        const targetFpir = target()
        const advice = thresholds.forVerification({
          targetFmr: targetFpir,
          templates,
          override: { threshold: override.threshold },
        })
        return { value: advice.threshold, margin: 0, targetFpir, advice }
      },
      costOf: (threshold, size) =>
        thresholds.forIdentification(size, { targetFpir: target(), override: { threshold } }),
    }
  } catch (error) {
    if (!(error instanceof CalibrationRefusedError)) throw error
    const { threshold, margin } = override
    if (threshold === undefined) return { kind: 'unusable', cause: error.message }
    const byHand = () => ({
      value: threshold,
      margin: margin ?? 0,
      targetFpir: target(),
      advice: undefined,
    })
    return { kind: 'ready', targetFpir: target, forGallery: byHand, forVerification: byHand }
  }
}

/**
 * Reads the calibration in force.
 * @throws CalibrationRefusedError when it is missing, broken, or of another encoder
 */
export function readCalibrationFile(config: Config['matching'], model: ModelIdentity): Calibration {
  return readCalibration(calibrationPath(config, model.id), model)
}

function readCalibration(path: string, model: ModelIdentity): Calibration {
  if (!existsSync(path)) {
    throw new CalibrationRefusedError(
      `there is no calibration at ${path}; make one with \`genkan calibrate\``,
    )
  }
  const text = readFileSync(path, 'utf8')
  if (text.length > MAX_CALIBRATION_BYTES) {
    throw new CalibrationRefusedError(`${path} is too large for a calibration; restore it`)
  }
  try {
    return parseCalibration(JSON.parse(text), model)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new CalibrationRefusedError(`${path} is not JSON; restore it, or calibrate again`)
  }
}
