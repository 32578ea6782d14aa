import { writeFileSync } from 'node:fs'
import { createEncoder } from '../encoding/encoder.js'
import { learnSiamese } from '../learning/learn-siamese.js'
import { labelledVectors, type LearningPerson } from '../learning/people.js'
import { findPoisoned, withoutPoisoned } from '../learning/poisoned.js'
import { drawReliability } from '../learning/reliability.js'
import type { SiameseRecord } from '../learning/siamese-record.js'
import { SIAMESE_FORMS } from '../learning/siamese.js'
import { loadTensorFlow } from '../learning/tensorflow.js'
import { encoderInForce } from '../learnt-encoder.js'
import { takeLowestPriority } from '../lowest-priority.js'
import { storeOptionsOf } from '../store-options.js'
import { openStore } from '../store/store.js'
import { CommandError } from './command-error.js'
import {
  gatherPeople,
  loadLearningNets,
  poisonLimits,
  thresholdsInForce,
} from './learning-setup.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface LearnSiameseOptions extends SetupOptions {
  readonly form: string
  readonly steps: string
  readonly seed: string
  readonly dryRun?: boolean
  readonly rollback?: boolean
  readonly plot?: string
  /** Does not give way to other processes. */
  readonly fullSpeed?: boolean
  readonly json?: boolean
}

/** `genkan learn siamese [FOLDER]`: a second opinion for 1:1, adopted only where it is of use. */
export async function learnSiameseCommand(
  folder: string | undefined,
  options: LearnSiameseOptions,
): Promise<void> {
  const startedMs = performance.now()
  const configured = loadSetup(options)
  const form = SIAMESE_FORMS.find((one) => one === options.form)
  if (form === undefined) {
    throw new CommandError('bad-input', `--form must be one of ${SIAMESE_FORMS.join(', ')}`)
  }
  const [steps, seed] = [Number(options.steps), Number(options.seed)]
  if (![steps, seed].every((value) => Number.isInteger(value) && value >= 1)) {
    throw new CommandError('bad-input', '--steps and --seed must be whole numbers from 1')
  }
  const store = openStore(storeOptionsOf(configured.store, 'command'))
  try {
    if (options.rollback === true) {
      const undone = store.learntHeads.rollback('siamese', 'cli')
      if (undone === undefined) throw new CommandError('bad-input', 'no siamese head is in force')
      process.stdout.write(`${JSON.stringify({ rolledBack: true, ...undone })}\n`)
      return
    }
    if (options.fullSpeed !== true) takeLowestPriority()
    const { config, current } = encoderInForce(configured, store)
    const nets = await loadLearningNets(configured)
    const inUse = await loadLearningNets(config)
    const limits = poisonLimits(thresholdsInForce(configured, nets.encoder))
    const gathered = await gatherPeople(folder, {
      config: configured,
      store,
      nets,
      alterations: [],
      seed,
    })
    const poisoned = findPoisoned(gathered, limits)
    const originId = createEncoder(nets.encoder).modelId
    const people = withoutPoisoned(gathered, poisoned).map(({ id, pictures }): LearningPerson => ({
      id,
      pictures: pictures.map((picture) => ({
        ...picture,
        vector: current({ modelId: originId, vector: picture.vector }).vector,
      })),
    }))
    const { tf } = await loadTensorFlow()
    const learnt = learnSiamese(people, {
      tf,
      siamese: { form, steps, learningRate: 0.1, decay: 1e-5 },
      seed,
    })
    if (options.plot !== undefined) {
      const subtitle = `${form}, people held out, as many pairs of one person as of two`
      writeFileSync(options.plot, drawReliability(learnt.reliability, subtitle))
    }
    const adopted = learnt.useful && options.dryRun !== true
    if (adopted) {
      const record: SiameseRecord = {
        format: 'genkan-learnt-siamese/1',
        model: { id: inUse.encoder.manifest.id, sha256: inUse.encoder.sha256 },
        form,
        weights: [...learnt.head.weights],
        bias: learnt.head.bias,
        scale: learnt.head.scale,
        offset: learnt.head.offset,
        refuseBelow: learnt.refuseBelow,
      }
      store.learntHeads.adopt('siamese', JSON.stringify(record), 'cli')
    }
    const { reliability, genuineRefused, impostorRefused, refuseBelow, reason } = learnt
    const report = {
      adopted,
      wouldAdopt: learnt.useful,
      reason,
      form,
      pictures: labelledVectors(people).vectors.length,
      refuseBelow,
      genuineRefused,
      impostorRefused,
      expectedCalibrationError: reliability.expectedCalibrationError,
      brier: reliability.brier,
      bins: reliability.bins,
      poisoned,
      seed,
      seconds: Math.round((performance.now() - startedMs) / 100) / 10,
    }
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify(report)}\n`
        : `${adopted ? 'adopted' : 'not adopted'}: ${reason}; probabilities are off by ` +
            `${reliability.expectedCalibrationError.toFixed(3)} on average\n`,
    )
  } finally {
    store.close()
  }
}
