import { indexGraph } from '../onnx/edit.js'
import type { OnnxGraph, OnnxModel } from '../onnx/model.js'
import { equalise, equalisationFactors, findChannelSpaces } from './channel-spaces.js'
import { roundConstant, type PReluStyle, type QuantizationConstants } from './constants.js'
import { insertQdq, quantizableNodes, quantizedValues } from './insert-qdq.js'
import {
  measureMagnitudes,
  measureRanges,
  type CalibrationMethod,
  type Range,
} from './measure-ranges.js'
import { shiftBiases } from './shift-biases.js'
import { splitPRelu, type SplitGraph, type SplitPRelu } from './split-prelu.js'
import type { Accumulator } from './weight-scales.js'

/** Choices of a calibration. */
export interface CalibrationOptions {
  readonly method: CalibrationMethod
  readonly prelu: PReluStyle
  readonly accumulator: Accumulator
  /** For people: what the inputs are. */
  readonly data: string
}

/** The ranges with every split PRelu's three values on one common range. */
function shareRanges(
  ranges: ReadonlyMap<string, Range>,
  splits: readonly SplitPRelu[],
): Map<string, Range> {
  const shared = new Map(ranges)
  for (const { branches, result, firstIsRead } of splits) {
    const [low, high] = shared.get(result) ?? [0, 0]
    const [firstLow, firstHigh] = (firstIsRead && shared.get(branches[0])) || [0, 0]
    const range: Range = [Math.min(low, firstLow), Math.max(high, firstHigh)]
    for (const value of [...branches, result]) shared.set(value, range)
  }
  return shared
}

function describeMethod(method: CalibrationMethod): string {
  return method.kind === 'percentile' ? `percentile ${method.percentile}` : method.kind
}

/**
 * Finds out on real inputs what a float model needs to be quantized: channel factors first, then
 * the ranges of the equalised and split graph.
 * @param inputs what the net's input takes, already normalised
 */
export async function calibrate(
  model: OnnxModel,
  inputs: readonly Float32Array[],
  options: CalibrationOptions,
): Promise<QuantizationConstants> {
  const spaces = findChannelSpaces(model.graph)
  const values = spaces.flatMap((space) => space.values)
  const magnitudes = await measureMagnitudes(model, values, inputs)
  const equalisation: Record<string, number[]> = {}
  for (const space of spaces) {
    const factors = equalisationFactors(space, magnitudes)
    if (factors !== undefined) equalisation[space.name] = factors.map(roundConstant)
  }

  const equalised = equalise(model.graph, equalisation)
  const { graph, splits } = splitPRelu(equalised, options.prelu)
  const names = quantizedValues(graph, quantizableNodes(graph))
  const measured = await measureRanges({ ...model, graph }, names, inputs, options.method)
  const ranges = Object.fromEntries(
    [...shareRanges(measured, splits)].map(([name, [low, high]]) => [
      name,
      [roundConstant(low), roundConstant(high)] as [number, number],
    ]),
  )
  return {
    calibration: {
      data: options.data,
      pictures: inputs.length,
      method: describeMethod(options.method),
    },
    prelu: options.prelu,
    accumulator: options.accumulator,
    equalisation,
    ranges,
    floatNodes: [],
  }
}

/** The equalised and split float graph that the constants' ranges speak of. */
export function splitGraph(graph: OnnxGraph, constants: QuantizationConstants): OnnxGraph {
  return split(graph, constants).graph
}

/** The last of each graph: a run tries one graph with the same factors a hundred times. */
const lastSplits = new WeakMap<
  OnnxGraph,
  Pick<QuantizationConstants, 'equalisation' | 'prelu'> & { readonly made: SplitGraph }
>()

function split(graph: OnnxGraph, { equalisation, prelu }: QuantizationConstants): SplitGraph {
  const last = lastSplits.get(graph)
  if (last?.equalisation === equalisation && last.prelu === prelu) return last.made
  const made = splitPRelu(equalise(graph, equalisation), prelu)
  lastSplits.set(graph, { equalisation, prelu, made })
  return made
}

/**
 * Quantizes a float model with known constants; the same constants give the same bytes.
 * @param onlyNode quantize this node alone, to see what it costs
 * @throws Error when the constants do not fit the model
 */
export function applyQuantization(
  model: OnnxModel,
  constants: QuantizationConstants,
  onlyNode?: string,
): OnnxModel {
  const { graph: unshifted, splits } = split(model.graph, constants)
  const graph = shiftBiases(unshifted, constants.biasShift ?? {})
  const { producerOf } = indexGraph(graph)
  const inputs = new Set(graph.inputs.map((input) => input.name))
  for (const name of Object.keys(constants.ranges)) {
    if (!producerOf.has(name) && !inputs.has(name))
      throw new Error(`the graph has no value ${name}`)
  }
  const floatNodes = new Set(constants.floatNodes)
  if (onlyNode !== undefined) {
    for (const node of graph.nodes) if (node.name !== onlyNode) floatNodes.add(node.name)
  }
  return insertQdq(
    { ...model, graph },
    {
      ranges: new Map(Object.entries(constants.ranges)),
      floatNodes,
      accumulator: constants.accumulator,
      twins: new Map(splits.flatMap(({ twin }) => (twin ? [[twin.weights, twin]] : []))),
    },
  )
}
