import t from 'tap'
import { createSeededRandom } from '../../../src/evaluation/statistics/random.js'
import {
  firstMaskWeights,
  MASK_LAYERS,
  MASK_NAMES,
  maskModel,
  maskTrainingGraph,
} from '../../../src/liveness/worn-mask/mask-net.js'
import { loadGraph } from '../../../src/models/training/run-graph.js'
import { weightFeeds } from '../../../src/models/training/trained-conv.js'

const OPTIONS = { threads: 1, executionProviders: ['cpu'] }
const SIDE = 16
const BATCH = 3

void t.test('the weights have the gradients that finite differences give', async (t) => {
  const random = createSeededRandom(5)
  const graph = await loadGraph(maskTrainingGraph(BATCH, SIDE), OPTIONS)
  t.teardown(() => graph.release())
  const weights = firstMaskWeights(1, SIDE)
  for (let i = 0; i < weights.places.length; i++) weights.places[i] *= 20
  const targets = Float32Array.of(1, 0, 1)
  const faces = Float32Array.from({ length: BATCH * 3 * SIDE * SIDE }, () => random() - 0.5)
  const run = () =>
    graph.run({
      ...weightFeeds(MASK_LAYERS, weights.convolutions),
      [MASK_NAMES.places]: { values: weights.places, dims: [weights.places.length, 1] },
      [MASK_NAMES.input]: { values: faces, dims: [BATCH, 3, SIDE, SIDE] },
      [MASK_NAMES.targets]: { values: targets, dims: [BATCH, 1] },
    })
  const lossOf = (logits: Float32Array) =>
    logits.reduce((sum, z, i) => sum + Math.log1p(Math.exp(z)) - z * targets[i], 0) / BATCH
  const outputs = await run()
  const parts: [string, Float32Array][] = [['places', weights.places]]
  for (const [name, { filters, bias }] of weights.convolutions) {
    parts.push([`${name}_filters`, filters], [`${name}_bias`, bias])
  }
  for (const [name, values] of parts) {
    const gradient = outputs[`${name}_gradient`]
    t.equal(gradient.length, values.length, name)
    // Along the gradient itself the slope is its squared length.
    const squared = gradient.reduce((sum, v) => sum + v * v, 0)
    const step = 0.002 / Math.sqrt(squared)
    const kept = values.slice()
    const lossAt = async (sign: number) => {
      for (let i = 0; i < values.length; i++) values[i] = kept[i] + sign * step * gradient[i]
      return lossOf((await run())[MASK_NAMES.logits])
    }
    const measured = ((await lossAt(1)) - (await lossAt(-1))) / (2 * step)
    values.set(kept)
    t.ok(Math.abs(measured / squared - 1) < 0.05, `${name}: ${measured / squared}`)
  }
})

void t.test('the model that is shipped is the mean of those that were trained', async (t) => {
  const random = createSeededRandom(6)
  const weights = firstMaskWeights(2, SIDE)
  const training = await loadGraph(maskTrainingGraph(1, SIDE), OPTIONS)
  const shipped = await loadGraph(maskModel([weights, weights], SIDE), OPTIONS)
  t.teardown(() => Promise.all([training.release(), shipped.release()]))
  const input = {
    values: Float32Array.from({ length: 3 * SIDE * SIDE }, () => random() - 0.5),
    dims: [1, 3, SIDE, SIDE],
  }
  const trained = await training.run({
    ...weightFeeds(MASK_LAYERS, weights.convolutions),
    [MASK_NAMES.places]: { values: weights.places, dims: [weights.places.length, 1] },
    [MASK_NAMES.targets]: { values: Float32Array.of(0), dims: [1, 1] },
    [MASK_NAMES.input]: input,
  })
  const [bare, worn] = (await shipped.run({ [MASK_NAMES.input]: input }))[MASK_NAMES.logits]
  t.ok(Math.abs(2 * (worn - bare) - trained[MASK_NAMES.logits][0]) < 1e-5, 'at temperature 2')
})
