import t from 'tap'
import { createSeededRandom } from '../../src/evaluation/statistics/random.js'
import {
  COST_NAMES,
  cropAtLayer,
  gramGraph,
  tileCostGraph,
  wholeCostGraph,
  type CostGraphShape,
} from '../../src/style/cost-graph.js'
import { contentCost, gramMatrix, layerStyleCost, stylePull } from '../../src/style/costs.js'
import type { StyleLayer } from '../../src/style/engine.js'
import { readStyleNetwork } from '../../src/style/network.js'
import { loadReference, referenceCosts } from '../../src/style/reference.js'
import { loadGraph, scalarFeed, type Feed } from '../../src/models/training/run-graph.js'
import { createPlainNetwork } from './plain-network.js'

const network = readStyleNetwork()
const CHANNELS = {
  conv1: 32,
  conv2: 32,
  conv3: 64,
  conv4: 80,
  conv5: 192,
  mixed0: 256,
  mixed1: 288,
}
const LAYERS: readonly StyleLayer[] = ['conv1', 'conv2', 'conv3', 'conv5', 'mixed0', 'mixed1']
const WINDOW = 48
const shape: CostGraphShape = {
  height: WINDOW,
  width: WINDOW,
  core: { top: 16, left: 8, height: 16, width: 24 },
  contentLayer: 'conv5',
  styleLayers: LAYERS,
}
const options = { threads: 1, executionProviders: ['cpu'] }
const random = createSeededRandom(12)

/** A picture with broad and fine structure. */
function randomWindow(side = WINDOW): Float32Array {
  const phases = Array.from({ length: 9 }, () => 6 * random())
  return Float32Array.from({ length: 3 * side * side }, (_, i) => {
    const c = Math.floor(i / (side * side))
    const x = i % side
    const y = Math.floor(i / side) % side
    const wave = Math.sin(x / (3 + c) + phases[c]) * Math.cos(y / (5 - c) + phases[c + 3])
    return 0.5 + 0.35 * wave + 0.1 * (random() - 0.5)
  })
}

function feedsFor(window: Float32Array, features: ReadonlyMap<string, Float32Array>) {
  const feeds: Record<string, Feed> = {
    [COST_NAMES.window]: { values: window, dims: [1, 3, WINDOW, WINDOW] },
    [COST_NAMES.contentTarget]: {
      values: features.get('conv5') ?? new Float32Array(),
      dims: [1, CHANNELS.conv5, 4, 6],
    },
    [COST_NAMES.contentWeight]: scalarFeed(0.7),
  }
  for (const [i, layer] of LAYERS.entries()) {
    const target = gramMatrix(features.get(layer) ?? new Float32Array(), CHANNELS[layer])
    feeds[COST_NAMES.gramTarget(layer)] = {
      values: target,
      dims: [CHANNELS[layer], CHANNELS[layer]],
    }
    feeds[COST_NAMES.styleWeight(layer)] = scalarFeed(2e5 / (i + 1))
  }
  return feeds
}

function relativeDistance(a: Float32Array, b: Float32Array): number {
  let distance = 0
  let norm = 0
  for (let i = 0; i < a.length; i++) {
    distance += (a[i] - b[i]) ** 2
    norm += b[i] ** 2
  }
  return Math.sqrt(distance / norm)
}

