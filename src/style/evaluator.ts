import type { StyleCosts, StyleLayer, StyleSettings } from './engine.js'
import {
  COST_NAMES,
  cropAtLayer,
  gramGraph,
  LAYER_STRIDES,
  tileCostGraph,
  wholeCostGraph,
  type CostGraphShape,
} from './cost-graph.js'
import { layerStyleCost, scaleGram, stylePull } from './costs.js'
import type { LayerSize } from './costs.js'
import type { StyleNetwork } from './network.js'
import { addRangeCost, addTotalVariation } from './pixel-costs.js'
import { addWindow, cutWindow, type Planes, type Window } from './planes.js'
import {
  loadGraph,
  scalarFeed,
  type Feed,
  type RunningGraph,
  type RunOptions,
} from '../models/training/run-graph.js'
import type { Crop } from '../models/training/tape.js'

/** J and its gradient by the pixels. */
export interface Evaluation {
  readonly costs: StyleCosts
  /** Planar like the picture. */
  readonly gradient: Float32Array
}

/** J of one content, one style and one size. */
export interface Evaluator {
  readonly width: number
  readonly height: number
  /** Tiles that the picture is seen in. */
  readonly tiles: number
  evaluate(picture: Planes): Promise<Evaluation>
  release(): Promise<void>
}

/** Everything that an evaluator needs of its surroundings. */
export interface EvaluatorOptions extends RunOptions {
  /** Longest side of a tile's core; a larger picture is seen in tiles, which bounds the memory. */
  readonly maxTilePixels: number
}

/** Deepest stride: windows and cores are multiples of it. */
const GRID = 8
/**
 * Mirrored or neighbouring pixels around each core, so that the network's zero padding is not seen.
 * Where the picture is whole, only the deepest layers would reach further.
 */
const HALO_WHOLE = 16
const HALO_TILED = 48
/** Weight of values outside 0..1, against costs that are about 1. */
const RANGE_WEIGHT = 30
/** A layer's style cost is taken as at least this share of the style itself when balancing. */
const LEAST_STYLE_SHARE = 1e-3

/** A content layer's energy is taken as at least this share of its squares: it may be of one colour. */
const LEAST_CONTENT_SHARE = 1e-2

/** How a picture is cut into windows of one size. */
interface Tiling {
  readonly shape: Pick<CostGraphShape, 'height' | 'width' | 'core'>
  readonly windows: readonly Window[]
}

function axisTiles(size: number, maxCore: number): { core: number; count: number } {
  const count = Math.ceil(size / maxCore)
  return { core: GRID * Math.ceil(size / count / GRID), count }
}

function planTiles(width: number, height: number, maxCore: number): Tiling {
  const down = axisTiles(height, maxCore)
  const across = axisTiles(width, maxCore)
  const halo = down.count * across.count === 1 ? HALO_WHOLE : HALO_TILED
  const windowHeight = down.core + 2 * halo
  const windowWidth = across.core + 2 * halo
  const core: Crop = { top: halo, left: halo, height: down.core, width: across.core }
  const windows: Window[] = []
  for (let row = 0; row < down.count; row++) {
    for (let column = 0; column < across.count; column++) {
      windows.push({
        top: row * down.core - halo,
        left: column * across.core - halo,
        height: windowHeight,
        width: windowWidth,
      })
    }
  }
  return { shape: { height: windowHeight, width: windowWidth, core }, windows }
}

/** What a forward pass over all tiles finds. */
interface Features {
  /** The content layer, tile by tile. */
  readonly content: readonly Float32Array[]
  readonly grams: ReadonlyMap<StyleLayer, Float32Array>
}

function of<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key)
  if (value === undefined) throw new Error(`nothing is known of ${String(key)}`)
  return value
}

