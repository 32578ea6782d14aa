import { join } from 'node:path'
import {
  rateEnrolment,
  type EnrolmentRates,
  type EnrolmentRule,
} from '../evaluation/enrolment-protocol.js'
import { folderMark } from '../evaluation/kept-people.js'
import { openRowLog, type LearningRow } from '../evaluation/learning-rows.js'
import { compareHeldOut, type Embed } from '../learning/held-out.js'
import { embedBy, learnHead } from '../learning/learn.js'
import { TRIPLET_CHOICES, type TripletChoice } from '../learning/mine-triplets.js'
import type { LearningPerson } from '../learning/people.js'
import { loadTensorFlow } from '../learning/tensorflow.js'
import { CommandError } from './command-error.js'
import { encodeFolder } from './encode-folder.js'
import {
  LEARNING_RATE,
  loadLearningNets,
  parseAlterations,
  poisonLimits,
  thresholdsInForce,
  TRAINING,
} from './learning-setup.js'
import { startProgress } from './progress.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface EvaluateLearningOptions extends SetupOptions {
  /** Folder that is learnt from: the head is trained and taken or refused there. */
  readonly train: string
  /** Folder that is only reported on. */
  readonly test: string
  readonly alter: string
  readonly epochs: string
  readonly seed: string
  /** Folder that keeps encodings and finished rows, so that a run that was cut goes on. */
  readonly keep?: string
  readonly json?: boolean
}

const RULES: readonly (readonly [string, EnrolmentRule])[] = [
  ['one-shot', { kind: 'one-shot' }],
  ['3 pictures, nearest', { kind: 'each', pictures: 3 }],
  ['3 pictures, 2 selected', { kind: 'select', pictures: 3, keep: 2 }],
  ['3 pictures, averaged', { kind: 'average', pictures: 3 }],
]
const FMR = 1e-3
const PAIRS_FMR = 1e-4
/** Of the people to learn from, by whom a head is taken or refused. */
const JUDGES_SHARE = 0.4

/**
 * `genkan evaluate learning`: every choice of triplets with and without alterations, trained and
 * judged on one folder, reported on the other, for one-shot and few-shot enrolments.
 */
export async function evaluateLearning(options: EvaluateLearningOptions): Promise<void> {
  const config = loadSetup(options)
  const seed = wholeNumber(options.seed, '--seed', 0)
  const epochs = wholeNumber(options.epochs, '--epochs', 1)
  const alterations = parseAlterations(options.alter)
  const nets = await loadLearningNets(config)
  const thresholds = thresholdsInForce(config, nets.encoder)
  const limits = poisonLimits(thresholds)
  const { tf, backend } = await loadTensorFlow()
  const { keep } = options
  const train = await encodeFolder(options.train, { nets, alterations, seed }, keep)
  const test = await encodeFolder(options.test, { nets, alterations: [], seed }, keep)
  const plain = train.map(({ id, pictures }): LearningPerson => ({
    id,
    pictures: pictures.map((picture) => ({ ...picture, altered: [] })),
  }))
  const enrolmentOf = (embed: Embed) =>
    Object.fromEntries(
      RULES.map(([name, rule]) => [
        name,
        rateEnrolment(test, embed, rule, { fmr: FMR, farSq: limits.farSq, seed }),
      ]),
    )
  const same: Embed = (vector) => vector
  const setting = JSON.stringify([
    [nets.encoder.sha256, backend, limits, TRAINING, LEARNING_RATE, JUDGES_SHARE],
    [alterations, epochs, seed, folderMark(options.train), folderMark(options.test)],
  ])
  const log = openRowLog(keep === undefined ? undefined : join(keep, 'rows.jsonl'), setting)
  const rows: LearningRow[] = []
  const shipped = { triplets: null, alterations: [] }
  rows.push(
    log.find(shipped) ??
      log.append({
        ...shipped,
        adopted: null,
        reason: null,
        activeShare: null,
        pairs: null,
        enrolment: enrolmentOf(same),
      }),
  )
  const sets = alterations.length === 0 ? [plain] : [plain, train]
  const progress = startProgress('heads', sets.length * TRIPLET_CHOICES.length)
  for (const people of sets) {
    for (const choice of TRIPLET_CHOICES) {
      const name = { triplets: choice, alterations: people === plain ? [] : alterations }
      rows.push(log.find(name) ?? log.append({ ...name, ...rowOf(people, choice) }))
      progress.update(rows.length - 1)
    }
  }
  progress.stop()
  const report = { encoder: nets.encoder.manifest.id, backend, seed, epochs, rows }
  process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : describe(rows))

  function rowOf(people: readonly LearningPerson[], choice: TripletChoice) {
    const { result, epochs: seen } = learnHead(people, {
      tf,
      triplets: { ...TRAINING, learningRate: LEARNING_RATE, choice, epochs, seed },
      heldOutShare: JUDGES_SHARE,
      calibrationShare: 0,
      workingFmr: thresholds.forIdentification({ persons: 1 }).targetFmr,
      limits,
    })
    const embed = result.head && embedBy(result.head)
    return {
      adopted: result.improved,
      reason: result.reason,
      activeShare: seen.at(-1)?.activeShare ?? null,
      pairs: embed ? compareHeldOut(test, same, embed, { fmr: PAIRS_FMR, seed }) : null,
      enrolment: embed ? enrolmentOf(embed) : {},
    }
  }
}

function wholeNumber(text: string, name: string, from: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= from && value <= 2 ** 31) return value
  throw new CommandError('bad-input', `${name} must be a whole number from ${from}`)
}

function describe(rows: readonly LearningRow[]): string {
  const percent = (rate: number) => (100 * rate).toFixed(2)
  const interval = ({ fnmr, low, high }: EnrolmentRates) =>
    `${percent(fnmr)} [${percent(low)}, ${percent(high)}]`
  const [{ enrolment }] = rows
  const [first] = Object.values(enrolment)
  const lines = rows.flatMap(({ triplets, alterations, adopted, activeShare, pairs, ...row }) => [
    triplets === null
      ? 'encoder as shipped'
      : `${triplets}, ${alterations.length === 0 ? 'pictures as they are' : alterations.join(' ')}: ` +
        `${adopted === true ? 'improves on train, taken' : 'refused'}; ` +
        `active triplets ${percent(activeShare ?? 0)} %`,
    ...(pairs === null
      ? []
      : [
          `  all pairs at FMR ${pairs.fmr.toExponential(0)}: ${percent(pairs.before.fnmr)} to ` +
            `${percent(pairs.after.fnmr)}, by ${percent(pairs.difference.estimate)} ` +
            `[${percent(pairs.difference.low)}, ${percent(pairs.difference.high)}]`,
        ]),
    ...Object.entries(row.enrolment).map(
      ([name, rates]) => `  ${name.padEnd(24)} ${interval(rates)}`,
    ),
  ])
  return [
    `test: ${first.persons} persons enrolled, ${first.matedProbes} claims of their own, ` +
      `${first.nonMatedClaims} of others; FNMR at FMR ${FMR.toExponential(0)} in %, 95 % intervals`,
    ...lines,
    '',
  ].join('\n')
}
