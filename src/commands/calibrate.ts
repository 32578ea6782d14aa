import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { gatherFolder } from '../learning/gather.js'
import type { LearningPerson } from '../learning/people.js'
import { calibrate } from '../matching/calibrate.js'
import type { LabelledEmbedding } from '../matching/labelled-distances.js'
import { createThresholds } from '../matching/threshold.js'
import { loadStages } from '../stages.js'
import { shippedCalibrationPath } from '../threshold-source.js'
import { CommandError } from './command-error.js'
import { parseAlterations } from './learning-setup.js'
import { startProgress } from './progress.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface CalibrateCommandOptions extends SetupOptions {
  readonly description?: string
  readonly encoder?: string
  /** Altered pictures to calibrate on beside the real ones, as `genkan learn` alters them. */
  readonly alter: string
  readonly seed: string
  readonly out?: string
  readonly json?: boolean
}

const SHOWN_SIZES = [1, 10, 100, 1000, 10_000]

/** `genkan calibrate FOLDER`: from labelled people to the numbers that τ(K) comes from. */
export async function calibrateCommand(
  folder: string,
  options: CalibrateCommandOptions,
): Promise<void> {
  const { models } = loadSetup(options)
  const alterations = parseAlterations(options.alter)
  const seed = Number(options.seed)
  if (!Number.isInteger(seed) || seed < 0) {
    throw new CommandError('bad-input', '--seed must be a whole number from 0')
  }
  const encoder = options.encoder ?? models.encoder
  const stages = await loadStages({ ...models, ...(encoder === undefined ? {} : { encoder }) })
  let progress: ReturnType<typeof startProgress> | undefined
  const people = await gatherFolder(folder, stages.finder, {
    encoder: stages.encoder,
    template: stages.nets.encoder.manifest.input.fit.template,
    alterations,
    seed,
    onProgress(done, total) {
      progress ??= startProgress('faces', total)
      progress.update(done)
    },
  })
  progress?.stop()
  const net = stages.nets.encoder
  const model = { id: net.manifest.id, sha256: net.sha256 }
  const { calibration, suspects } = calibrate(labelledEmbeddings(people, model.id), model, {
    description: options.description ?? 'labelled pictures of the site',
    seed,
    alterations,
  })
  const out = options.out ?? shippedCalibrationPath(model.id)
  mkdirSync(dirname(out), { recursive: true })
  writeFileSync(out, `${JSON.stringify(calibration)}\n`)
  const { data } = calibration
  const thresholds = createThresholds(calibration, model)
  const sizes = SHOWN_SIZES.map((persons) => thresholds.forIdentification({ persons }))
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ out, data, suspects: suspects.length, sizes })}\n`)
    return
  }
  process.stdout.write(
    [
      out,
      `${data.persons} persons, ${data.pictures} pictures, ${data.genuinePairs} genuine and ${data.impostorPairs} impostor pairs`,
      ...suspects.map(
        (pair) =>
          `look at: ${pair.personA} and ${pair.personB}, ${pair.distanceSq.toFixed(2)} apart`,
      ),
      'K          τ       expected FPIR (upper)   expected FNIR',
      ...sizes.map(
        ({ persons, threshold, expectedFpir, expectedFnir }) =>
          `${String(persons).padEnd(8)} ${threshold.toFixed(3)}   ${expectedFpir.estimate.toExponential(1)} (${expectedFpir.high.toExponential(1)})      ${(100 * expectedFnir.estimate).toFixed(1)} %`,
      ),
      '',
    ].join('\n'),
  )
}

/** Each person's pictures, altered ones last, which say what they were made of. */
export function labelledEmbeddings(
  people: readonly LearningPerson[],
  modelId: string,
): Map<string, LabelledEmbedding[]> {
  return new Map(
    people.map(({ id, pictures }) => [
      id,
      [
        ...pictures.map(({ vector }) => ({ modelId, vector })),
        ...pictures.flatMap(({ altered }, alteredFrom) =>
          altered.map((vector) => ({ modelId, vector, alteredFrom })),
        ),
      ],
    ]),
  )
}