async function lookAt(
  graph: RunningGraph,
  picture: Planes,
  { shape, windows }: Tiling,
  layers: readonly StyleLayer[],
  wantContent: boolean,
): Promise<Features> {
  const content: Float32Array[] = []
  const grams = new Map<StyleLayer, Float32Array>()
  for (const window of windows) {
    const feed: Feed = {
      values: cutWindow(picture, window),
      dims: [1, 3, shape.height, shape.width],
    }
    const outputs = await graph.run({ [COST_NAMES.window]: feed })
    if (wantContent) content.push(outputs[COST_NAMES.features])
    for (const layer of layers) {
      const found = outputs[COST_NAMES.gram(layer)]
      const sofar = grams.get(layer)
      if (sofar === undefined) grams.set(layer, found)
      else for (let i = 0; i < sofar.length; i++) sofar[i] += found[i]
    }
  }
  return { content, grams }
}

/** ½ of the squared distance of a layer from each filter's mean: the cost of having lost all form. */
export function contentEnergy(tiles: readonly Float32Array[], channels: number): number {
  const cells = tiles[0].length / channels
  let energy = 0
  let whole = 0
  for (let c = 0; c < channels; c++) {
    let sum = 0
    let squares = 0
    for (const tile of tiles) {
      for (let i = c * cells; i < (c + 1) * cells; i++) {
        sum += tile[i]
        squares += tile[i] * tile[i]
      }
    }
    energy += squares - (sum * sum) / (cells * tiles.length)
    whole += squares
  }
  return Math.max(energy, LEAST_CONTENT_SHARE * whole, Number.EPSILON) / 2
}

/** Cells of a layer that count, over all tiles. */
function layerSize(tiling: Tiling, layer: StyleLayer, gram: Float32Array): LayerSize {
  const { height, width } = cropAtLayer(tiling.shape.core, layer)
  return { channels: Math.sqrt(gram.length), height: height * tiling.windows.length, width }
}

/**
 * Makes J of a content and a style at the content's size: measures the targets, and loads the graph
 * that will be run at each step. A picture larger than a tile is seen in tiles with overlapping
 * surroundings, twice a step: first for the Gram matrices of the whole, then for the gradient.
 */
