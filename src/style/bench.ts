import type { Image } from '../frame/image.js'
import { resizeImage } from '../frame/resize.js'
import { COST_NAMES, gramGraph, wholeCostGraph, type CostGraphShape } from './cost-graph.js'
import { STYLE_LAYERS } from './engine.js'
import { openEvaluator } from './evaluator.js'
import { createAdam } from './minimise.js'
import { readStyleNetwork } from './network.js'
import { paintPattern } from './patterns.js'
import { toPlanes } from './planes.js'
import { referenceCosts, type ReferenceBackend } from './reference.js'
import { loadGraph, scalarFeed, type Feed } from '../models/training/run-graph.js'
import { DEFAULT_STYLE_SETTINGS } from './settings.js'
import { stylize } from './stylize.js'

/** Rate of the reference's Adam, the best of the study that chose it. */
const REFERENCE_RATE = 0.03

/** The engine and its reference on the same picture. */
export interface CostBench {
  /** One evaluation of costs and gradient. @returns the gradient, planar */
  engine(): Promise<Float32Array>
  reference(backend: ReferenceBackend): Float32Array
  /**
   * J of the default run beside that of Adam on the pixels at full size from the content, which is
   * what the reference would do; its gradients are the engine's, which are the same.
   */
  compareWithAdam(steps: number): Promise<{ defaultRun: number; adam: number; ratio: number }>
  release(): Promise<void>
}

/** ‖a − b‖ ÷ ‖b‖. */
export function relativeDistance(a: Float32Array, b: Float32Array): number {
  let distance = 0
  let norm = 0
  for (let i = 0; i < a.length; i++) {
    distance += (a[i] - b[i]) ** 2
    norm += b[i] ** 2
  }
  return Math.sqrt(distance / norm)
}

/** Prepares a square of the content and the first painted style at one size. */
export async function openCostBench(
  content: Image,
  sizePixels: number,
  threads: number,
): Promise<CostBench> {
  const settings = { ...DEFAULT_STYLE_SETTINGS, sizePixels }
  const network = readStyleNetwork()
  const layers = STYLE_LAYERS.filter((layer) => (settings.styleLayers[layer] ?? 0) > 0)
  const shape: CostGraphShape = {
    height: sizePixels,
    width: sizePixels,
    core: { top: 0, left: 0, height: sizePixels, width: sizePixels },
    contentLayer: settings.contentLayer,
    styleLayers: layers,
  }
  const options = { threads, executionProviders: ['cpu'] }
  const pattern = paintPattern('strokes')
  if (pattern === undefined) throw new Error('there is no pattern strokes')
  const square = resizeImage(content, sizePixels, sizePixels)
  const style = resizeImage(pattern, sizePixels, sizePixels)
  const window = (image: Image): Feed => ({
    values: toPlanes(image).data,
    dims: [1, 3, sizePixels, sizePixels],
  })
  const forward = await loadGraph(gramGraph(network, shape), options)
  const seenContent = await forward.run({ [COST_NAMES.window]: window(square) })
  const seenStyle = await forward.run({ [COST_NAMES.window]: window(style) })
  await forward.release()
  const target = seenContent[COST_NAMES.features]
  const cells = (sizePixels / 4) ** 2
  // A step away from the content, so that its cost has a gradient too.
  const feeds: Record<string, Feed> = {
    [COST_NAMES.window]: { ...window(square), values: window(square).values.map((v) => 0.9 * v) },
    [COST_NAMES.contentTarget]: {
      values: target,
      dims: [1, target.length / cells, sizePixels / 4, sizePixels / 4],
    },
    [COST_NAMES.contentWeight]: scalarFeed(1 / target.length),
  }
  for (const layer of layers) {
    const gram = seenStyle[COST_NAMES.gram(layer)]
    const channels = Math.sqrt(gram.length)
    feeds[COST_NAMES.gramTarget(layer)] = { values: gram, dims: [channels, channels] }
    feeds[COST_NAMES.styleWeight(layer)] = scalarFeed(10)
  }
  const graph = await loadGraph(wholeCostGraph(network, shape), options)
  return {
    engine: async () => (await graph.run(feeds))[COST_NAMES.gradient],
    reference: (backend) => referenceCosts(backend, network, shape, feeds).gradient,
    async compareWithAdam(steps) {
      const run = await stylize({ content: square, style: pattern, settings }, { threads })
      const evaluator = await openEvaluator(network, toPlanes(square), toPlanes(style), settings, {
        ...options,
        maxTilePixels: sizePixels,
      })
      const judge = async (data: Float32Array) => {
        const { costs, gradient } = await evaluator.evaluate({
          width: sizePixels,
          height: sizePixels,
          data,
        })
        return { value: costs.total, gradient }
      }
      const adam = createAdam(judge, toPlanes(square).data, () => REFERENCE_RATE)
      let least = Infinity
      for (let i = 0; i < steps; i++) {
        await adam.step()
        least = Math.min(least, adam.value)
      }
      await evaluator.release()
      return { defaultRun: run.costs.total, adam: least, ratio: run.costs.total / least }
    },
    release: () => graph.release(),
  }
}
