import { writeFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { createEncoder } from '../encoding/encoder.js'
import { createFaceFinder } from '../detection/find-faces.js'
import type { Config } from '../config/schema.js'
import { ALTERATIONS, type Alteration } from '../learning/alterations.js'
import { gatherEnrolments, gatherFolder, type GatherOptions } from '../learning/gather.js'
import { fnmrAtThreshold, type HeldOutComparison } from '../learning/held-out.js'
import { embedBy, learnHead, type Learnt } from '../learning/learn.js'
import type { LearntProjection } from '../learning/learnt-record.js'
import { drawLossCurve } from '../learning/loss-plot.js'
import type { LearningPerson } from '../learning/people.js'
import { farDistance, type PoisonedEnrolment, type PoisonLimits } from '../learning/poisoned.js'
import { loadTensorFlow } from '../learning/tensorflow.js'
import { TRIPLET_CHOICES, type TripletChoice } from '../learning/mine-triplets.js'
import { exportLearntEncoder, readEncoderFiles, storedHead } from '../learnt-encoder.js'
import { calibrate } from '../matching/calibrate.js'
import { CalibrationRefusedError } from '../matching/calibration.js'
import { createThresholds, type Thresholds } from '../matching/threshold.js'
import { readCalibrationFile } from '../threshold-source.js'
import { loadNet } from '../models/session.js'
import type { Net } from '../models/session.js'
import { storeOptionsOf } from '../store-options.js'
import { openStore } from '../store/store.js'
import type { Store } from '../store/store.js'
import { CommandError } from './command-error.js'
import { startProgress } from './progress.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface LearnCommandOptions extends SetupOptions {
  readonly dryRun?: boolean
  readonly rollback?: boolean
  readonly triplets: string
  readonly alter: string
  readonly epochs: string
  readonly learningRate: string
  readonly seed: string
  readonly heldOut: string
  readonly persons?: string
  readonly plot?: string
  readonly json?: boolean
}

/** Of a head learnt behind embeddings that tell people apart already: small steps. */
export const LEARNING_RATE = 0.003

export const TRAINING = {
  margin: 0.4,
  anchoring: 0.1,
  personsPerBatch: 64,
  picturesPerPerson: 4,
} as const

const MODEL_THREADS = 1

/** `genkan learn [FOLDER]`: a head for the encoder, adopted only where people held out say it helps. */
export async function learn(
  folder: string | undefined,
  options: LearnCommandOptions,
): Promise<void> {
  const startedMs = performance.now()
  const config = loadSetup(options)
  if (options.rollback === true) {
    rollBack(config, options)
    return
  }
  setPriority(constants.priority.PRIORITY_LOW)
  const choices = parseChoices(options)
  const stages = await loadLearningNets(config)
  const thresholds = thresholdsInForce(config, stages.encoder)
  const store = openStore(storeOptionsOf(config.store, 'command'))
  try {
    const { alterations, seed } = choices
    const people = await gatherPeople(folder, { config, store, nets: stages, alterations, seed })
    const persons = choices.persons ?? Math.max(1, store.persons.countActive())
    const learnt = await train(people, { thresholds, persons, choices })
    const outcome = judge(learnt, { config, stages, thresholds, persons, folder, choices })
    if (options.plot !== undefined) {
      writeFileSync(options.plot, drawLossCurve(learnt.epochs, subtitleOf(choices)))
    }
    const adopted = outcome.record !== undefined && options.dryRun !== true
    if (adopted) store.learntHeads.adopt('projection', JSON.stringify(outcome.record), 'cli')
    const report = {
      adopted,
      wouldAdopt: outcome.record !== undefined,
      reason: outcome.reason,
      encoder: outcome.record?.encoder.id ?? null,
      trainedPersons: learnt.trainedPersons,
      trainedPictures: learnt.trainedPictures,
      heldOut: outcome.comparison ?? null,
      operating: outcome.operating ?? null,
      poisoned: learnt.poisoned,
      triplets: choices.choice,
      alterations: choices.alterations,
      activeShare: learnt.epochs.at(-1)?.activeShare ?? null,
      loss: learnt.epochs.at(-1)?.loss ?? null,
      seed: choices.seed,
      seconds: Math.round((performance.now() - startedMs) / 100) / 10,
    }
    const isDry = options.dryRun === true
    process.stdout.write(
      options.json === true ? `${JSON.stringify(report)}\n` : describe(report, isDry),
    )
  } finally {
    store.close()
  }
}

