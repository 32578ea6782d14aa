import { MASK_SPECIES_NAMES, wearMask, type MaskSpecies } from '../evaluation/attacks/worn-masks.js'
import type { FacePicture } from '../evaluation/attacks/overlay.js'
import {
  findLabelledFace,
  listLabelledPictures,
  readPicture,
} from '../evaluation/labelled-pictures.js'
import { areaUnderCurve } from '../evaluation/statistics/area-under-curve.js'
import { clopperPearson, type Interval } from '../evaluation/statistics/binomial-interval.js'
import { MASK_RULE } from '../liveness/mask.js'
import { loadStages } from '../stages.js'
import { CommandError } from './command-error.js'
import { startProgress } from './progress.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface EvaluateMasksOptions extends SetupOptions {
  readonly images: string
  readonly json?: boolean
}

/** How often a face was taken for what it is not. */
export interface MaskRate {
  readonly n: number
  readonly errors: number
  readonly rate: number
  readonly ci95: Interval
  /** Live against this species; absent for the bona fide. */
  readonly auc?: number
}

/** What the command prints with `--json`. */
export interface MasksReport {
  readonly model: string
  readonly vetoBelow: number
  /** Bare faces not accepted, by single pictures: BPCER. */
  readonly bonaFide: MaskRate
  /** Masks accepted, by single pictures: APCER. */
  readonly species: Readonly<Record<MaskSpecies, MaskRate>>
}

/** Each picture wears the one so many further on, or the next after it that shows another person. */
const FURTHER = 211

/** `genkan evaluate masks`: APCER by kind of drawn mask and BPCER of the net, by single pictures. */
export async function evaluateMasks(options: EvaluateMasksOptions): Promise<void> {
  const config = loadSetup(options)
  const stages = await loadStages(config.models, config.liveness)
  const listed = listLabelledPictures(options.images)
  const progress = startProgress('pictures', listed.length)
  const found: (FacePicture & { readonly person: string })[] = []
  for (const [i, { person, path }] of listed.entries()) {
    const picture = await readPicture(path)
    const face = picture && (await findLabelledFace(picture, stages.finder))
    const isLarge = face !== undefined && face.box.height >= MASK_RULE.minFaceHeightPx
    if (picture !== undefined && isLarge) found.push({ person, picture, face })
    progress.update(i + 1)
  }
  progress.stop()
  if (new Set(found.map(({ person }) => person)).size < 2) {
    throw new CommandError(
      'bad-input',
      `${options.images}: masks show somebody else, so that two people with a face of ` +
        `${MASK_RULE.minFaceHeightPx} pixels are needed at least`,
    )
  }
  const score = (face: FacePicture) => stages.scoreMask(face.picture, face.face)
  const bare: number[] = []
  for (const face of found) bare.push(await score(face))
  const species = {} as Record<MaskSpecies, MaskRate>
  for (const name of MASK_SPECIES_NAMES) {
    const scores: number[] = []
    for (const [i, wearer] of found.entries()) {
      let at = (i + FURTHER) % found.length
      while (found[at].person === wearer.person) at = (at + 1) % found.length
      const shown = found[at]
      scores.push(await score({ ...wearer, picture: wearMask(wearer, shown, name, i) }))
    }
    const passed = scores.filter((live) => live >= MASK_RULE.attackBelow).length
    species[name] = { ...rateOf(passed, scores.length), auc: areaUnderCurve(bare, scores).auc }
  }
  const refused = bare.filter((live) => live < MASK_RULE.attackBelow).length
  const report: MasksReport = {
    model: stages.nets.mask.manifest.id,
    vetoBelow: MASK_RULE.attackBelow,
    bonaFide: rateOf(refused, bare.length),
    species,
  }
  process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : describe(report))
}

function rateOf(errors: number, n: number): MaskRate {
  return { n, errors, rate: errors / n, ci95: clopperPearson(errors, n) }
}

function describe({ model, vetoBelow, bonaFide, species }: MasksReport): string {
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`
  const line = (name: string, { n, errors, rate, ci95, auc }: MaskRate) =>
    `${name.padEnd(28)}${String(errors).padStart(6)} of ${String(n).padEnd(6)} ${percent(rate)} ` +
    `[${percent(ci95.low)}, ${percent(ci95.high)}]${auc === undefined ? '' : `, AUC ${auc.toFixed(4)}`}`
  const lines = [
    `${model}, single pictures, refused below ${vetoBelow}; all masks are drawn`,
    line('bona fide (BPCER)', bonaFide),
    ...MASK_SPECIES_NAMES.map((name) => line(name, species[name])),
  ]
  return `${lines.join('\n')}\n`
}
