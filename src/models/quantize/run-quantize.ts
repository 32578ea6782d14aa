import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256Hex, readChecked, writeAtomically } from '../checked-file.js'
import { ModelError } from '../error.js'
import { floatForms, readSources } from '../float-forms.js'
import type { Manifest, RecipeStep } from '../manifest.js'
import { decodeModel, encodeModel } from '../onnx/codec.js'
import type { OnnxModel } from '../onnx/model.js'
import { runRecipe } from '../recipe.js'
import { readManifest, type LocatedManifest } from '../registry.js'
import { correctBiases } from './bias-correction.js'
import type { PReluStyle, QuantizationConstants } from './constants.js'
import type { CalibrationMethod } from './measure-ranges.js'
import { compareLatency, profileOperators, type Latency, type OperatorTime } from './profile.js'
import { applyQuantization, calibrate } from './quantize.js'
import {
  measureSensitivity,
  resultsOf,
  summariseCosines,
  type CosineSummary,
  type LayerSensitivity,
} from './sensitivity.js'
import type { Accumulator } from './weight-scales.js'

/** What `genkan quantize` is asked to do. */
export interface QuantizeRunOptions {
  /** The float model: id of a shipped one or path of an own manifest. */
  readonly model: string
  /** Id of the quantized model; names the files that are written. */
  readonly id: string
  /** Where `<id>.onnx`, `<id>.json`, `<id>.report.json` and `quantization/<id>.json` go. */
  readonly outFolder: string
  /** Prepared inputs to calibrate on; every fifth is kept out to measure with. */
  readonly inputs: readonly Float32Array[]
  /** For people: what the inputs are. */
  readonly data: string
  readonly method?: CalibrationMethod
  readonly prelu?: PReluStyle
  readonly accumulator?: Accumulator
  /** While the median cosine is below, the next most sensitive layer goes back to float if that helps. */
  readonly minCosine?: number
  readonly maxFloatLayers?: number
  readonly onProgress?: (line: string) => void
}

/** What `genkan quantize` found out. */
export interface QuantizeReport {
  readonly id: string
  readonly parent: string
  readonly sha256: string
  readonly bytes: number
  readonly calibration: QuantizationConstants['calibration'] & { readonly heldOut: number }
  /** To the float parent, on inputs that were not calibrated on. */
  readonly cosine: CosineSummary
  readonly floatNodes: readonly string[]
  readonly layers: readonly LayerSensitivity[]
  readonly operators: readonly OperatorTime[]
  /** The same of the package's model, or of the float parent where it comes from no package. */
  readonly operatorsBefore: readonly OperatorTime[]
  /** The package's model as it is and exactly rewritten, the float parent, the quantized model, in turns on one thread. */
  readonly latency: readonly Latency[]
}

const DEFAULT_METHOD: CalibrationMethod = { kind: 'mse' }
const SENSITIVITY_INPUTS = 6
const BIAS_INPUTS = 80
const LATENCY_INPUTS = 20

/** The float graph with its PRelus whole, as the recipe of the quantized model will have it. */
function floatParent({ manifest, modelPath }: LocatedManifest): {
  model: OnnxModel
  recipe: RecipeStep[]
} {
  if (manifest.source.kind === 'local') {
    const data = readChecked(modelPath, manifest.file, 'correct the manifest')
    return { model: decodeModel(data, modelPath), recipe: [] }
  }
  const recipe = manifest.recipe.filter((step) => step.step !== 'prelu-rewrite')
  const data = runRecipe({ ...manifest, recipe }, readSources(manifest))
  return { model: decodeModel(data, manifest.id), recipe }
}

function quantizedManifest(
  parent: Manifest,
  id: string,
  recipe: readonly RecipeStep[],
  data: Uint8Array,
): Manifest {
  return {
    ...parent,
    id,
    title: `${parent.title}, int8`,
    recipe: parent.source.kind === 'npm' ? [...recipe, { step: 'quantize', constants: id }] : [],
    file: { name: `${id}.onnx`, bytes: data.length, sha256: sha256Hex(data) },
  }
}

