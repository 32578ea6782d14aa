import type { Config } from './config/schema.js'
import type { FaceFinder } from './detection/face.js'
import { createFaceFinder } from './detection/find-faces.js'
import { createLandmarker } from './detection/landmarker.js'
import { createEncoder } from './encoding/encoder.js'
import type { Encoder } from './encoding/encoder.js'
import { createPictureReader } from './encoding/read-picture.js'
import type { PictureReader } from './encoding/read-picture.js'
import { createEyeReader } from './liveness/eye-state.js'
import { createFaceViewer } from './liveness/face-view.js'
import type { FaceViewer } from './liveness/face-view.js'
import { createMaskScorer } from './liveness/mask.js'
import type { MaskScorer } from './liveness/mask.js'
import { readPadCalibration } from './liveness/pad-calibration.js'
import type { CalibratedNets, PadCalibration } from './liveness/pad-calibration.js'
import { createTextureScorer, looksPrinted } from './liveness/texture.js'
import type { TextureScorer } from './liveness/texture.js'
import { loadNet, type Net } from './models/session.js'
import type { SideThread } from './models/side-thread.js'
import { ENROLMENT_LIMITS, PROBE_LIMITS } from './quality/quality.js'

/** The loaded nets and the stages made of them. */
export interface Stages {
  readonly nets: {
    readonly detector: Net<'detector'>
    readonly landmarks: Net<'landmarks'>
    readonly texture: Net<'texture'>
    readonly eyes: Net<'eyes'>
    readonly mask: Net<'mask'>
    readonly encoder: Net<'encoder'>
  }
  readonly finder: FaceFinder
  readonly encoder: Encoder
  readonly scoreTexture: TextureScorer
  readonly scoreMask: MaskScorer
  /** The installed camera's own thresholds, if there are any. */
  readonly pad?: PadCalibration
  readonly viewFace: FaceViewer
  readonly readEnrolment: PictureReader
  readonly readProbe: PictureReader
  /** Model id by role, as decisions record it. */
  readonly modelIds: Readonly<Record<string, string>>
}

/**
 * Loads, checks and warms every net the line needs. Sessions live as long as the process.
 * @param liveness names the calibration of the camera, where the line is to use it
 * @param side for a door: a thread beside the line's, for all nets but those of a face's points and lids
 * @throws ModelError when one is missing, changed or of the wrong shape: then no door opens
 */
export async function loadStages(
  config: Config['models'],
  liveness?: Pick<Config['liveness'], 'calibrationFile'>,
  side?: SideThread,
): Promise<Stages> {
  const options = (model: string | undefined) => ({
    intraOpNumThreads: config.threads,
    executionProviders: config.executionProviders,
    ...(model === undefined ? {} : { model }),
  })
  const load: typeof loadNet = side === undefined ? loadNet : (role, of) => side.load(role, of)
  // The side thread's first, so that both threads load at the same time.
  const [encoderNet, texture, mask, detector, landmarks, eyes] = await Promise.all([
    load('encoder', options(config.encoder)),
    load('texture', options(config.texture)),
    load('mask', options(undefined)),
    load('detector', options(config.detector)),
    loadNet('landmarks', options(config.landmarks)),
    loadNet('eyes', options(undefined)),
  ])
  const nets = { detector, landmarks, texture, eyes, mask, encoder: encoderNet }
  const finder = createFaceFinder(nets.detector, nets.landmarks)
  const encoder = createEncoder(nets.encoder)
  const scoreTexture = createTextureScorer(nets.texture)
  const calibrationFile = liveness?.calibrationFile
  return {
    nets,
    finder,
    encoder,
    scoreTexture,
    scoreMask: createMaskScorer(nets.mask),
    ...(calibrationFile === undefined
      ? {}
      : { pad: readPadCalibration(calibrationFile, calibratedNets({ nets })) }),
    viewFace: createFaceViewer(createLandmarker(nets.landmarks), createEyeReader(nets.eyes)),
    readEnrolment: createPictureReader(
      finder,
      encoder,
      ENROLMENT_LIMITS,
      looksPrinted(scoreTexture),
    ),
    readProbe: createPictureReader(finder, encoder, PROBE_LIMITS),
    modelIds: Object.fromEntries(
      Object.entries(nets).map(([role, net]) => [role, net.manifest.id]),
    ),
  }
}

/** The nets that a calibration of the camera is of. */
export function calibratedNets({ nets }: Pick<Stages, 'nets'>): CalibratedNets {
  return { textureModel: nets.texture.manifest.id, maskNet: nets.mask.sha256 }
}
