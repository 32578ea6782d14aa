import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import {
  encodePictures,
  groupByPerson,
  listLabelledPictures,
} from '../evaluation/labelled-pictures.js'
import { calibrate } from '../matching/calibrate.js'
import { createThresholds } from '../matching/threshold.js'
import { loadStages } from '../stages.js'
import { shippedCalibrationPath } from '../threshold-source.js'
import { startProgress } from './progress.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface CalibrateCommandOptions extends SetupOptions {
  readonly description?: string
  readonly encoder?: string
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
  const encoder = options.encoder ?? models.encoder
  const stages = await loadStages({ ...models, ...(encoder === undefined ? {} : { encoder }) })
  const pictures = listLabelledPictures(folder)
  const progress = startProgress('faces', pictures.length)
  const paths = pictures.map(({ path }) => path)
  const encoded = await encodePictures(paths, stages, progress.update)
  progress.stop()
  const byPerson = groupByPerson(pictures, encoded)
  const net = stages.nets.encoder
  const model = { id: net.manifest.id, sha256: net.sha256 }
  const { calibration, suspects } = calibrate(byPerson, model, {
    description: options.description ?? 'labelled pictures of the site',
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