void t.test('the graph of costs and gradient', async (t) => {
  const plain = createPlainNetwork(network)
  const other = plain(randomWindow(), shape)
  const window = randomWindow()
  const own = plain(window, shape)
  const feeds = feedsFor(window, other)
  const graph = await loadGraph(wholeCostGraph(network, shape), options)
  t.teardown(() => graph.release())
  const outputs = await graph.run(feeds)
  const gradient = outputs[COST_NAMES.gradient]
  const weightOf = (layer: StyleLayer) => feeds[COST_NAMES.styleWeight(layer)].values[0]
  const sizeOf = (layer: StyleLayer) => ({
    channels: CHANNELS[layer],
    ...cropAtLayer(shape.core, layer),
  })
  const targetOf = (layer: StyleLayer) => feeds[COST_NAMES.gramTarget(layer)].values
  /** J from the plain network and the plain cost functions. */
  const plainTotal = (features: ReadonlyMap<string, Float32Array>) =>
    LAYERS.reduce(
      (sum, layer) => {
        const found = gramMatrix(features.get(layer) ?? new Float32Array(), CHANNELS[layer])
        return sum + weightOf(layer) * layerStyleCost(targetOf(layer), found, sizeOf(layer))
      },
      0.7 *
        contentCost(
          other.get('conv5') ?? new Float32Array(),
          features.get('conv5') ?? new Float32Array(),
        ),
    )

  await t.test('gives the costs of the plain loops', (t) => {
    const content = contentCost(
      other.get('conv5') ?? new Float32Array(),
      own.get('conv5') ?? new Float32Array(),
    )
    t.ok(Math.abs(outputs[COST_NAMES.contentCost][0] / content - 1) < 1e-4)
    for (const layer of LAYERS) {
      const found = gramMatrix(own.get(layer) ?? new Float32Array(), CHANNELS[layer])
      const cost = layerStyleCost(targetOf(layer), found, sizeOf(layer))
      t.ok(Math.abs(outputs[COST_NAMES.styleCost(layer)][0] / cost - 1) < 1e-3, layer)
    }
    t.end()
  })

  await t.test('gives the gradient that finite differences of the plain loops give', (t) => {
    for (let trial = 0; trial < 3; trial++) {
      const way = Float32Array.from({ length: window.length }, (_, i) =>
        trial === 0 ? gradient[i] : random() - 0.5,
      )
      const norm = Math.sqrt(way.reduce((sum, part) => sum + part * part, 0))
      const step = 0.02 / norm
      const moved = (sign: number) =>
        plainTotal(
          plain(
            window.map((value, i) => value + sign * step * way[i]),
            shape,
          ),
        )
      const measured = (moved(1) - moved(-1)) / (2 * step)
      const promised = way.reduce((sum, part, i) => sum + part * gradient[i], 0)
      const scale = norm * Math.sqrt(gradient.reduce((sum, part) => sum + part * part, 0))
      t.ok(Math.abs(measured - promised) < 2e-3 * scale, `${measured} for ${promised}`)
    }
    t.end()
  })

  await t.test('agrees with TensorFlow.js to 1e-3 of the gradient', async (t) => {
    const backend = await loadReference('node').catch(() => loadReference('cpu'))
    const expected = referenceCosts(backend, network, shape, feeds)
    const distance = relativeDistance(gradient, expected.gradient)
    t.ok(distance < 1e-3, `${distance} from ${backend.name}`)
    t.ok(Math.abs(outputs[COST_NAMES.contentCost][0] / expected.content - 1) < 1e-3)
    for (const [layer, cost] of expected.style) {
      t.ok(Math.abs(outputs[COST_NAMES.styleCost(layer)][0] / cost - 1) < 1e-3, layer)
    }
  })

  await t.test('is the same in two passes, as a tile takes them', async (t) => {
    const forward = await loadGraph(gramGraph(network, shape), options)
    const tile = await loadGraph(tileCostGraph(network, shape), options)
    t.teardown(() => Promise.all([forward.release(), tile.release()]))
    const seen = await forward.run({ [COST_NAMES.window]: feeds[COST_NAMES.window] })
    const tileFeeds: Record<string, Feed> = {
      [COST_NAMES.window]: feeds[COST_NAMES.window],
      [COST_NAMES.contentTarget]: feeds[COST_NAMES.contentTarget],
      [COST_NAMES.contentWeight]: feeds[COST_NAMES.contentWeight],
    }
    for (const layer of LAYERS) {
      const found = seen[COST_NAMES.gram(layer)]
      tileFeeds[COST_NAMES.pull(layer)] = {
        values: stylePull(targetOf(layer), found, sizeOf(layer), weightOf(layer)),
        dims: [CHANNELS[layer], CHANNELS[layer]],
      }
    }
    const again = await tile.run(tileFeeds)
    t.ok(relativeDistance(again[COST_NAMES.gradient], gradient) < 1e-4)
  })
})

const LARGE = 96

void t.test('a whole picture of 96 pixels has the gradient of TensorFlow.js', async (t) => {
  const core = { top: 0, left: 0, height: LARGE, width: LARGE }
  const whole: CostGraphShape = { ...shape, height: LARGE, width: LARGE, core }
  const pictureFeed = (): Feed => ({ values: randomWindow(LARGE), dims: [1, 3, LARGE, LARGE] })
  const forward = await loadGraph(gramGraph(network, whole), options)
  const graph = await loadGraph(wholeCostGraph(network, whole), options)
  t.teardown(() => Promise.all([forward.release(), graph.release()]))
  const aim = await forward.run({ [COST_NAMES.window]: pictureFeed() })
  const { height, width } = cropAtLayer(core, whole.contentLayer)
  const feeds: Record<string, Feed> = {
    [COST_NAMES.window]: pictureFeed(),
    [COST_NAMES.contentTarget]: {
      values: aim[COST_NAMES.features],
      dims: [1, CHANNELS.conv5, height, width],
    },
    [COST_NAMES.contentWeight]: scalarFeed(0.7),
  }
  for (const layer of LAYERS) {
    const channels = CHANNELS[layer]
    const values = aim[COST_NAMES.gram(layer)]
    feeds[COST_NAMES.gramTarget(layer)] = { values, dims: [channels, channels] }
    feeds[COST_NAMES.styleWeight(layer)] = scalarFeed(1e4)
  }
  const backend = await loadReference('node').catch(() => loadReference('cpu'))
  const expected = referenceCosts(backend, network, whole, feeds)
  const gradient = (await graph.run(feeds))[COST_NAMES.gradient]
  const distance = relativeDistance(gradient, expected.gradient)
  t.ok(distance < 1e-3, `${distance} from ${backend.name}`)
  t.comment(`relative distance ${distance.toExponential(1)} from ${backend.name}`)
})
