import { indexGraph } from '../onnx/edit.js'
import { openRunner } from '../onnx/infer.js'
import type { OnnxModel } from '../onnx/model.js'
import type { QuantizationConstants } from './constants.js'
import { quantizableNodes } from './insert-qdq.js'
import { applyQuantization, splitGraph } from './quantize.js'

/** Cosines between the results of two models on the same inputs. */
export interface CosineSummary {
  readonly median: number
  readonly p5: number
  readonly min: number
}

/** What 8 bits in one layer alone do to the result. */
export interface LayerSensitivity {
  readonly node: string
  readonly operator: string
  /** 1 − mean cosine to the float result. */
  readonly cosineLoss: number
}

function cosine(a: Float32Array, b: Float32Array): number {
  let ab = 0
  let aa = 0
  let bb = 0
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i]
    aa += a[i] * a[i]
    bb += b[i] * b[i]
  }
  return ab / Math.sqrt(aa * bb)
}

/** The first output of a model for each input. */
export async function resultsOf(
  model: OnnxModel,
  inputs: readonly Float32Array[],
): Promise<Float32Array[]> {
  const runner = await openRunner(model)
  const [{ name }] = model.graph.outputs
  const results: Float32Array[] = []
  for (const input of inputs)
    results.push((await runner.run(input)).get(name)?.values ?? new Float32Array(0))
  await runner.release()
  return results
}

/** Cosines of paired results. */
export function summariseCosines(
  results: readonly Float32Array[],
  reference: readonly Float32Array[],
): CosineSummary {
  const cosines = results.map((result, i) => cosine(result, reference[i])).sort((a, b) => a - b)
  const at = (share: number) =>
    cosines[Math.min(cosines.length - 1, Math.floor(share * cosines.length))]
  return { median: at(0.5), p5: at(0.05), min: cosines[0] }
}

/**
 * Quantizes each convolution by itself and measures what that costs, worst first.
 * @param inputs a few held-out inputs
 */
export async function measureSensitivity(
  model: OnnxModel,
  constants: QuantizationConstants,
  inputs: readonly Float32Array[],
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<LayerSensitivity[]> {
  const reference = await resultsOf(model, inputs)
  const graph = splitGraph(model.graph, constants)
  const index = indexGraph(graph)
  const convs = quantizableNodes(graph).filter((node) => node.opType === 'Conv')
  const layers: LayerSensitivity[] = []
  for (const node of convs) {
    const results = await resultsOf(applyQuantization(model, constants, node.name), inputs)
    const mean =
      results.reduce((sum, result, i) => sum + cosine(result, reference[i]), 0) / results.length
    const next = index.consumersOf.get(node.outputs[0])?.at(0)?.opType
    const operator = next === 'Max' ? 'Conv (PRelu branch)' : 'Conv'
    layers.push({ node: node.name, operator, cosineLoss: 1 - mean })
    onProgress(layers.length, convs.length)
  }
  return layers.sort((a, b) => b.cosineLoss - a.cosineLoss)
}
