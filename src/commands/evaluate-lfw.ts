import { readFileSync, writeFileSync } from 'node:fs'
import { encodePictures } from '../evaluation/labelled-pictures.js'
import { parseLfwPairs } from '../evaluation/lfw-pairs.js'
import { detPoints } from '../evaluation/statistics/error-rates.js'
import { drawDet } from '../evaluation/statistics/rate-plots.js'
import { verifyPairs } from '../evaluation/verification.js'
import type { VerificationReport } from '../evaluation/verification.js'
import { loadStages } from '../stages.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'
import { startProgress } from './progress.js'

export interface EvaluateLfwOptions extends SetupOptions {
  readonly pairs: string
  readonly images: string
  readonly encoder?: string
  readonly json?: boolean
  readonly plot?: string
}

/** `genkan evaluate lfw`: detector → alignment → encoder over a labelled pair file. */
export async function evaluateLfw(options: EvaluateLfwOptions): Promise<void> {
  const { models } = loadSetup(options)
  const pairs = parseLfwPairs(readFileSync(options.pairs, 'utf8'), options.images)
  const encoder = options.encoder ?? models.encoder
  const stages = await loadStages({ ...models, ...(encoder === undefined ? {} : { encoder }) })
  const paths = [...new Set(pairs.flatMap((pair) => pair.paths))]
  const progress = startProgress('faces', paths.length)
  const encoded = await encodePictures(paths, stages, progress.update)
  progress.stop()
  const { report, scores } = verifyPairs(pairs, encoded, stages.encoder.modelId)
  if (options.plot !== undefined) {
    const points = detPoints(scores, 1.02)
    writeFileSync(options.plot, drawDet([{ label: report.modelId, points }]))
  }
  process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : describe(report))
}

function percent(rate: number): string {
  return `${(100 * rate).toFixed(2)} %`
}

function describe(report: VerificationReport): string {
  const { accuracyCi95, fnmrAtFmr } = report
  const at = (fmr: '1e-2' | '1e-3') => {
    const { fnmr, ci95, threshold } = fnmrAtFmr[fmr]
    return `${percent(fnmr)}  [${percent(ci95.low)}, ${percent(ci95.high)}]  τ ${threshold.toFixed(3)}`
  }
  return [
    `model               ${report.modelId}`,
    `pairs               ${report.pairs} in ${report.folds} folds, ${report.pictures} pictures`,
    `accuracy            ${percent(report.accuracy)}  [${percent(accuracyCi95.low)}, ${percent(accuracyCi95.high)}]`,
    `EER                 ${percent(report.eer)}`,
    `FNMR at FMR 1e-2    ${at('1e-2')}`,
    `FNMR at FMR 1e-3    ${at('1e-3')}`,
    `failure to acquire  ${percent(report.failureToAcquire)}`,
    `time per face       ${report.msPerFace.toFixed(1)} ms`,
    '',
  ].join('\n')
}