export async function openEvaluator(
  network: StyleNetwork,
  content: Planes,
  style: Planes,
  settings: StyleSettings,
  options: EvaluatorOptions,
): Promise<Evaluator> {
  const layers = (Object.keys(LAYER_STRIDES) as StyleLayer[]).filter(
    (layer) => (settings.styleLayers[layer] ?? 0) > 0,
  )
  const { width, height } = content
  const { contentLayer } = settings
  const tiling = planTiles(width, height, options.maxTilePixels)
  const shape: CostGraphShape = { ...tiling.shape, contentLayer, styleLayers: layers }

  const forward = await loadGraph(gramGraph(network, shape), options)
  const own = await lookAt(forward, content, tiling, layers, true)
  const styleTiling = planTiles(style.width, style.height, options.maxTilePixels)
  const styleForward = await loadGraph(
    gramGraph(network, { ...styleTiling.shape, contentLayer, styleLayers: layers }),
    options,
  )
  const seen = await lookAt(styleForward, style, styleTiling, layers, false)
  await styleForward.release()

  const cells = (plan: Tiling, layer: StyleLayer) => {
    const crop = cropAtLayer(plan.shape.core, layer)
    return crop.height * crop.width * plan.windows.length
  }
  const targets = new Map<StyleLayer, Float32Array>()
  const sizes = new Map<StyleLayer, LayerSize>()
  /** β·λ^[l], and what balances the layers. */
  const weights = new Map<StyleLayer, number>()
  const lambdas = layers.reduce((sum, layer) => sum + (settings.styleLayers[layer] ?? 0), 0)
  for (const layer of layers) {
    const target = scaleGram(of(seen.grams, layer), cells(styleTiling, layer), cells(tiling, layer))
    const ownGram = of(own.grams, layer)
    const size = layerSize(tiling, layer, ownGram)
    const lambda = settings.styleLayers[layer] ?? 0
    const distance = layerStyleCost(target, ownGram, size)
    const whole = layerStyleCost(target, new Float32Array(target.length), size)
    const unit = lambdas * Math.max(distance, LEAST_STYLE_SHARE * whole, Number.MIN_VALUE)
    targets.set(layer, target)
    sizes.set(layer, size)
    weights.set(layer, settings.beta * lambda * (settings.weighting === 'balanced' ? 1 / unit : 1))
  }
  const contentCrop = cropAtLayer(shape.core, contentLayer)
  const contentChannels = own.content[0].length / (contentCrop.height * contentCrop.width)
  const energy = contentEnergy(own.content, contentChannels)
  const alpha = settings.alpha * (settings.weighting === 'balanced' ? 1 / energy : 1)
  const contentDims = [1, contentChannels, contentCrop.height, contentCrop.width]

  const whole = tiling.windows.length === 1
  if (whole) await forward.release()
  const graph = await loadGraph(
    whole ? wholeCostGraph(network, shape) : tileCostGraph(network, shape),
    options,
  )

  const windowFeed = (picture: Planes, window: Window): Feed => ({
    values: cutWindow(picture, window),
    dims: [1, 3, shape.height, shape.width],
  })
  const gramDims = (layer: StyleLayer) => {
    const { channels } = of(sizes, layer)
    return [channels, channels]
  }

  const evaluateWhole = async (picture: Planes, gradient: Planes) => {
    const feeds: Record<string, Feed> = {
      [COST_NAMES.window]: windowFeed(picture, tiling.windows[0]),
      [COST_NAMES.contentTarget]: { values: own.content[0], dims: contentDims },
      [COST_NAMES.contentWeight]: scalarFeed(alpha),
    }
    for (const layer of layers) {
      feeds[COST_NAMES.gramTarget(layer)] = { values: of(targets, layer), dims: gramDims(layer) }
      feeds[COST_NAMES.styleWeight(layer)] = scalarFeed(of(weights, layer))
    }
    const outputs = await graph.run(feeds)
    addWindow(gradient, tiling.windows[0], outputs[COST_NAMES.gradient])
    return {
      content: alpha * outputs[COST_NAMES.contentCost][0],
      style: layers.reduce(
        (sum, layer) => sum + of(weights, layer) * outputs[COST_NAMES.styleCost(layer)][0],
        0,
      ),
    }
  }

  const evaluateTiles = async (picture: Planes, gradient: Planes) => {
    const { grams } = await lookAt(forward, picture, tiling, layers, false)
    const pulls: Record<string, Feed> = {}
    let styleCost = 0
    for (const layer of layers) {
      const [target, found, size] = [of(targets, layer), of(grams, layer), of(sizes, layer)]
      const weight = of(weights, layer)
      styleCost += weight * layerStyleCost(target, found, size)
      const values = stylePull(target, found, size, weight)
      pulls[COST_NAMES.pull(layer)] = { values, dims: gramDims(layer) }
    }
    let contentSum = 0
    for (const [i, window] of tiling.windows.entries()) {
      const outputs = await graph.run({
        ...pulls,
        [COST_NAMES.window]: windowFeed(picture, window),
        [COST_NAMES.contentTarget]: { values: own.content[i], dims: contentDims },
        [COST_NAMES.contentWeight]: scalarFeed(alpha),
      })
      addWindow(gradient, window, outputs[COST_NAMES.gradient])
      contentSum += alpha * outputs[COST_NAMES.contentCost][0]
    }
    return { content: contentSum, style: styleCost }
  }

  return {
    width,
    height,
    tiles: tiling.windows.length,
    async evaluate(picture) {
      const gradient: Planes = { width, height, data: new Float32Array(3 * width * height) }
      const { content: contentPart, style: stylePart } = await (
        whole ? evaluateWhole : evaluateTiles
      )(picture, gradient)
      const totalVariation =
        settings.totalVariation === 0
          ? 0
          : addTotalVariation(picture, settings.totalVariation, gradient.data)
      const range = addRangeCost(picture, RANGE_WEIGHT, gradient.data)
      const total = contentPart + stylePart + totalVariation + range
      return {
        costs: { total, content: contentPart, style: stylePart, totalVariation, range },
        gradient: gradient.data,
      }
    },
    async release() {
      await graph.release()
      if (!whole) await forward.release()
    },
  }
}
