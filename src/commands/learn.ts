import { writeFileSync } from 'node:fs'
import type { Config } from '../config/schema.js'
import type { Alteration } from '../learning/alterations.js'
import type { HeldOutComparison } from '../learning/held-out.js'
import { learnHead, type Learnt } from '../learning/learn.js'
import { drawLossCurve } from '../learning/loss-plot.js'
import { TRIPLET_CHOICES, type TripletChoice } from '../learning/mine-triplets.js'
import type { LearningPerson } from '../learning/people.js'
import type { PoisonedEnrolment } from '../learning/poisoned.js'
import { loadTensorFlow } from '../learning/tensorflow.js'
import { takeLowestPriority } from '../lowest-priority.js'
import type { Thresholds } from '../matching/threshold.js'
import { storeOptionsOf } from '../store-options.js'
import { openStore } from '../store/store.js'
import { CommandError } from './command-error.js'
import { judgeHead } from './judge-head.js'
import {
  gatherPeople,
  loadLearningNets,
  parseAlterations,
  poisonLimits,
  thresholdsInForce,
  TRAINING,
} from './learning-setup.js'
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
  /** Does not give way to other processes. */
  readonly fullSpeed?: boolean
  readonly json?: boolean
}

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
  if (options.fullSpeed !== true) takeLowestPriority()
  const choices = parseChoices(options)
  const stages = await loadLearningNets(config)
  const thresholds = thresholdsInForce(config, stages.encoder)
  const store = openStore(storeOptionsOf(config.store, 'command'))
  try {
    const { alterations, seed } = choices
    const people = await gatherPeople(folder, { config, store, nets: stages, alterations, seed })
    const persons = choices.persons ?? Math.max(1, store.persons.countActive())
    const learnt = await train(people, { thresholds, persons, choices })
    const outcome = judgeHead(learnt, {
      config,
      thresholds,
      persons,
      data: folder === undefined ? 'enrolments of the site' : 'labelled pictures',
      method: `triplet loss, ${choices.choice}, seed ${seed}`,
      seed,
    })
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
      calibrationPersons: learnt.calibration.length,
      operating: outcome.operating ?? null,
      poisoned: learnt.poisoned,
      triplets: choices.choice,
      alterations: choices.alterations,
      activeShare: learnt.epochs.at(-1)?.activeShare ?? null,
      loss: learnt.epochs.at(-1)?.loss ?? null,
      seed: choices.seed,
      seconds: Math.round((performance.now() - startedMs) / 100) / 10,
      mostMemoryMb: Math.round(process.resourceUsage().maxRSS / 1024),
    }
    const isDry = options.dryRun === true
    process.stdout.write(
      options.json === true ? `${JSON.stringify(report)}\n` : describe(report, isDry),
    )
  } finally {
    store.close()
  }
}

/** How to learn, out of the command line. */
export interface Choices {
  readonly choice: TripletChoice
  readonly alterations: readonly Alteration[]
  readonly epochs: number
  readonly learningRate: number
  readonly seed: number
  readonly heldOutShare: number
  readonly persons: number | undefined
}

/** @throws CommandError for what is no choice */
export function parseChoices(
  options: Omit<LearnCommandOptions, keyof SetupOptions | 'json'>,
): Choices {
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
      heldOutShare: choices.heldOutShare / 2,
      calibrationShare: choices.heldOutShare / 2,
      workingFmr: thresholds.forIdentification({ persons }).targetFmr,
      limits: poisonLimits(thresholds),
    })
  } finally {
    progress.stop()
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
