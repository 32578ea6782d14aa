import { createSeededRandom } from '../evaluation/statistics/random.js'
import type { Image } from '../frame/image.js'
import { resizeImage } from '../frame/resize.js'
import { COST_NAMES, cropAtLayer, gramGraph, type CostGraphShape } from './cost-graph.js'
import { layerStyleCost } from './costs.js'
import { STYLE_LAYERS, type StyleLayer, type StyleSettings } from './engine.js'
import { contentEnergy } from './evaluator.js'
import type { StyleNetwork } from './network.js'
import { cutWindow, toPlanes, type Planes } from './planes.js'
import { createAdam } from '../models/training/adam.js'
import { loadGraph, type Feed, type RunOptions } from '../models/training/run-graph.js'
import { WEIGHT_NAMES } from '../models/training/trained-conv.js'
import { firstWeights, STYLIZER_HALO, stylizerFeeds, type StylizerWeights } from './stylizer-net.js'
import { TRAINING_COST, trainingGraph, type TrainingCosts } from './training-graph.js'

/** What a stylizer is trained for and how long. */
export interface TrainingOptions extends RunOptions {
  readonly steps: number
  readonly maxMinutes: number
  /** Side of the squares of the pictures, in pixels, a multiple of 8. */
  readonly sidePixels: number
  readonly seed: number
  readonly settings: StyleSettings
  readonly onStep: (step: number, cost: number) => void
}

const FIRST_RATE = 4e-3
const LAST_RATE = 2e-4
const DECAY = 0.9
const SQUARE_DECAY = 0.99
const HALO = STYLIZER_HALO
/** Smoothing of the reported cost. */
const COST_DECAY = 0.98
/** Squares that the style, the pictures' own style, and the content's energy are measured on. */
const STYLE_SQUARES = 24
const CONTENT_SQUARES = 12
const ENERGY_SQUARES = 8
/** The style picture's longer side in windows, at a stroke scale of 1. */
const STYLE_WINDOWS = 2

/** A random square of a picture, at a random size, sometimes mirrored. */
function randomSquare(
  pictures: readonly Planes[],
  side: number,
  random: () => number,
): Float32Array {
  const picture = pictures[Math.floor(random() * pictures.length)]
  const top = Math.floor(random() * Math.max(1, picture.height - side))
  const left = Math.floor(random() * Math.max(1, picture.width - side))
  const cut = cutWindow(picture, { top, left, height: side, width: side })
  if (random() < 0.5) {
    for (let row = 0; row < 3 * side; row++) cut.subarray(row * side, (row + 1) * side).reverse()
  }
  return cut
}

/** Each picture at several sizes, so that faces are seen large and small. */
function atSeveralSizes(pictures: readonly Image[], side: number): Planes[] {
  return pictures.flatMap((picture) =>
    [1.2, 1.8, 3].map((factor) => {
      const scale = (factor * side) / Math.min(picture.width, picture.height)
      const size = (pixels: number) => Math.max(side, Math.round(pixels * scale))
      return toPlanes(resizeImage(picture, size(picture.width), size(picture.height)))
    }),
  )
}

/**
 * Trains a stylizer on the squares of some pictures against the very costs of the optimisation: one
 * ONNX graph runs the stylizer, the style network on its result, the costs, and the backward pass to
 * the stylizer's weights; Adam moves them.
 */
