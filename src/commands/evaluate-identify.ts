import { writeFileSync } from 'node:fs'
import { runIdentifyProtocol } from '../evaluation/identify-protocol.js'
import type { IdentificationRow } from '../evaluation/identify-protocol.js'
import {
  encodePictures,
  groupByPerson,
  listLabelledPictures,
} from '../evaluation/labelled-pictures.js'
import { drawRatesBySize, drawThresholds } from '../evaluation/statistics/rate-plots.js'
import { loadStages } from '../stages.js'
import { createThresholdSource } from '../threshold-source.js'
import { CommandError } from './command-error.js'
import { startProgress } from './progress.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface EvaluateIdentifyOptions extends SetupOptions {
  readonly images: string
  readonly sizes: string
  readonly encoder?: string
  readonly json?: boolean
  /** Beginning of the names of the SVG files. */
  readonly plot?: string
}

/** `genkan evaluate identify`: open-set 1:K at the calibrated thresholds. */
export async function evaluateIdentify(options: EvaluateIdentifyOptions): Promise<void> {
  const sizes = options.sizes.split(',').map(Number)
  if (!sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= 1_000_000)) {
    throw new CommandError('bad-input', '--sizes must be whole numbers, such as 100,1000,2000')
  }
  const { models, matching } = loadSetup(options)
  const encoder = options.encoder ?? models.encoder
  const stages = await loadStages({ ...models, ...(encoder === undefined ? {} : { encoder }) })
  const source = createThresholdSource(matching, stages.nets.encoder)
  if (source.kind === 'unusable') throw new CommandError('fault', source.cause)
  const pictures = listLabelledPictures(options.images)
  const progress = startProgress('faces', pictures.length)
  const paths = pictures.map(({ path }) => path)
  const encoded = await encodePictures(paths, stages, progress.update)
  progress.stop()
  const thresholdFor = (persons: number) => {
    const { value, margin } = source.forGallery({ persons })
    return { threshold: value, margin }
  }
  const expected = (persons: number) => source.forGallery({ persons }).advice
  const doubles = new Map<string, number>()
  const rows = runIdentifyProtocol(groupByPerson(pictures, encoded), {
    modelId: stages.encoder.modelId,
    sizes,
    thresholdFor,
    onFalseIdentification(stranger, named) {
      const pair = `${stranger} taken for ${named}`
      doubles.set(pair, (doubles.get(pair) ?? 0) + 1)
    },
  })
  if (options.plot !== undefined) writePlots(options.plot, rows, expected)
  const report = {
    modelId: stages.encoder.modelId,
    targetFpir: matching.targetFpir,
    rows: rows.map((row) => {
      const advice = expected(row.persons)
      return {
        ...row,
        expectedFpir: advice?.expectedFpir ?? null,
        expectedFnir: advice?.expectedFnir ?? null,
      }
    }),
    falseIdentifications: Object.fromEntries(doubles),
  }
  process.stdout.write(
    options.json === true ? `${JSON.stringify(report)}\n` : describe(report.modelId, rows, doubles),
  )
}

type Expected = NonNullable<
  ReturnType<Extract<ReturnType<typeof createThresholdSource>, { kind: 'ready' }>['forGallery']>
>['advice']

function writePlots(
  prefix: string,
  rows: readonly IdentificationRow[],
  expected: (persons: number) => Expected,
): void {
  writeFileSync(`${prefix}-threshold.svg`, drawThresholds(rows))
  const seen = rows.map(({ persons, fpir }) => ({ persons, ...fpir }))
  const foreseen = rows.flatMap(({ persons }) => {
    const advice = expected(persons)
    if (advice === undefined) return []
    const { estimate: rate, low, high } = advice.expectedFpir
    return [{ persons, rate, low, high }]
  })
  const svg = drawRatesBySize(
    [
      { label: 'expected FPIR', kind: 'expected', rows: foreseen },
      { label: 'observed FPIR', kind: 'observed', rows: seen },
    ],
    { title: 'FPIR by gallery size' },
  )
  writeFileSync(`${prefix}-fpir.svg`, svg)
}

function describe(
  modelId: string,
  rows: readonly IdentificationRow[],
  doubles: ReadonlyMap<string, number>,
): string {
  const rate = ({ rate, low, high }: IdentificationRow['fpir']) =>
    `${(100 * rate).toFixed(2)} [${(100 * low).toFixed(2)}, ${(100 * high).toFixed(2)}]`.padEnd(22)
  return [
    `encoder ${modelId}; rates in %, 95 % intervals`,
    'K        kind       τ      strangers  FPIR                  mated  FNIR                  rank-1',
    ...rows.map(
      (row) =>
        `${String(row.persons).padEnd(8)} ${row.kind.padEnd(10)} ${row.threshold.toFixed(3)}  ${String(row.nonMatedProbes).padEnd(9)}  ${rate(row.fpir)}${String(row.matedProbes).padEnd(7)}${rate(row.fnir)}${rate(row.rank1)}`,
    ),
    ...[...doubles].map(([pair, count]) => `${pair}, ${count} times`),
    '',
  ].join('\n')
}