/**
 * Quantizes a model: calibrates, finds the layers that suffer, leaves those in float that must be,
 * and writes model, manifest, constants and report.
 * @throws ModelError when the parent is not there, or too few inputs are given
 */
export async function runQuantize(options: QuantizeRunOptions): Promise<QuantizeReport> {
  const say = options.onProgress ?? (() => undefined)
  const located = readManifest(options.model)
  const heldOut = options.inputs.filter((_, i) => i % 5 === 4)
  const calibrated = options.inputs.filter((_, i) => i % 5 !== 4)
  if (heldOut.length < 2) {
    throw new ModelError({
      code: 'recipe-failed',
      what: `${options.inputs.length} inputs are too few to calibrate and to measure on`,
      where: options.data,
      cure: 'give at least 10 pictures with a face; 200 are better',
    })
  }
  const { model, recipe } = floatParent(located)
  say(`calibrating on ${calibrated.length} inputs`)
  const measured = await calibrate(model, calibrated, {
    method: options.method ?? DEFAULT_METHOD,
    prelu: options.prelu ?? 'max2',
    accumulator: options.accumulator ?? 'int16',
    data: options.data,
  })
  say('measuring the sensitivity of each layer')
  const layers = await measureSensitivity(model, measured, heldOut.slice(0, SENSITIVITY_INPUTS))
  const reference = await resultsOf(model, heldOut)

  const attempt = async (floatNodes: readonly string[]) => {
    const plain = { ...measured, floatNodes: [...floatNodes] }
    say('correcting the bias of each layer')
    const biasShift = await correctBiases(model, plain, calibrated.slice(0, BIAS_INPUTS))
    const constants = { ...plain, biasShift }
    const quantized = applyQuantization(model, constants)
    const cosine = summariseCosines(await resultsOf(quantized, heldOut), reference)
    return { constants, quantized, cosine }
  }
  let best = await attempt([])
  for (const { node } of layers.slice(0, options.maxFloatLayers ?? 4)) {
    if (best.cosine.median >= (options.minCosine ?? 0.99)) break
    const next = await attempt([...best.constants.floatNodes, node])
    say(`median cosine ${next.cosine.median.toFixed(4)} with ${node} in float`)
    if (next.cosine.median > best.cosine.median) best = next
  }
  const { constants, quantized, cosine } = best

  const data = encodeModel(quantized)
  say('measuring the time of each operator')
  const dims = located.manifest.input.shape
  const timed = heldOut.slice(0, LATENCY_INPUTS)
  const parentData = readFileSync(located.modelPath)
  const forms = floatForms(located.manifest)
  const models = new Map([...forms, [located.manifest.id, parentData], [options.id, data]])
  const report: QuantizeReport = {
    id: options.id,
    parent: located.manifest.id,
    sha256: sha256Hex(data),
    bytes: data.length,
    calibration: { ...constants.calibration, heldOut: heldOut.length },
    cosine,
    floatNodes: constants.floatNodes,
    layers,
    operators: await profileOperators(data, timed, dims),
    operatorsBefore: await profileOperators(forms.get('package') ?? parentData, timed, dims),
    latency: await compareLatency(models, timed, dims, 5),
  }
  const write = (name: string, content: Uint8Array | object) =>
    writeAtomically(
      join(options.outFolder, name),
      content instanceof Uint8Array
        ? content
        : Buffer.from(`${JSON.stringify(content, undefined, 2)}\n`),
    )
  write(`${options.id}.onnx`, data)
  write(`${options.id}.json`, quantizedManifest(located.manifest, options.id, recipe, data))
  write(join('quantization', `${options.id}.json`), constants)
  write(`${options.id}.report.json`, report)
  return report
}
