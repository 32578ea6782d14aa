import { readFileSync } from 'node:fs'
import { decodeImage } from '../frame/decode.js'
import type { Image } from '../frame/image.js'
import { resizeImage } from '../frame/resize.js'
import { describeCause } from '../models/error.js'
import { assetPath } from '../models/registry.js'
import { openCostBench, relativeDistance } from '../style/bench.js'
import { loadReference, type BackendName } from '../style/reference.js'
import { openStylizer } from '../style/stylizer.js'
import { listTrainedStyles, readTrainedStyle, SHIPPED_STYLES } from '../style/trained-styles.js'
import { CommandError } from './command-error.js'

export interface BenchStyleOptions {
  readonly size: string
  readonly backend: string
  readonly steps: string
  readonly adam: string
  readonly threads: string
  readonly json?: boolean
}

/** What the bench prints with `--json`. */
export interface BenchStyleReport {
  readonly sizePixels: number
  readonly threads: number
  readonly engineStepMs: number
  readonly reference: string
  readonly referenceStepMs: number
  /** Reference step ÷ engine step, in turns in one process. */
  readonly speedUp: number
  readonly gradientRelativeDistance: number
  /** J of the default run and of the reference's optimiser, at the same size and weights. */
  readonly quality?: { readonly defaultRun: number; readonly adam: number; readonly ratio: number }
  /** Pictures a second of each shipped stylizer at 256×256. */
  readonly stylizers: Readonly<Record<string, number>>
}

const STYLIZER_SIDE = 256
const STYLIZER_RUNS = 20

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return performance.now() - startedMs
}

async function readAsset(name: string): Promise<Image> {
  const decoded = await decodeImage(readFileSync(assetPath(name)))
  if (!decoded.ok) throw new CommandError('fault', `${name}: ${decoded.detail}`)
  return decoded.image
}

async function timeStylizers(content: Image, threads: number): Promise<Record<string, number>> {
  const picture = resizeImage(content, STYLIZER_SIDE, STYLIZER_SIDE)
  const rates: Record<string, number> = {}
  const styles = listTrainedStyles([SHIPPED_STYLES], (error) => {
    throw error
  })
  for (const { manifest, file } of styles) {
    const options = { threads, executionProviders: ['cpu'] }
    const stylizer = openStylizer(manifest.id, readTrainedStyle(file, manifest), options)
    await stylizer.stylize(picture)
    const times: number[] = []
    for (let i = 0; i < STYLIZER_RUNS; i++) {
      times.push(await timeOf(() => stylizer.stylize(picture)))
    }
    await stylizer.release()
    rates[manifest.id] = 1000 / median(times)
  }
  return rates
}

/** `genkan bench-style`: the engine beside TensorFlow.js in one run, and the stylizers' rate. */
export async function benchStyle(options: BenchStyleOptions): Promise<void> {
  const sizePixels = Number(options.size)
  const steps = Number(options.steps)
  const adamSteps = Number(options.adam)
  const threads = Number(options.threads)
  if (!Number.isInteger(sizePixels) || sizePixels < 32 || sizePixels > 1024 || sizePixels % 8 > 0) {
    throw new CommandError('bad-input', '--size must be a multiple of 8 from 32 to 1024')
  }
  if (!(steps >= 1 && steps <= 100) || !(adamSteps >= 0 && adamSteps <= 5000) || !(threads >= 1)) {
    throw new CommandError('bad-input', '--steps, --adam or --threads is out of range')
  }
  const backend = await loadReference(options.backend as BackendName).catch((cause: unknown) => {
    throw new CommandError(
      'bad-input',
      `TensorFlow.js with the backend ${options.backend} is not there (${describeCause(cause)}); ` +
        'install the development dependencies, or choose cpu, wasm or node',
    )
  })
  const content = await readAsset('joconde.jpg')
  const bench = await openCostBench(content, sizePixels, threads)
  const own = await bench.engine()
  const engineMs: number[] = []
  const referenceMs: number[] = []
  let distance = NaN
  for (let i = 0; i < steps; i++) {
    const startedMs = performance.now()
    const expected = bench.reference(backend)
    referenceMs.push(performance.now() - startedMs)
    distance = relativeDistance(own, expected)
    for (let k = 0; k < 5; k++) engineMs.push(await timeOf(() => bench.engine()))
  }
  await bench.release()
  const report: BenchStyleReport = {
    sizePixels,
    threads,
    engineStepMs: median(engineMs),
    reference: backend.name,
    referenceStepMs: median(referenceMs),
    speedUp: median(referenceMs) / median(engineMs),
    gradientRelativeDistance: distance,
    ...(adamSteps > 0 ? { quality: await bench.compareWithAdam(adamSteps) } : {}),
    stylizers: await timeStylizers(content, threads),
  }
  process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : describe(report))
}

function describe(report: BenchStyleReport): string {
  const { quality } = report
  return [
    `${report.sizePixels}x${report.sizePixels}, ${report.threads} thread(s), in turns\n`,
    `engine step             ${report.engineStepMs.toFixed(1)} ms\n`,
    `${report.reference} gradient   ${report.referenceStepMs.toFixed(1)} ms\n`,
    `speed-up                ${report.speedUp.toFixed(1)}\n`,
    `gradient, relative L2   ${report.gradientRelativeDistance.toExponential(1)}\n`,
    quality === undefined
      ? ''
      : `J of the default run ${quality.defaultRun.toFixed(4)}, of Adam ${quality.adam.toFixed(4)}, ` +
        `ratio ${quality.ratio.toFixed(3)}\n`,
    ...Object.entries(report.stylizers).map(
      ([id, rate]) => `stylizer ${id.padEnd(14)} ${rate.toFixed(1)} pictures/s at 256x256\n`,
    ),
  ].join('')
}
