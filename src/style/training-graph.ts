import type { OnnxModel } from '../models/onnx/model.js'
import { floatTensor } from '../models/onnx/model.js'
import { cropAtLayer, COST_NAMES, type CostGraphShape } from './cost-graph.js'
import type { StyleLayer } from './engine.js'
import { addNetwork, type StyleNetwork } from './network.js'
import { SMOOTH_BELOW } from './pixel-costs.js'
import { addStylizer } from './stylizer-net.js'
import { createTape, type Crop, type Tape, type Value } from '../models/training/tape.js'

/** What the costs of a stylizer's results are weighted with, and the Gram matrices wished for. */
export interface TrainingCosts {
  /** Multiplies ½‖a(C) − a(G)‖² of the content layer over the core. */
  readonly contentWeight: number
  /** Multiplies J_style^[l] of each layer. */
  readonly styleWeights: ReadonlyMap<StyleLayer, number>
  readonly wishes: ReadonlyMap<StyleLayer, Float32Array>
  /** Multiplies the mean total variation of a pixel of the core. */
  readonly totalVariation: number
}

/** A value, and the gradient of the costs that begins at it. */
type Seed = readonly [Value, Value]

/** A cost and where its gradient begins. */
interface Cost {
  readonly cost: Value
  readonly seeds: readonly Seed[]
}

const sumOfSquares = (tape: Tape, x: Value) =>
  tape.plain('ReduceSumSquare', [x], [], { keepdims: 0 })
const times = (tape: Tape, x: Value, factor: number) =>
  tape.plain('Mul', [x, tape.scalar(factor)], x.dims)

/** weight·½‖made − aim‖² over a crop. */
function contentCost(tape: Tape, made: Value, aim: Value, crop: Crop, weight: number): Cost {
  const apart = tape.crop(tape.plain('Sub', [made, aim], made.dims), crop)
  return {
    cost: times(tape, sumOfSquares(tape, apart), weight / 2),
    seeds: [[made, tape.uncrop(times(tape, apart, weight), crop, made.dims)]],
  }
}

/** weight·1/(2·n_H·n_W·n_C)²·‖G − wish‖² over a crop. */
function styleCost(tape: Tape, made: Value, wish: Value, crop: Crop, weight: number): Cost {
  const [, channels] = made.dims
  const unrolled = tape.reshape(tape.crop(made, crop), [channels, crop.height * crop.width])
  const gram = tape.plain('Gemm', [unrolled, unrolled], [channels, channels], { transB: 1 })
  const share = 1 / (crop.height * crop.width * channels)
  const apart = times(tape, tape.plain('Sub', [gram, wish], gram.dims), share)
  const pull = times(tape, apart, weight * share)
  const pulled = tape.plain('MatMul', [pull, unrolled], unrolled.dims)
  const shaped = tape.reshape(pulled, [1, channels, crop.height, crop.width])
  return {
    cost: times(tape, sumOfSquares(tape, apart), weight / 4),
    seeds: [[made, tape.uncrop(shaped, crop, made.dims)]],
  }
}

/** The total variation of `addTotalVariation`, over a crop that does not touch the edge. */
function variationCost(tape: Tape, made: Value, crop: Crop, weight: number): Cost {
  const right: Crop = { ...crop, left: crop.left + 1 }
  const below: Crop = { ...crop, top: crop.top + 1 }
  const here = tape.crop(made, crop)
  const { dims } = here
  const dx = tape.plain('Sub', [tape.crop(made, right), here], dims)
  const dy = tape.plain('Sub', [tape.crop(made, below), here], dims)
  const squared = tape.plain(
    'Add',
    [tape.plain('Mul', [dx, dx], dims), tape.plain('Mul', [dy, dy], dims)],
    dims,
  )
  const smoothed = tape.plain('Add', [squared, tape.scalar(SMOOTH_BELOW ** 2)], dims)
  const length = tape.plain('Sqrt', [smoothed], dims)
  const share = weight / (crop.height * crop.width)
  const pullOf = (way: Value) => times(tape, tape.plain('Div', [way, length], dims), share)
  const [pullX, pullY] = [pullOf(dx), pullOf(dy)]
  const both = tape.plain('Add', [pullX, pullY], dims)
  const rest = tape.plain('Sub', [length, tape.scalar(SMOOTH_BELOW)], dims)
  return {
    cost: times(tape, tape.plain('ReduceSum', [rest], [], { keepdims: 0 }), share),
    seeds: [
      [made, tape.uncrop(pullX, right, made.dims)],
      [made, tape.uncrop(pullY, below, made.dims)],
      [made, tape.uncrop(times(tape, both, -1), crop, made.dims)],
    ],
  }
}

/** Name of the graph's output that holds J. */
export const TRAINING_COST = 'cost'

/**
 * One graph that runs the stylizer on a window, the style network on its result, the costs, and the
 * backward pass to the stylizer's weights. Its inputs are the window, 1×3×H×W in 0..1, and the
 * weights by `WEIGHT_NAMES`; its outputs are J and the weights' gradients.
 */
export function trainingGraph(
  network: StyleNetwork,
  shape: CostGraphShape,
  costs: TrainingCosts,
): OnnxModel {
  const { contentLayer, core } = shape
  const tape = createTape()
  const input = tape.input(COST_NAMES.window, [1, 3, shape.height, shape.width])
  const trained: Value[] = []
  const made = addStylizer(tape, input, trained)
  const wanted = [...new Set([contentLayer, ...shape.styleLayers])]
  const features = addNetwork(tape, network, made, wanted)
  const aims = addNetwork(tape, network, input, [contentLayer])
  const of = (layers: ReadonlyMap<StyleLayer, Value>, layer: StyleLayer): Value => {
    const value = layers.get(layer)
    if (value === undefined) throw new Error(`the graph has no layer ${layer}`)
    return value
  }
  const content = contentCost(
    tape,
    of(features, contentLayer),
    of(aims, contentLayer),
    cropAtLayer(core, contentLayer),
    costs.contentWeight,
  )
  const styles = shape.styleLayers.map((layer) => {
    const value = of(features, layer)
    const [, channels] = value.dims
    const values = costs.wishes.get(layer)
    if (values === undefined) throw new Error(`no style is wished for at ${layer}`)
    const wish = tape.constant(`wish_${layer}`, floatTensor([channels, channels], values))
    const weight = costs.styleWeights.get(layer) ?? 0
    return styleCost(tape, value, wish, cropAtLayer(core, layer), weight)
  })
  const all = [content, ...styles, variationCost(tape, made, core, costs.totalVariation)]
  const gradients = tape.backward(
    all.flatMap(({ seeds }) => seeds),
    trained,
  )
  for (const [i, value] of trained.entries()) tape.output(gradients[i], `${value.name}_gradient`)
  const total = all
    .map(({ cost }) => cost)
    .reduce((sum, cost) => tape.plain('Add', [sum, cost], []))
  tape.output(total, TRAINING_COST)
  return tape.build('train-stylizer')
}
