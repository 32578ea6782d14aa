import { alignFace } from '../detection/align.js'
import {
  findLabelledFace,
  listLabelledPictures,
  readPicture,
} from '../evaluation/labelled-pictures.js'
import { toPlanarTensor } from '../frame/tensor.js'
import type { OperatorTime } from '../models/quantize/profile.js'
import { runQuantize } from '../models/quantize/run-quantize.js'
import type { QuantizeReport } from '../models/quantize/run-quantize.js'
import { modelsFolder } from '../models/registry.js'
import { loadNet } from '../models/session.js'
import { loadStages } from '../stages.js'
import { CommandError } from './command-error.js'
import { startProgress } from './progress.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface QuantizeCommandOptions extends SetupOptions {
  readonly id?: string
  readonly images: string
  readonly count: string
  /** `min-max`, `mse`, or a percentile such as `99.999`. */
  readonly method: string
  readonly prelu: string
  readonly accumulator: string
  /** For people: what the pictures are. */
  readonly description?: string
  readonly out?: string
  readonly json?: boolean
}

const PRELU_STYLES = ['max2', 'maxdw', 'hybrid'] as const
const ACCUMULATORS = ['int16', 'int32'] as const

/** `genkan quantize MODEL`: an encoder from fp32 to int8, calibrated on a folder of faces. */
export async function quantizeCommand(
  model: string,
  options: QuantizeCommandOptions,
): Promise<void> {
  const { models } = loadSetup(options)
  const prelu = PRELU_STYLES.find((style) => style === options.prelu)
  if (prelu === undefined) {
    throw new CommandError('bad-input', `--prelu must be one of ${PRELU_STYLES.join(', ')}`)
  }
  const accumulator = ACCUMULATORS.find((name) => name === options.accumulator)
  if (accumulator === undefined) {
    throw new CommandError('bad-input', `--accumulator must be one of ${ACCUMULATORS.join(', ')}`)
  }
  const { finder } = await loadStages(models)
  const net = await loadNet('encoder', { model })
  const { input } = net.manifest
  const count = Number(options.count)
  const everybody = listLabelledPictures(options.images)
  const step = Math.max(1, Math.floor(everybody.length / count))
  const chosen = everybody.filter((_, i) => i % step === 0).slice(0, count)
  const progress = startProgress('faces', chosen.length)
  const inputs: Float32Array[] = []
  for (const [done, { path }] of chosen.entries()) {
    const image = await readPicture(path)
    const face = image && (await findLabelledFace(image, finder))
    if (image !== undefined && face !== undefined) {
      const aligned = alignFace(image, face.fivePoints, input.fit.template, input.shape[2])
      inputs.push(toPlanarTensor(aligned, input))
    }
    progress.update(done + 1)
  }
  progress.stop()
  const report = await runQuantize({
    model,
    id: options.id ?? `${net.manifest.id}-int8`,
    outFolder: options.out ?? modelsFolder,
    inputs,
    data: options.description ?? `${inputs.length} aligned faces`,
    method: parseMethod(options.method),
    prelu,
    accumulator,
    onProgress: (line) => process.stderr.write(`${line}\n`),
  })
  process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : describe(report))
}

function parseMethod(text: string) {
  if (text === 'min-max' || text === 'mse') return { kind: text } as const
  const percentile = Number(text)
  if (!(percentile > 90 && percentile < 100)) {
    throw new CommandError('bad-input', '--method must be min-max, mse or a percentile above 90')
  }
  return { kind: 'percentile', percentile } as const
}

function describe(report: QuantizeReport): string {
  const { cosine, latency, operators, operatorsBefore } = report
  return [
    `${report.id} from ${report.parent}: ${(report.bytes / 1000).toFixed(0)} kB`,
    `cosine to fp32 on held-out faces: ${JSON.stringify(cosine)}`,
    `layers left in float: ${report.floatNodes.join(', ') || 'none'}`,
    ...latency.map((row) => JSON.stringify(row)),
    '',
    'time by operator, ms a run, before and after',
    ...operatorTable(operatorsBefore, operators),
    '',
  ].join('\n')
}

function operatorTable(
  before: readonly OperatorTime[],
  after: readonly OperatorTime[],
): readonly string[] {
  const names = [...new Set([...before, ...after].map(({ operator }) => operator))]
  const cell = (times: readonly OperatorTime[], name: string) => {
    const found = times.find(({ operator }) => operator === name)
    return (found === undefined ? '-' : `${found.ms.toFixed(2)} (${found.nodes})`).padStart(14)
  }
  return names.map((name) => `${name.padEnd(24)}${cell(before, name)}${cell(after, name)}`)
}