interface Choices {
  readonly choice: TripletChoice
  readonly alterations: readonly Alteration[]
  readonly epochs: number
  readonly learningRate: number
  readonly seed: number
  readonly heldOutShare: number
  readonly persons: number | undefined
}

function parseChoices(options: LearnCommandOptions): Choices {
  const choice = TRIPLET_CHOICES.find((one) => one === options.triplets)
  if (choice === undefined) {
    throw new CommandError('bad-input', `--triplets must be one of ${TRIPLET_CHOICES.join(', ')}`)
  }
  const whole = (text: string, name: string, from: number, to: number) => {
    const value = Number(text)
    if (Number.isInteger(value) && value >= from && value <= to) return value
    throw new CommandError('bad-input', `${name} must be a whole number from ${from} to ${to}`)
  }
  const learningRate = Number(options.learningRate)
  if (!(learningRate > 0 && learningRate <= 1)) {
    throw new CommandError('bad-input', '--learning-rate must lie above 0 and not above 1')
  }
  const heldOutShare = Number(options.heldOut)
  if (!(heldOutShare >= 0.1 && heldOutShare <= 0.9)) {
    throw new CommandError('bad-input', '--held-out must lie between 0.1 and 0.9')
  }
  return {
    choice,
    alterations: parseAlterations(options.alter),
    epochs: whole(options.epochs, '--epochs', 1, 1000),
    seed: whole(options.seed, '--seed', 0, 2 ** 31),
    learningRate,
    heldOutShare,
    persons:
      options.persons === undefined ? undefined : whole(options.persons, '--persons', 1, 1_000_000),
  }
}

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

async function train(
  people: readonly LearningPerson[],
  parts: { thresholds: Thresholds; persons: number; choices: Choices },
): Promise<Learnt> {
  const { thresholds, persons, choices } = parts
  const { tf } = await loadTensorFlow()
  const progress = startProgress('epochs', choices.epochs)
  try {
    return learnHead(people, {
      tf,
      triplets: {
        ...TRAINING,
        choice: choices.choice,
        epochs: choices.epochs,
        learningRate: choices.learningRate,
        seed: choices.seed,
        onEpoch: ({ epoch }) => progress.update(epoch),
      },
      heldOutShare: choices.heldOutShare,
      workingFmr: thresholds.forIdentification({ persons }).targetFmr,
      limits: poisonLimits(thresholds),
    })
  } finally {
    progress.stop()
  }
}

interface Outcome {
  readonly record: LearntProjection | undefined
  readonly reason: string
  readonly comparison: HeldOutComparison | undefined
  /** At the thresholds that the door would use for K. */
  readonly operating: OperatingChange | undefined
}

interface OperatingChange {
  readonly persons: number
  readonly thresholdBefore: number
  readonly thresholdAfter: number
  readonly fnmrBefore: number
  readonly fnmrAfter: number
}

