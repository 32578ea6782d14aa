import t from 'tap'
import { createSeededRandom } from '../../src/evaluation/statistics/random.js'
import { createImage } from '../../src/frame/image.js'
import { paintPattern } from '../../src/style/patterns.js'
import { loadGraph, type Feed } from '../../src/models/training/run-graph.js'
import { openStylizer, quantizeStylizer } from '../../src/style/stylizer.js'
import { addStylizer, firstWeights, stylizerFeeds } from '../../src/style/stylizer-net.js'
import { createTape, type Value } from '../../src/models/training/tape.js'

const options = { threads: 1, executionProviders: ['cpu'] }
const SIDE = 16

void t.test("the stylizer's weights have the gradients that finite differences give", async (t) => {
  const random = createSeededRandom(3)
  const dims = [1, 3, SIDE, SIDE]
  const tape = createTape()
  const trained: Value[] = []
  const made = addStylizer(tape, tape.input('window', dims), trained)
  const halved = tape.plain('ReduceSumSquare', [made], [], { keepdims: 0 })
  tape.output(tape.plain('Mul', [halved, tape.scalar(0.5)], []), 'cost')
  const gradients = tape.backward([[made, made]], trained)
  for (const [i, value] of trained.entries()) tape.output(gradients[i], `${value.name}_gradient`)
  const graph = await loadGraph(tape.build('test'), options)
  t.teardown(() => graph.release())

  const weights = firstWeights(1)
  const window: Feed = { values: Float32Array.from({ length: 768 }, random), dims }
  const run = () => graph.run({ ...stylizerFeeds(weights), window })
  const outputs = await run()
  for (const [name, { filters, bias }] of weights) {
    for (const [part, values] of Object.entries({ filters, bias })) {
      const gradient = outputs[`${name}_${part}_gradient`]
      t.equal(gradient.length, values.length)
      // Along the gradient itself the slope is its squared length.
      const squared = gradient.reduce((sum, v) => sum + v * v, 0)
      const step = 0.005 / Math.sqrt(squared)
      const kept = values.slice()
      const costAt = async (sign: number) => {
        for (let i = 0; i < values.length; i++) values[i] = kept[i] + sign * step * gradient[i]
        return (await run())['cost'][0]
      }
      const measured = ((await costAt(1)) - (await costAt(-1))) / (2 * step)
      values.set(kept)
      t.ok(Math.abs(measured / squared - 1) < 0.03, `${name} ${part}: ${measured / squared}`)
    }
  }
})

void t.test('the net in 8 bits is small and gives a picture of the same size', async (t) => {
  const random = createSeededRandom(4)
  const squares = [0, 1].map(() => Float32Array.from({ length: 3 * 64 * 64 }, random))
  const file = await quantizeStylizer(firstWeights(2), squares, 64, 'noise')
  t.ok(file.length < 150_000, `${file.length} bytes`)
  const stylizer = openStylizer('test', file, options)
  t.teardown(() => stylizer.release())
  const picture = paintPattern('mosaic', 50) ?? createImage(1, 1, new Uint8Array(3))
  const result = await stylizer.stylize(picture)
  t.same([result.width, result.height], [50, 50])
  const small = createImage(8, 8, new Uint8Array(192))
  await t.rejects(stylizer.stylize(small), { name: 'StyleError', fault: 'picture-too-small' })
})
