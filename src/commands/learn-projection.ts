import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { alignFace } from '../detection/align.js'
import { mirrorImage } from '../frame/mirror.js'
import { toUnitLength } from '../encoding/embedding.js'
import {
  findLabelledFace,
  listLabelledPictures,
  readPicture,
} from '../evaluation/labelled-pictures.js'
import { projectionVariants, rateVariant, splitPeople } from '../evaluation/projection-variants.js'
import type { FaceFeatures, VariantRates } from '../evaluation/projection-variants.js'
import type { Face } from '../detection/face.js'
import type { Image } from '../frame/image.js'
import { toPlanarTensor } from '../frame/tensor.js'
import { toHeadFile } from '../learning/head-file.js'
import { loadTensorFlow } from '../learning/tensorflow.js'
import { loadNet } from '../models/session.js'
import type { Net } from '../models/session.js'
import { loadStages } from '../stages.js'
import { CommandError } from './command-error.js'
import { startProgress } from './progress.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface LearnProjectionOptions extends SetupOptions {
  readonly encoder: string
  /** Encoder to try beside it. */
  readonly second?: string
  /** Variant to write: a name of the table. */
  readonly variant: string
  readonly out?: string
  readonly description?: string
  readonly json?: boolean
}

/** Chooses the half of the people that is fitted on. */
const SPLIT_SEED = 1

/**
 * `genkan learn-projection FOLDER`: ways to a 128-d embedding, fitted on half of the people and
 * compared on the other half; the chosen one is fitted on everybody and written.
 */
export async function learnProjection(
  folder: string,
  options: LearnProjectionOptions,
): Promise<void> {
  const { models } = loadSetup(options)
  const { finder } = await loadStages(models)
  const first = await loadNet('encoder', { model: options.encoder })
  const second =
    options.second === undefined ? undefined : await loadNet('encoder', { model: options.second })
  const { tf } = await loadTensorFlow()
  const variants = projectionVariants(second !== undefined, tf)
  const chosen = variants.find(({ name }) => name === options.variant)
  if (chosen === undefined) {
    const names = variants.map(({ name }) => `"${name}"`).join(', ')
    throw new CommandError('bad-input', `--variant must be one of ${names}`)
  }
  const pictures = listLabelledPictures(folder)
  const faces: FaceFeatures[] = []
  const progress = startProgress('faces', pictures.length)
  for (const [done, { person, path }] of pictures.entries()) {
    const image = await readPicture(path)
    const face = image && (await findLabelledFace(image, finder))
    if (image !== undefined && face !== undefined) {
      const aligned = alignTo(first, image, face)
      faces.push({
        person,
        path,
        raw: await run(first, aligned),
        mirrored: await run(first, mirrorImage(aligned)),
        second: second && toUnitLength(await run(second, alignTo(second, image, face))),
      })
    }
    progress.update(done + 1)
  }
  progress.stop()

  const { fit, select } = splitPeople(faces, SPLIT_SEED)
  const rows = variants.map((variant) => ({
    name: variant.name,
    ...rateVariant(variant.fit(fit), select),
  }))
  process.stdout.write(options.json === true ? `${JSON.stringify(rows)}\n` : describe(rows))
  if (options.out === undefined) return
  const { head } = chosen.fit(faces)
  if (head === undefined) {
    throw new CommandError('bad-input', `"${chosen.name}" cannot be folded into the encoder`)
  }
  const file = toHeadFile(head, {
    data: options.description ?? 'labelled pictures',
    persons: new Set(faces.map(({ person }) => person)).size,
    pictures: faces.length,
    method: chosen.method,
  })
  mkdirSync(dirname(options.out), { recursive: true })
  writeFileSync(options.out, `${JSON.stringify(file, undefined, 2)}\n`)
}

function alignTo({ manifest: { input } }: Net<'encoder'>, image: Image, face: Face): Image {
  return alignFace(image, face.fivePoints, input.fit.template, input.shape[2])
}

async function run(net: Net<'encoder'>, aligned: Image): Promise<Float32Array> {
  return (await net.run(toPlanarTensor(aligned, net.manifest.input))).embedding
}

function describe(rows: readonly (VariantRates & { readonly name: string })[]): string {
  const percent = (rate: number) => (100 * rate).toFixed(2).padStart(8)
  const [{ genuinePairs, impostorPairs }] = rows
  return [
    `people not fitted on: ${genuinePairs} genuine and ${impostorPairs} impostor pairs; rates in %`,
    `${'variant'.padEnd(32)}     EER  FNMR at FMR 1e-3    1e-4    1e-5`,
    ...rows.map(
      (row) =>
        `${row.name.padEnd(32)}${percent(row.eer)}          ${percent(row.fnmrAt1e3)}${percent(row.fnmrAt1e4)}${percent(row.fnmrAt1e5)}`,
    ),
    '',
  ].join('\n')
}
