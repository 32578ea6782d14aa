import type { OnnxModel } from '../models/onnx/model.js'
import type { StyleLayer } from './engine.js'
import { addNetwork, type StyleNetwork } from './network.js'
import { createTape, type Crop, type Tape, type Value } from '../models/training/tape.js'

/** Pixels of a picture from one cell of a layer to the next. */
export const LAYER_STRIDES: Readonly<Record<StyleLayer, number>> = {
  conv1: 2,
  conv2: 2,
  conv3: 2,
  conv4: 4,
  conv5: 4,
  mixed0: 8,
  mixed1: 8,
}

/** What a graph of costs is made for. */
export interface CostGraphShape {
  /** Of the window that the network sees, in pixels, multiples of 8. */
  readonly height: number
  readonly width: number
  /** The part of the window whose cells count for the costs; its edges are multiples of 8. */
  readonly core: Crop
  readonly contentLayer: StyleLayer
  readonly styleLayers: readonly StyleLayer[]
}

/** Names of the graphs' inputs and outputs. */
export const COST_NAMES = {
  window: 'window',
  gradient: 'gradient',
  contentTarget: 'content_target',
  contentWeight: 'content_weight',
  contentCost: 'content_cost',
  features: 'features',
  gramTarget: (layer: StyleLayer) => `gram_target_${layer}`,
  styleWeight: (layer: StyleLayer) => `style_weight_${layer}`,
  styleCost: (layer: StyleLayer) => `style_cost_${layer}`,
  gram: (layer: StyleLayer) => `gram_${layer}`,
  pull: (layer: StyleLayer) => `pull_${layer}`,
} as const

/** The crop of a layer that lies over a crop of the window. */
export function cropAtLayer(core: Crop, layer: StyleLayer): Crop {
  const stride = LAYER_STRIDES[layer]
  return {
    top: core.top / stride,
    left: core.left / stride,
    height: core.height / stride,
    width: core.width / stride,
  }
}

/** a^[l] over the core as a matrix of n_C rows and n_H·n_W columns. */
function unroll(tape: Tape, features: Value, crop: Crop): Value {
  const [, channels] = features.dims
  return tape.reshape(tape.crop(features, crop), [channels, crop.height * crop.width])
}

/** G = A·Aᵀ of an unrolled layer, n_C × n_C. */
function gram(tape: Tape, unrolled: Value): Value {
  const [channels] = unrolled.dims
  return tape.plain('Gemm', [unrolled, unrolled], [channels, channels], { transB: 1 })
}

function sumOfSquares(tape: Tape, x: Value): Value {
  return tape.plain('ReduceSumSquare', [x], [], { keepdims: 0 })
}

interface Opened {
  readonly tape: Tape
  readonly window: Value
  readonly layers: ReadonlyMap<StyleLayer, Value>
}

function openWindow(network: StyleNetwork, shape: CostGraphShape): Opened {
  const tape = createTape()
  const window = tape.input(COST_NAMES.window, [1, 3, shape.height, shape.width])
  const wanted = [...new Set([shape.contentLayer, ...shape.styleLayers])]
  return { tape, window, layers: addNetwork(tape, network, window, wanted) }
}

function layerOf({ layers }: Opened, layer: StyleLayer): Value {
  const value = layers.get(layer)
  if (value === undefined) throw new Error(`the graph has no layer ${layer}`)
  return value
}

/** ½‖a(C) − a(G)‖² over the core, and what it sends back to the layer. */
function contentSeed(opened: Opened, shape: CostGraphShape): readonly [Value, Value] {
  const { tape } = opened
  const features = layerOf(opened, shape.contentLayer)
  const crop = cropAtLayer(shape.core, shape.contentLayer)
  const inner = tape.crop(features, crop)
  const target = tape.input(COST_NAMES.contentTarget, inner.dims)
  const weight = tape.input(COST_NAMES.contentWeight, [])
  const difference = tape.plain('Sub', [inner, target], inner.dims)
  const half = tape.plain('Mul', [sumOfSquares(tape, difference), tape.scalar(0.5)], [])
  tape.output(half, COST_NAMES.contentCost)
  const seed = tape.plain('Mul', [difference, weight], inner.dims)
  return [features, tape.uncrop(seed, crop, features.dims)]
}

