import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FaceFinder } from '../detection/face.js'
import { createFaceFinder } from '../detection/find-faces.js'
import { MASK_SPECIES_NAMES, wearMask } from '../evaluation/attacks/worn-masks.js'
import {
  findLabelledFace,
  listLabelledPictures,
  readPicture,
} from '../evaluation/labelled-pictures.js'
import { createMaskScorer, type MaskScorer } from '../liveness/mask.js'
import { maskModel, type MaskWeights } from '../liveness/worn-mask/mask-net.js'
import { trainWornMask } from '../liveness/worn-mask/train.js'
import type { PicturedFace } from '../liveness/worn-mask/training-faces.js'
import { encodeModel } from '../models/onnx/codec.js'
import { defaultModels, readManifest } from '../models/registry.js'
import { loadDetector, loadLandmarks, loadNet } from '../models/session.js'
import { CommandError } from './command-error.js'
import { startProgress } from './progress.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface TrainMaskOptions extends SetupOptions {
  readonly images: string
  readonly webcam?: string
  readonly steps: string
  readonly seed: string
  readonly out: string
}

const BATCH = 32
/** Nets that differ by their seed; the model is their mean. */
const MEMBERS = 4
/** Every so many people are left out of training, to choose the threshold on. */
const KEPT_EVERY = 8
/** Of the few people before a webcam, every so many. */
const KEPT_WEBCAM_EVERY = 3
/** As many of the webcam's few people are drawn as if there were so many of each. */
const WEBCAM_COUNTS = 30
const THRESHOLDS = [0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6]

interface People {
  readonly trained: readonly (readonly PicturedFace[])[]
  readonly kept: readonly PicturedFace[]
}

/** The people of a folder; the last of each `keptEvery` is kept from training. */
async function readPeople(folder: string, finder: FaceFinder, keptEvery: number): Promise<People> {
  const people = new Map<string, PicturedFace[]>()
  const listed = listLabelledPictures(folder)
  const reading = startProgress('pictures', listed.length)
  for (const [i, { person, path }] of listed.entries()) {
    const picture = await readPicture(path)
    const face = picture && (await findLabelledFace(picture, finder))
    if (picture !== undefined && face !== undefined) {
      people.set(person, [...(people.get(person) ?? []), { picture, face }])
    }
    reading.update(i + 1)
  }
  reading.stop()
  const isKept = (_: unknown, i: number) => i % keptEvery === keptEvery - 1
  const everybody = [...people.values()]
  return {
    trained: everybody.filter((person, i) => !isKept(person, i)),
    kept: everybody.filter(isKept).flat(),
  }
}

/** `genkan train-mask`: trains the net against worn masks as its manifest describes its input. */
export async function trainMask(options: TrainMaskOptions): Promise<void> {
  const [steps, seed] = [options.steps, options.seed].map(Number)
  if (![steps, seed].every((n) => Number.isInteger(n) && n >= 1 && n < 1e6)) {
    throw new CommandError('bad-input', '--steps and --seed must be whole, from 1')
  }
  loadSetup(options)
  const { manifest } = readManifest(defaultModels.mask)
  if (manifest.role !== 'mask') throw new Error(`${manifest.id} is not a net against masks`)
  const finder = createFaceFinder(await loadDetector(), await loadLandmarks())
  const { trained, kept } = await readPeople(options.images, finder, KEPT_EVERY)
  if (trained.length < 2) {
    throw new CommandError(
      'bad-input',
      `${options.images}: masks show somebody else, so that faces of two people are needed at least`,
    )
  }
  const webcam =
    options.webcam === undefined
      ? { trained: [], kept: [] }
      : await readPeople(options.webcam, finder, KEPT_WEBCAM_EVERY)
  const drawnFrom = [
    ...trained,
    ...Array.from({ length: WEBCAM_COUNTS }, () => webcam.trained).flat(),
  ]
  const { input } = manifest
  const [, , side] = input.shape
  const training = startProgress('steps', MEMBERS * steps)
  const members: MaskWeights[] = []
  for (let member = 0; member < MEMBERS; member++) {
    const weights = await trainWornMask(
      drawnFrom,
      { side, template: input.fit.template, format: input },
      {
        steps,
        batch: BATCH,
        seed: seed + member,
        // With more, sums are taken in another order, and another net comes out.
        threads: 1,
        onStep: (step, loss) => {
          training.update(member * steps + step)
          if (step % 500 === 0) process.stderr.write(`step ${step}: loss ${loss.toFixed(4)}\n`)
        },
      },
    )
    members.push(weights)
  }
  training.stop()
  const model = encodeModel(maskModel(members, side))
  const file = {
    name: manifest.file.name,
    bytes: model.length,
    sha256: createHash('sha256').update(model).digest('hex'),
  }
  writeFileSync(join(options.out, file.name), model)
  const described = { ...manifest, file }
  writeFileSync(join(options.out, `${manifest.id}.json`), `${JSON.stringify(described, null, 2)}\n`)
  process.stdout.write(`${join(options.out, file.name)}: ${model.length} bytes\n`)
  const scoreMask = createMaskScorer(
    await loadNet('mask', { model: join(options.out, `${manifest.id}.json`) }),
  )
  await report('people left out', kept, scoreMask)
  if (webcam.kept.length > 0) await report('people before the webcam', webcam.kept, scoreMask)
}

/** Prints what the net makes of faces it was not trained on, bare and with a mask drawn by other code. */
async function report(
  who: string,
  faces: readonly PicturedFace[],
  scoreMask: MaskScorer,
): Promise<void> {
  const bare: number[] = []
  const worn: number[] = []
  for (const [i, wearer] of faces.entries()) {
    bare.push(await scoreMask(wearer.picture, wearer.face))
    const shown = faces[(i + Math.floor(faces.length / 2)) % faces.length]
    const species = MASK_SPECIES_NAMES[i % MASK_SPECIES_NAMES.length]
    worn.push(await scoreMask(wearMask(wearer, shown, species, i), wearer.face))
  }
  const share = (scores: readonly number[], isWrong: (score: number) => boolean) =>
    `${((100 * scores.filter(isWrong).length) / scores.length).toFixed(2)} %`
  process.stdout.write(
    `${faces.length} pictures of ${who}, refused below: bare refused, masks passed\n`,
  )
  for (const limit of THRESHOLDS) {
    process.stdout.write(
      `${limit.toFixed(2)}: ${share(bare, (s) => s < limit)}, ${share(worn, (s) => s >= limit)}\n`,
    )
  }
}
