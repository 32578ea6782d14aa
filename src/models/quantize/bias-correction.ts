import { constantConv, indexGraph, removeUnused } from '../onnx/edit.js'
import { exposeValues, openRunner } from '../onnx/infer.js'
import type { OnnxModel, OnnxNode } from '../onnx/model.js'
import { roundConstant, type QuantizationConstants } from './constants.js'
import { applyQuantization, splitGraph } from './quantize.js'

/**
 * Finds what 8 bits take from each convolution's output on average, a channel, so that its bias can
 * give it back (Nagel et al. 2019, arXiv 1906.04721, section 4.2, measured instead of derived). The
 * convolutions are corrected one after the other, each behind those before it as corrected.
 * @param inputs some of those that were calibrated on
 * @returns by convolution of the split graph, what to add to its bias
 */
export async function correctBiases(
  model: OnnxModel,
  constants: QuantizationConstants,
  inputs: readonly Float32Array[],
): Promise<Record<string, number[]>> {
  const graph = splitGraph(model.graph, constants)
  const index = indexGraph(graph)
  const convs = graph.nodes.filter((node) => constantConv(node, graph.initializers, index))
  const expected = await channelMeans(
    { ...model, graph },
    convs.map((node) => node.outputs[0]),
    inputs,
  )
  const biasShift: Record<string, number[]> = {}
  for (const group of groupByInput(convs)) {
    const names = group.map((node) => node.outputs[0])
    const quantized = applyQuantization(model, { ...constants, biasShift })
    const actual = await channelMeans(cutAt(quantized, names), names, inputs)
    for (const { name, outputs } of group) {
      const [wanted, found] = [expected, actual].map((means) => means.get(outputs[0]))
      if (wanted === undefined || found === undefined) continue
      biasShift[name] = Array.from(wanted, (mean, c) => roundConstant(mean - found[c]))
    }
  }
  return biasShift
}

/** Neighbours that read the same value, such as the two sides of a PRelu, together. */
function groupByInput(convs: readonly OnnxNode[]): OnnxNode[][] {
  const groups: OnnxNode[][] = []
  for (const conv of convs) {
    const last = groups.at(-1)
    if (last?.[0].inputs[0] === conv.inputs[0]) last.push(conv)
    else groups.push([conv])
  }
  return groups
}

/** The part of the model that inner values depend on, giving out those. */
function cutAt(model: OnnxModel, names: readonly string[]): OnnxModel {
  const graph = exposeValues({ ...model.graph, outputs: [] }, names)
  return { ...model, graph: removeUnused(graph) }
}

/** Mean of every channel of some values of shape 1×C×H×W, over all inputs. */
async function channelMeans(
  model: OnnxModel,
  names: readonly string[],
  inputs: readonly Float32Array[],
): Promise<ReadonlyMap<string, Float64Array>> {
  const runner = await openRunner(model, names)
  const means = new Map<string, Float64Array>()
  for (const input of inputs) {
    for (const [name, { dims, values }] of await runner.run(input)) {
      const channels = dims[1]
      const area = values.length / channels
      const mean = means.get(name) ?? new Float64Array(channels)
      means.set(name, mean)
      for (let i = 0; i < values.length; i++) mean[Math.floor(i / area)] += values[i]
      if (input !== inputs.at(-1)) continue
      for (let c = 0; c < channels; c++) mean[c] /= area * inputs.length
    }
  }
  await runner.release()
  return means
}