export async function trainStylizer(
  network: StyleNetwork,
  style: Image,
  pictures: readonly Image[],
  options: TrainingOptions,
): Promise<StylizerWeights> {
  const { settings, sidePixels: side } = options
  const window = side + 2 * HALO
  const layers = STYLE_LAYERS.filter((layer) => (settings.styleLayers[layer] ?? 0) > 0)
  const shape: CostGraphShape = {
    height: window,
    width: window,
    core: { top: HALO, left: HALO, height: side, width: side },
    contentLayer: settings.contentLayer,
    styleLayers: layers,
  }
  const random = createSeededRandom(options.seed)
  const squares = atSeveralSizes(pictures, window)

  const forward = await loadGraph(gramGraph(network, shape), options)
  const dims = [1, 3, window, window]
  const look = (values: Float32Array) => forward.run({ [COST_NAMES.window]: { values, dims } })
  /** Mean Gram matrices over squares. */
  const meanGrams = async (from: readonly Planes[], count: number) => {
    const sums = new Map<StyleLayer, Float32Array>()
    for (let i = 0; i < count; i++) {
      const seen = await look(randomSquare(from, window, random))
      for (const layer of layers) {
        const gram = seen[COST_NAMES.gram(layer)]
        const sum = sums.get(layer) ?? new Float32Array(gram.length)
        for (let k = 0; k < gram.length; k++) sum[k] += gram[k] / count
        sums.set(layer, sum)
      }
    }
    return sums
  }
  const styleScale =
    (STYLE_WINDOWS * settings.strokeScale * window) / Math.max(style.width, style.height)
  const styleSide = (pixels: number) => Math.max(window, Math.round(pixels * styleScale))
  const stylePlanes = [
    toPlanes(resizeImage(style, styleSide(style.width), styleSide(style.height))),
  ]
  const targets = await meanGrams(stylePlanes, STYLE_SQUARES)
  const own = await meanGrams(squares, CONTENT_SQUARES)
  let energy = 0
  const contentCrop = cropAtLayer(shape.core, settings.contentLayer)
  for (let i = 0; i < ENERGY_SQUARES; i++) {
    const features = (await look(randomSquare(squares, window, random)))[COST_NAMES.features]
    const channels = features.length / (contentCrop.height * contentCrop.width)
    energy += contentEnergy([features], channels) / ENERGY_SQUARES
  }
  await forward.release()

  const styleWeights = new Map<StyleLayer, number>()
  for (const layer of layers) {
    const [target, before] = [targets.get(layer), own.get(layer)]
    if (target === undefined || before === undefined) continue
    const { height, width } = cropAtLayer(shape.core, layer)
    const size = { channels: Math.sqrt(target.length), height, width }
    const unit = layers.length * layerStyleCost(target, before, size)
    styleWeights.set(layer, (settings.beta * (settings.styleLayers[layer] ?? 0)) / unit)
  }
  const costs: TrainingCosts = {
    contentWeight: settings.alpha / energy,
    styleWeights,
    wishes: targets,
    totalVariation: settings.totalVariation,
  }
  const graph = await loadGraph(trainingGraph(network, shape, costs), options)

  const weights = firstWeights(options.seed)
  const parts = [...weights].flatMap(([name, { filters, bias }]) => [
    { values: filters, gradient: WEIGHT_NAMES.filtersGradient(name) },
    { values: bias, gradient: WEIGHT_NAMES.biasGradient(name) },
  ])
  const adam = createAdam(
    parts.map(({ values }) => values),
    { decay: DECAY, squareDecay: SQUARE_DECAY },
  )
  const endMs = performance.now() + options.maxMinutes * 60_000
  const startMs = performance.now()
  let smoothed: number | undefined
  for (let step = 1; step <= options.steps; step++) {
    const feeds: Record<string, Feed> = {
      ...stylizerFeeds(weights),
      [COST_NAMES.window]: { values: randomSquare(squares, window, random), dims },
    }
    const outputs = await graph.run(feeds)
    const [cost] = outputs[TRAINING_COST]
    smoothed = smoothed === undefined ? cost : COST_DECAY * smoothed + (1 - COST_DECAY) * cost
    const done = Math.max(step / options.steps, (performance.now() - startMs) / (endMs - startMs))
    const rate = FIRST_RATE * (LAST_RATE / FIRST_RATE) ** Math.min(1, done)
    adam.step(
      parts.map(({ gradient }) => outputs[gradient]),
      rate,
    )
    options.onStep(step, smoothed)
    if (performance.now() > endMs) break
  }
  await graph.release()
  return weights
}
