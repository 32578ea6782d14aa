import type { Config } from '../config/schema.js'
import { createFaceFinder } from '../detection/find-faces.js'
import { createEncoder } from '../encoding/encoder.js'
import { ALTERATIONS, type Alteration } from '../learning/alterations.js'
import { gatherEnrolments, gatherFolder, type GatherOptions } from '../learning/gather.js'
import type { LearningPerson } from '../learning/people.js'
import { farDistance, type PoisonLimits } from '../learning/poisoned.js'
import { createThresholds, type Thresholds } from '../matching/threshold.js'
import { loadNet } from '../models/session.js'
import type { Net } from '../models/session.js'
import type { Store } from '../store/store.js'
import { readCalibrationFile } from '../threshold-source.js'
import { CommandError } from './command-error.js'
import { startProgress } from './progress.js'

/** Of a head learnt behind embeddings that tell people apart already: small steps. */
export const LEARNING_RATE = 0.003

export const TRAINING = {
  margin: 0.4,
  anchoring: 0.1,
  personsPerBatch: 64,
  picturesPerPerson: 4,
} as const

const MODEL_THREADS = 1

/** @throws CommandError for a word that is no alteration */
export function parseAlterations(text: string): Alteration[] {
  if (text === 'none') return []
  const wanted = text === 'all' ? [...ALTERATIONS] : text.split(',')
  return wanted.map((word) => {
    const known = ALTERATIONS.find((one) => one === word)
    if (known !== undefined) return known
    throw new CommandError(
      'bad-input',
      `--alter must be none, all, or a list of ${ALTERATIONS.join(', ')}`,
    )
  })
}

/** The nets that learning needs. */
export interface LearningNets {
  readonly encoder: Net<'encoder'>
  readonly detector: Net<'detector'>
  readonly landmarks: Net<'landmarks'>
}

/** The nets as shipped: a head is always learnt behind the encoder without one. */
export async function loadLearningNets({ models }: Config): Promise<LearningNets> {
  const options = (model: string | undefined) => ({
    intraOpNumThreads: MODEL_THREADS,
    ...(model === undefined ? {} : { model }),
  })
  return {
    detector: await loadNet('detector', options(models.detector)),
    landmarks: await loadNet('landmarks', options(models.landmarks)),
    encoder: await loadNet('encoder', options(models.encoder)),
  }
}

/** @throws CalibrationRefusedError when the encoder as shipped has no calibration */
export function thresholdsInForce({ matching }: Config, encoder: Net<'encoder'>): Thresholds {
  const model = { id: encoder.manifest.id, sha256: encoder.sha256 }
  return createThresholds(readCalibrationFile(matching, model), model)
}

/** People of a folder, or the enrolled ones where the configuration lets them be learnt from. */
export async function gatherPeople(
  folder: string | undefined,
  parts: {
    readonly config: Config
    readonly store: Store
    readonly nets: LearningNets
    readonly alterations: readonly Alteration[]
    readonly seed: number
  },
): Promise<readonly LearningPerson[]> {
  const { config, store, nets, alterations, seed } = parts
  let progress: ReturnType<typeof startProgress> | undefined
  const options: GatherOptions = {
    encoder: createEncoder(nets.encoder),
    template: nets.encoder.manifest.input.fit.template,
    alterations,
    seed,
    onProgress(done, total) {
      progress ??= startProgress('faces', total)
      progress.update(done)
    },
  }
  try {
    if (folder !== undefined) {
      return await gatherFolder(folder, createFaceFinder(nets.detector, nets.landmarks), options)
    }
    if (!config.learning.enrolments) {
      throw new CommandError(
        'bad-input',
        'learning from the enrolled persons is off; ask them, set learning.enrolments to true, ' +
          'or name a folder of pictures',
      )
    }
    store.audit.append({ actor: 'cli', action: 'learn.read' })
    return (await gatherEnrolments(store, options)).people
  } finally {
    progress?.stop()
  }
}

/** Where wrong labels begin, by the encoder's calibration. */
export function poisonLimits(thresholds: Thresholds): PoisonLimits {
  return {
    farSq: farDistance(thresholds.calibration),
    nearSq: thresholds.forIdentification({ persons: NEAR_PERSONS }).threshold,
  }
}

/** Two names nearer than a stranger comes once in 1,000 searches among so many are one person. */
const NEAR_PERSONS = 1000
