import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { listPresentations } from '../evaluation/pad/presentations.js'
import { sumUpPad } from '../evaluation/pad/pad-report.js'
import type { PadFigures, PadTrial } from '../evaluation/pad/pad-report.js'
import { drawPadDet } from '../evaluation/pad/pad-det.js'
import { present } from '../evaluation/pad/present.js'
import type { PadStages } from '../evaluation/pad/present.js'
import { createPictureCues } from '../liveness/cues.js'
import { createTextureScorer, textureCue } from '../liveness/texture.js'
import { NEEDED_CUES } from '../liveness/fusion.js'
import { openLine } from '../open-line.js'
import { loadStages } from '../stages.js'
import { CommandError } from './command-error.js'
import { startProgress } from './progress.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface EvaluatePadOptions extends SetupOptions {
  readonly json?: boolean
  /** SVG file for the DET curves. */
  readonly plot?: string
  /** Crops of the texture net to compare with its own, in sizes of the face. */
  readonly textureScales?: string
}

/** What the command prints with `--json`. */
export interface PadReport extends PadFigures {
  readonly folder: string
  readonly mode: string
  readonly models: Readonly<Record<string, string>>
  /** Live score from which each picture cue accepts, and below which it refuses. */
  readonly thresholds: Readonly<
    Record<
      string,
      | { readonly liveFrom: number; readonly attackBelow: number; readonly scope: string }
      | undefined
    >
  >
  readonly pictures: PadFigures
  readonly clips: PadFigures
  /** Presentations without a response, with the reason; the first hundred. */
  readonly unanswered: readonly { readonly path: string; readonly why: string }[]
  /** Files that are neither picture nor clip. */
  readonly passedOver: number
}

const MAX_UNANSWERED = 100

/** `genkan evaluate pad`: attack and bona fide error rates in the terms of ISO/IEC 30107-3. */
export async function evaluatePad(folder: string, options: EvaluatePadOptions): Promise<void> {
  const config = loadSetup(options)
  let listed: ReturnType<typeof listPresentations>
  try {
    listed = listPresentations(folder)
  } catch (error) {
    throw new CommandError('bad-input', error instanceof Error ? error.message : String(error))
  }
  const { presentations, passedOver } = listed
  const stages = await loadStages(config.models, config.liveness)
  const padStages: PadStages = {
    finder: stages.finder,
    pictureCues: createPictureCues(stages),
    comparedCues: readScales(options.textureScales).map((scale) => ({
      ...textureCue(createTextureScorer(stages.nets.texture, scale)),
      name: `texture×${scale}`,
    })),
    neededCues: NEEDED_CUES[config.liveness.mode],
    openLine: () =>
      openLine(stages, config, () => ({
        outcome: 'match',
        personId: 'shown',
        distanceSq: 0,
        runnerUpDistanceSq: null,
      })),
  }
  const progress = startProgress('presentations', presentations.length)
  const trials: PadTrial[] = []
  for (const presentation of presentations) {
    trials.push(await present(presentation, padStages))
    progress.update(trials.length)
  }
  progress.stop()
  const report: PadReport = {
    folder,
    mode: config.liveness.mode,
    models: stages.modelIds,
    thresholds: Object.fromEntries(
      padStages.pictureCues.map(({ name, scope, rule: { liveFrom, attackBelow } }) => [
        name,
        { liveFrom, attackBelow, scope },
      ]),
    ),
    ...sumUpPad(trials),
    pictures: sumUpPad(trials.filter(({ kind }) => kind === 'picture')),
    clips: sumUpPad(trials.filter(({ kind }) => kind === 'clip')),
    unanswered: trials
      .filter(({ fused }) => fused === 'no-response')
      .slice(0, MAX_UNANSWERED)
      .map(({ path, detail }) => ({ path: relative(folder, path), why: detail ?? '' })),
    passedOver: passedOver.length,
  }
  if (options.plot !== undefined) writeFileSync(options.plot, drawPadDet(trials))
  // Each species also stands beside the other fused figures, under its own name.
  const printed = { ...report, fused: { ...report.fused.species, ...report.fused } }
  process.stdout.write(
    options.json === true ? `${JSON.stringify(printed)}\n` : describe(report, trials),
  )
}

