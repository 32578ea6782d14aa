import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFaceFinder } from '../detection/find-faces.js'
import { MASK_SPECIES_NAMES, wearMask } from '../evaluation/attacks/worn-masks.js'
import {
  findLabelledFace,
  listLabelledPictures,
  readPicture,
} from '../evaluation/labelled-pictures.js'
import { createMaskScorer } from '../liveness/mask.js'
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
  readonly steps: string
  readonly seed: string
  readonly out: string
}

const BATCH = 32
/** Nets that learn differently; the model is their mean. */
const MEMBERS = [
  { hats: false, weightDecay: 0 },
  { hats: true, weightDecay: 0.1 },
] as const
/** Every so many people are left out of training, to choose the threshold on. */
const KEPT_EVERY = 8
const THRESHOLDS = [0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5]

function isKept(index: number): boolean {
  return index % KEPT_EVERY === KEPT_EVERY - 1
}

/** `genkan train-mask`: trains the net against worn masks as its manifest describes its input. */
export async function trainMask(options: TrainMaskOptions): Promise<void> {
  const [steps, seed] = [options.steps, options.seed].map(Number)
  if (![steps, seed].every((n) => Number.isInteger(n) && n >= 1 && n < 1e6)) {
    throw new CommandError('bad-input', '--steps and --seed must be whole, from 1')
  }
  const { models } = loadSetup(options)
  const { manifest } = readManifest(defaultModels.mask)
  if (manifest.role !== 'mask') throw new Error(`${manifest.id} is not a net against masks`)
  const finder = createFaceFinder(await loadDetector(), await loadLandmarks())
  const people = new Map<string, PicturedFace[]>()
  const listed = listLabelledPictures(options.images)
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
  const { input } = manifest
  const [, , side] = input.shape
  const everybody = [...people.values()]
  const training = startProgress('steps', MEMBERS.length * steps)
  const members: MaskWeights[] = []
  for (const [i, member] of MEMBERS.entries()) {
    const weights = await trainWornMask(
      everybody.filter((_, at) => !isKept(at)),
      { side, template: input.fit.template, format: input },
      {
        ...member,
        steps,
        batch: BATCH,
        seed,
        threads: models.threads,
        onStep: (step, loss) => {
          training.update(i * steps + step)
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
  const kept = everybody.filter((_, i) => isKept(i)).flat()
  const scoreMask = createMaskScorer(
    await loadNet('mask', { model: join(options.out, `${manifest.id}.json`) }),
  )
  const bare: number[] = []
  const worn: number[] = []
  for (const [i, wearer] of kept.entries()) {
    bare.push(await scoreMask(wearer.picture, wearer.face))
    const shown = kept[(i + Math.floor(kept.length / 2)) % kept.length]
    const species = MASK_SPECIES_NAMES[i % MASK_SPECIES_NAMES.length]
    worn.push(await scoreMask(wearMask(wearer, shown, species, i), wearer.face))
  }
  const share = (scores: readonly number[], isWrong: (score: number) => boolean) =>
    `${((100 * scores.filter(isWrong).length) / scores.length).toFixed(2)} %`
  process.stdout.write(
    `${kept.length} pictures of people left out, refused below: bare refused, masks passed\n`,
  )
  for (const limit of THRESHOLDS) {
    process.stdout.write(
      `${limit.toFixed(2)}: ${share(bare, (s) => s < limit)}, ${share(worn, (s) => s >= limit)}\n`,
    )
  }
}