/** P·A back on the layer, for a symmetric P of n_C × n_C. */
function pulledSeed(
  opened: Opened,
  shape: CostGraphShape,
  layer: StyleLayer,
  pull: Value,
  unrolled: Value,
): readonly [Value, Value] {
  const { tape } = opened
  const features = layerOf(opened, layer)
  const crop = cropAtLayer(shape.core, layer)
  const pulled = tape.plain('MatMul', [pull, unrolled], unrolled.dims)
  const shaped = tape.reshape(pulled, [1, features.dims[1], crop.height, crop.width])
  return [features, tape.uncrop(shaped, crop, features.dims)]
}

/**
 * One graph of forward pass, costs and backward pass to the pixels, for a picture seen whole.
 *
 * Inputs: the window 1×3×H×W in 0..1; the content layer's target and its weight α; each style
 * layer's Gram target n_C × n_C and its weight β·λ^[l]. Outputs, over the core: J_content and every
 * J_style^[l], not weighted, and the gradient of the weighted sum, 1×3×H×W.
 *
 * J_style^[l] = Σ (G(S) − G(G))² ÷ (2·n_H·n_W·n_C)², whose gradient at the layer is
 * (G(G) − G(S))·A ÷ (n_H·n_W·n_C)².
 */
export function wholeCostGraph(network: StyleNetwork, shape: CostGraphShape): OnnxModel {
  const opened = openWindow(network, shape)
  const { tape, window } = opened
  const seeds = [contentSeed(opened, shape)]
  for (const layer of shape.styleLayers) {
    const crop = cropAtLayer(shape.core, layer)
    const unrolled = unroll(tape, layerOf(opened, layer), crop)
    const found = gram(tape, unrolled)
    const target = tape.input(COST_NAMES.gramTarget(layer), found.dims)
    const weight = tape.input(COST_NAMES.styleWeight(layer), [])
    // Both are divided first: the squares of a Gram matrix of a large picture leave float32.
    const share = tape.scalar(1 / (crop.height * crop.width * found.dims[0]))
    const difference = tape.plain(
      'Mul',
      [tape.plain('Sub', [found, target], found.dims), share],
      found.dims,
    )
    const quarter = tape.plain('Mul', [sumOfSquares(tape, difference), tape.scalar(0.25)], [])
    tape.output(quarter, COST_NAMES.styleCost(layer))
    const scaled = tape.plain('Mul', [weight, share], [])
    const pull = tape.plain('Mul', [difference, scaled], found.dims)
    seeds.push(pulledSeed(opened, shape, layer, pull, unrolled))
  }
  const [gradient] = tape.backward(seeds, [window])
  tape.output(gradient, COST_NAMES.gradient)
  return tape.build('style-costs')
}

/** Forward pass alone: the content layer over the core, and the Gram matrix of each style layer. */
export function gramGraph(network: StyleNetwork, shape: CostGraphShape): OnnxModel {
  const opened = openWindow(network, shape)
  const { tape } = opened
  const crop = cropAtLayer(shape.core, shape.contentLayer)
  tape.output(tape.crop(layerOf(opened, shape.contentLayer), crop), COST_NAMES.features)
  for (const layer of shape.styleLayers) {
    const unrolled = unroll(tape, layerOf(opened, layer), cropAtLayer(shape.core, layer))
    tape.output(gram(tape, unrolled), COST_NAMES.gram(layer))
  }
  return tape.build('style-grams')
}

/**
 * Backward pass of one tile of a larger picture: each style layer's pull, the derivative of the
 * style costs by the Gram matrix of the whole picture times two, comes from outside, so that the
 * tiles' gradients add up to that of the whole.
 */
export function tileCostGraph(network: StyleNetwork, shape: CostGraphShape): OnnxModel {
  const opened = openWindow(network, shape)
  const { tape, window } = opened
  const seeds = [contentSeed(opened, shape)]
  for (const layer of shape.styleLayers) {
    const unrolled = unroll(tape, layerOf(opened, layer), cropAtLayer(shape.core, layer))
    const [channels] = unrolled.dims
    const pull = tape.input(COST_NAMES.pull(layer), [channels, channels])
    seeds.push(pulledSeed(opened, shape, layer, pull, unrolled))
  }
  const [gradient] = tape.backward(seeds, [window])
  tape.output(gradient, COST_NAMES.gradient)
  return tape.build('style-tile')
}