function readScales(text: string | undefined): number[] {
  const scales = text === undefined ? [] : text.split(',').map(Number)
  if (!scales.every((scale) => scale >= 1 && scale <= 6)) {
    throw new CommandError('bad-input', '--texture-scales takes numbers of 1 to 6, such as 1.5,4')
  }
  return scales
}

function percent(rate: number | null): string {
  return rate === null ? '–'.padStart(8) : `${(100 * rate).toFixed(2)} %`.padStart(8)
}

function describe(report: PadReport, trials: readonly PadTrial[]): string {
  const lines = [
    `mode ${report.mode}; a presentation is one picture or one clip; intervals 95 %, Clopper–Pearson,`,
    'as if presentations were independent, which several of one person are not',
  ]
  for (const [kind, figures] of [
    ['pictures (picture cues alone)', report.pictures],
    ['clips (the whole line)', report.clips],
  ] as const) {
    const { bonaFide, species, bpcer, bpcerCi95, acer, nonResponse } = figures.fused
    if (bonaFide.n === 0 && Object.keys(species).length === 0) continue
    lines.push('', `${kind}, fused`)
    for (const [name, rate] of Object.entries(species)) {
      const { apcer, ci95, n, people, peopleAccepted, noResponse } = rate
      lines.push(
        `  APCER ${name.padEnd(18)}${percent(apcer)}  [${percent(ci95.low)}, ${percent(ci95.high)}]` +
          `  ${rate.accepted} of ${n} (${peopleAccepted} of ${people} people), ${noResponse} without response`,
      )
    }
    lines.push(
      `  BPCER ${''.padEnd(18)}${percent(bpcer)}  [${percent(bpcerCi95.low)}, ${percent(bpcerCi95.high)}]` +
        `  ${bonaFide.refused} of ${bonaFide.n - bonaFide.noResponse}` +
        ` (${bonaFide.peopleRefused} of ${bonaFide.people} people), ${bonaFide.noResponse} without response, ${bonaFide.accepted} accepted`,
      `  ACER  ${''.padEnd(18)}${percent(acer)}   non-response ${percent(nonResponse).trim()}`,
      '',
      '  cue         scope       n      AUC    APCER    BPCER',
    )
    for (const [name, { auc, apcer, bpcer, n }] of Object.entries(figures.cues)) {
      const scope = report.thresholds[name]?.scope ?? 'clip'
      const area = auc === null ? '–' : auc.toFixed(3)
      lines.push(
        `  ${name.padEnd(12)}${scope.padEnd(7)}${String(n).padStart(6)}${area.padStart(9)} ${percent(apcer)} ${percent(bpcer)}`,
      )
    }
    if (kind.startsWith('clips')) {
      lines.push('')
      for (const trial of trials.filter((one) => one.kind === 'clip')) {
        const said = trial.detail === undefined ? trial.fused : `${trial.fused} (${trial.detail})`
        const scores = Object.entries(trial.cues).map(
          ([name, verdict]) => `${name} ${verdict?.score.toFixed(2)}`,
        )
        lines.push(
          `  ${relative(report.folder, trial.path).padEnd(40)} ${said}`,
          `    ${scores.join(', ')}`,
        )
      }
    }
  }
  if (report.unanswered.length > 0) {
    lines.push('', 'without response:')
    for (const { path, why } of report.unanswered.slice(0, 20)) lines.push(`  ${path}: ${why}`)
  }
  if (report.passedOver > 0) lines.push('', `${report.passedOver} other files passed over`)
  return `${lines.join('\n')}\n`
}
