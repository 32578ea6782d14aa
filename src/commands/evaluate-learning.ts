import { createFaceFinder } from '../detection/find-faces.js'
import { createEncoder } from '../encoding/encoder.js'
import {
  rateEnrolment,
  type EnrolmentRates,
  type EnrolmentRule,
} from '../evaluation/enrolment-protocol.js'
import { gatherFolder } from '../learning/gather.js'
import { compareHeldOut, type Embed, type HeldOutComparison } from '../learning/held-out.js'
import { embedBy, learnHead } from '../learning/learn.js'
import { TRIPLET_CHOICES, type TripletChoice } from '../learning/mine-triplets.js'
import type { LearningPerson } from '../learning/people.js'
import { loadTensorFlow } from '../learning/tensorflow.js'
import {
  LEARNING_RATE,
  loadLearningNets,
  parseAlterations,
  poisonLimits,
  thresholdsInForce,
  TRAINING,
} from './learn.js'
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

interface Row {
  readonly triplets: TripletChoice | null
  readonly alterations: readonly string[]
  /** What the persons held out of `train` say. */
  readonly adopted: boolean | null
  readonly activeShare: number | null
  /** All pairs of `test`, before and after. */
  readonly pairs: HeldOutComparison | null
  readonly enrolment: Readonly<Record<string, EnrolmentRates>>
}

/**
 * `genkan evaluate learning`: every choice of triplets with and without alterations, trained and
 * judged on one folder, reported on the other, for one-shot and few-shot enrolments.
 */
export async function evaluateLearning(options: EvaluateLearningOptions): Promise<void> {
  const config = loadSetup(options)
  const nets = await loadLearningNets(config)
  const thresholds = thresholdsInForce(config, nets.encoder)
  const limits = poisonLimits(thresholds)
  const { tf, backend } = await loadTensorFlow()
  const seed = Number(options.seed)
  const alterations = parseAlterations(options.alter)
  const gather = async (folder: string, altered: typeof alterations) => {
    let progress: ReturnType<typeof startProgress> | undefined
    const people = await gatherFolder(folder, createFaceFinder(nets.detector, nets.landmarks), {
      encoder: createEncoder(nets.encoder),
      template: nets.encoder.manifest.input.fit.template,
      alterations: altered,
      seed,
      onProgress(done, total) {
        progress ??= startProgress('faces', total)
        progress.update(done)
      },
    })
    progress?.stop()
    return people
  }
  const train = await gather(options.train, alterations)
  const test = await gather(options.test, [])
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
  const rows: Row[] = [
    {
      triplets: null,
      alterations: [],
      adopted: null,
      activeShare: null,
      pairs: null,
      enrolment: enrolmentOf(same),
    },
  ]
  const sets = alterations.length === 0 ? [plain] : [plain, train]
  const progress = startProgress('heads', sets.length * TRIPLET_CHOICES.length)
  for (const people of sets) {
    for (const choice of TRIPLET_CHOICES) {
      const { result, epochs } = learnHead(people, {
        tf,
        triplets: {
          ...TRAINING,
          learningRate: LEARNING_RATE,
          choice,
          epochs: Number(options.epochs),
          seed,
        },
        heldOutShare: 0.4,
        workingFmr: thresholds.forIdentification({ persons: 1 }).targetFmr,
        limits,
      })
      const embed = result.head && embedBy(result.head)
      rows.push({
        triplets: choice,
        alterations: people === plain ? [] : alterations,
        adopted: result.improved,
        activeShare: epochs.at(-1)?.activeShare ?? null,
        pairs: embed ? compareHeldOut(test, same, embed, { fmr: PAIRS_FMR, seed }) : null,
        enrolment: embed ? enrolmentOf(embed) : {},
      })
      progress.update(rows.length - 1)
    }
  }
  progress.stop()
  const report = { encoder: nets.encoder.manifest.id, backend, seed, rows }
  process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : describe(rows))
}

function describe(rows: readonly Row[]): string {
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
