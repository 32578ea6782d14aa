import { join } from 'node:path'
import { alignFace } from '../detection/align.js'
import { createDetector } from '../detection/detector.js'
import type { Face } from '../detection/face.js'
import {
  findLabelledFace,
  listLabelledPictures,
  readPicture,
} from '../evaluation/labelled-pictures.js'
import { compareDetectors, compareTextures } from '../evaluation/net-agreement.js'
import type { DetectionAgreement, TextureAgreement } from '../evaluation/net-agreement.js'
import type { Image } from '../frame/image.js'
import { letterbox } from '../frame/resize.js'
import { toPlanarTensor } from '../frame/tensor.js'
import { cropSquare } from '../frame/warp.js'
import { createTextureScorer, textureSquare } from '../liveness/texture.js'
import type { Manifest } from '../models/manifest.js'
import { runQuantize } from '../models/quantize/run-quantize.js'
import type { QuantizeReport } from '../models/quantize/run-quantize.js'
import { modelsFolder, readManifest } from '../models/registry.js'
import { loadNet } from '../models/session.js'
import { loadStages } from '../stages.js'
import { CommandError } from './command-error.js'
import { operatorTable } from './operator-table.js'
import { startProgress } from './progress.js'
import { loadSetup } from './setup.js'
import type { SetupOptions } from './setup.js'

export interface QuantizeCommandOptions extends SetupOptions {
  readonly id?: string
  /** Folders with one folder a person. */
  readonly images: readonly string[]
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

/** A picture with its labelled face. */
interface FacePicture {
  readonly image: Image
  readonly face: Face
}

/** Every fifth picture is held out by {@link runQuantize}; the same ones are compared on here. */
const isHeldOut = (_: unknown, i: number): boolean => i % 5 === 4

/** `genkan quantize MODEL`: encoder, detector or texture net from fp32 to int8, calibrated on faces. */
export async function quantizeCommand(
  model: string,
  options: QuantizeCommandOptions,
): Promise<void> {
  const { models } = loadSetup(options)
  const prelu = chooseFrom('--prelu', PRELU_STYLES, options.prelu)
  const accumulator = chooseFrom('--accumulator', ACCUMULATORS, options.accumulator)
  const { finder } = await loadStages(models)
  const { manifest } = readManifest(model)
  const count = Number(options.count)
  const everybody = options.images.flatMap((folder) => listLabelledPictures(folder))
  const step = Math.max(1, Math.floor(everybody.length / count))
  const chosen = everybody.filter((_, i) => i % step === 0).slice(0, count)
  const progress = startProgress('faces', chosen.length)
  const pictures: FacePicture[] = []
  for (const [done, { path }] of chosen.entries()) {
    const image = await readPicture(path)
    const face = image && (await findLabelledFace(image, finder))
    if (image !== undefined && face !== undefined) pictures.push({ image, face })
    progress.update(done + 1)
  }
  progress.stop()
  const id = options.id ?? `${manifest.id}-int8`
  const outFolder = options.out ?? modelsFolder
  const report = await runQuantize({
    model,
    id,
    outFolder,
    inputs: pictures.map((picture) => prepareInput(manifest, picture)),
    data: options.description ?? `${pictures.length} faces`,
    method: parseMethod(options.method),
    prelu,
    accumulator,
    onProgress: (line) => process.stderr.write(`${line}\n`),
  })
  const own = join(outFolder, `${id}.json`)
  const agreement = await compareNets(manifest, model, own, pictures.filter(isHeldOut))
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ ...report, agreement })}\n`
      : describe(report, agreement),
  )
}

function chooseFrom<Choice extends string>(
  option: string,
  choices: readonly Choice[],
  text: string,
): Choice {
  const choice = choices.find((name) => name === text)
  if (choice !== undefined) return choice
  throw new CommandError('bad-input', `${option} must be one of ${choices.join(', ')}`)
}

/** What a net is fed with for a face, as the stage of its role prepares it. */
function prepareInput(manifest: Manifest, { image, face }: FacePicture): Float32Array {
  const { input } = manifest
  const [, , height, width] = input.shape
  switch (manifest.role) {
    case 'encoder': {
      const { template } = manifest.input.fit
      return toPlanarTensor(alignFace(image, face.fivePoints, template, width), input)
    }
    case 'detector':
      return toPlanarTensor(letterbox(image, width, height).image, input)
    case 'texture': {
      const square = textureSquare(image, face.box, manifest.input.fit.scale)
      return toPlanarTensor(cropSquare(image, square, width), input)
    }
    case 'landmarks':
    case 'mesh':
    case 'eyes':
    case 'mask':
    case 'style':
      throw new CommandError('bad-input', `a net for ${manifest.role} is not quantized`)
  }
}

/** What becomes of the answers that the line acts upon; for an encoder the cosine says it. */
async function compareNets(
  { role }: Manifest,
  parent: string,
  quantized: string,
  pictures: readonly FacePicture[],
): Promise<DetectionAgreement | TextureAgreement | undefined> {
  if (role === 'detector') {
    const [first, second] = [
      await loadNet(role, { model: parent }),
      await loadNet(role, { model: quantized }),
    ].map(createDetector)
    return compareDetectors(
      first,
      second,
      pictures.map(({ image }) => image),
    )
  }
  if (role === 'texture') {
    const [first, second] = [
      await loadNet(role, { model: parent }),
      await loadNet(role, { model: quantized }),
    ].map((net) => createTextureScorer(net))
    return compareTextures(
      first,
      second,
      pictures.map(({ image, face }) => ({ image, box: face.box })),
    )
  }
  return undefined
}

function parseMethod(text: string) {
  if (text === 'min-max' || text === 'mse') return { kind: text } as const
  const percentile = Number(text)
  if (!(percentile > 90 && percentile < 100)) {
    throw new CommandError('bad-input', '--method must be min-max, mse or a percentile above 90')
  }
  return { kind: 'percentile', percentile } as const
}

function describe(
  report: QuantizeReport,
  agreement: DetectionAgreement | TextureAgreement | undefined,
): string {
  const { cosine, latency, operators, operatorsBefore } = report
  return [
    `${report.id} from ${report.parent}: ${(report.bytes / 1000).toFixed(0)} kB`,
    `cosine to fp32 on held-out faces: ${JSON.stringify(cosine)}`,
    ...(agreement === undefined
      ? []
      : [`beside fp32 on held-out pictures: ${JSON.stringify(agreement)}`]),
    `layers left in float: ${report.floatNodes.join(', ') || 'none'}`,
    ...latency.map((row) => JSON.stringify(row)),
    '',
    'time by operator, ms a run, before and after',
    ...operatorTable(operatorsBefore, operators),
    '',
  ].join('\n')
}