function judge(
  { result, heldOut, trainedPersons, trainedPictures }: Learnt,
  parts: {
    config: Config
    stages: LearningNets
    thresholds: Thresholds
    persons: number
    folder: string | undefined
    choices: Choices
  },
): Outcome {
  if (result.head === undefined) {
    const { reason } = result
    return { record: undefined, reason, comparison: undefined, operating: undefined }
  }
  const { config, thresholds, persons, folder, choices } = parts
  const { comparison } = result
  const refuse = (reason: string, operating?: OperatingChange): Outcome => ({
    record: undefined,
    reason,
    comparison,
    operating,
  })
  if (!result.improved) return refuse(result.reason)
  if (config.matching.threshold !== null) {
    return refuse('matching.threshold is set by hand and would not fit; take it out first')
  }
  const base = readEncoderFiles(config.models.encoder)
  const { file, head } = storedHead(result.head, {
    data: folder === undefined ? 'enrolments of the site' : 'labelled pictures',
    persons: trainedPersons,
    pictures: trainedPictures,
    method: `triplet loss, ${choices.choice}, seed ${choices.seed}`,
  })
  const { manifest } = exportLearntEncoder(base, file)
  const model = { id: manifest.id, sha256: manifest.file.sha256 }
  const embed = embedBy(head)
  try {
    const { calibration } = calibrate(
      new Map(
        heldOut.map(({ id, pictures }) => [
          id,
          pictures.map(({ vector }) => ({ modelId: model.id, vector: embed(vector) })),
        ]),
      ),
      model,
      { description: 'persons held out of learning on site', seed: choices.seed },
    )
    const before = thresholds.forIdentification({ persons }).threshold
    const after = createThresholds(calibration, model).forIdentification({ persons }).threshold
    const operating: OperatingChange = {
      persons,
      thresholdBefore: before,
      thresholdAfter: after,
      fnmrBefore: fnmrAtThreshold(heldOut, (vector) => vector, before),
      fnmrAfter: fnmrAtThreshold(heldOut, embed, after),
    }
    if (operating.fnmrAfter > operating.fnmrBefore) {
      return refuse(
        `${result.reason}, but at the threshold that these ${heldOut.length} persons support ` +
          'more employees would be refused than today; add people to calibrate on',
        operating,
      )
    }
    return {
      record: {
        format: 'genkan-learnt-projection/1',
        base: { id: base.manifest.id, sha256: base.manifest.file.sha256 },
        encoder: model,
        head: file,
        calibration,
      },
      reason: result.reason,
      comparison,
      operating,
    }
  } catch (error) {
    if (!(error instanceof CalibrationRefusedError)) throw error
    return refuse(`${result.reason}, but its threshold cannot be calibrated: ${error.message}`)
  }
}

function rollBack(config: Config, options: LearnCommandOptions): void {
  const store = openStore(storeOptionsOf(config.store, 'command'))
  try {
    const rollback = store.learntHeads.rollback('projection', 'cli')
    if (rollback === undefined) {
      throw new CommandError('bad-input', 'no learnt head is in force; there is nothing to undo')
    }
    const to = rollback.to === null ? 'the encoder as shipped' : `the head ${rollback.to}`
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify({ rolledBack: true, ...rollback })}\n`
        : `${to} is in force again; restart genkan if it runs\n`,
    )
  } finally {
    store.close()
  }
}

function subtitleOf({ choice, alterations, seed }: Choices): string {
  const altered = alterations.length === 0 ? 'no alterations' : alterations.join(', ')
  return `${choice} triplets, ${altered}, seed ${seed}`
}

function describePoisoned(one: PoisonedEnrolment): string {
  return one.kind === 'two-people'
    ? `look at: ${one.person} holds pictures of two people, such as ${one.pictures[0]}`
    : `look at: ${one.persons.join(' and ')} are one person, by ${one.pictures.join(' and ')}`
}

interface Report {
  readonly adopted: boolean
  readonly wouldAdopt: boolean
  readonly reason: string
  readonly poisoned: readonly PoisonedEnrolment[]
  readonly trainedPersons: number
  readonly trainedPictures: number
  readonly heldOut: HeldOutComparison | null
  readonly activeShare: number | null
  readonly seconds: number
}

function describe(report: Report, isDry: boolean): string {
  const { heldOut } = report
  const percent = (rate: number) => (100 * rate).toFixed(2)
  const verdict = report.adopted
    ? 'ADOPTED; restart genkan if it runs. `genkan learn --rollback` undoes it'
    : report.wouldAdopt && isDry
      ? 'would be adopted; nothing was changed (--dry-run)'
      : 'not adopted; nothing was changed'
  return [
    ...report.poisoned.map(describePoisoned),
    `learnt from ${report.trainedPersons} persons, ${report.trainedPictures} pictures, ` +
      `in ${report.seconds} s; active triplets at the end ${percent(report.activeShare ?? 0)} %`,
    ...(heldOut === null
      ? []
      : [
          `${heldOut.persons} persons held out, ${heldOut.genuinePairs} genuine and ` +
            `${heldOut.impostorPairs} impostor pairs; FNMR at FMR ${heldOut.fmr.toExponential(1)} in %:`,
          ...(['before', 'after'] as const).map((when) => {
            const { fnmr, low, high } = heldOut[when]
            return `  ${when.padEnd(7)} ${percent(fnmr)} [${percent(low)}, ${percent(high)}]`
          }),
        ]),
    `${verdict}: ${report.reason}`,
    '',
  ].join('\n')
}
