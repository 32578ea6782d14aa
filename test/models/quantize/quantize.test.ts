import fc from 'fast-check'
import t from 'tap'
import { decodeModel, encodeModel } from '../../../src/models/onnx/codec.js'
import { constantConv, indexGraph } from '../../../src/models/onnx/edit.js'
import { openRunner } from '../../../src/models/onnx/infer.js'
import { floatTensor, makeNode, type OnnxModel } from '../../../src/models/onnx/model.js'
import {
  equalisationFactors,
  equalise,
  findChannelSpaces,
} from '../../../src/models/quantize/channel-spaces.js'
import { correctBiases } from '../../../src/models/quantize/bias-correction.js'
import {
  quantizationConstantsSchema,
  type QuantizationConstants,
} from '../../../src/models/quantize/constants.js'
import { activationGrid } from '../../../src/models/quantize/insert-qdq.js'
import { measureMagnitudes, measureRanges } from '../../../src/models/quantize/measure-ranges.js'
import { applyQuantization, calibrate } from '../../../src/models/quantize/quantize.js'
import { measureSensitivity, resultsOf } from '../../../src/models/quantize/sensitivity.js'
import { splitPRelu } from '../../../src/models/quantize/split-prelu.js'
import { weightScales } from '../../../src/models/quantize/weight-scales.js'
import { cosine, maxDifference } from '../real-faces.js'

function noise(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin((i + 1) * seed * 12.9898) * 0.8)
}

/** How unlike the channels before the depthwise convolution are; what follows undoes it. */
const uneven = [1, 30, 0.1, 4, 12, 0.5, 1, 60]

/** A residual net with every kind of layer that the quantizer knows; slopes on both sides of 1. */
const net: OnnxModel = {
  irVersion: 7,
  opset: 11,
  producer: 'test',
  graph: {
    name: 'g',
    nodes: [
      makeNode('Conv', ['x', 'w0', 'b0'], 'stem', { pads: [1, 1, 1, 1] }),
      makeNode('Conv', ['stem', 'w1', 'b1'], 'e'),
      makeNode('PRelu', ['e', 's1'], 'ep'),
      makeNode('Conv', ['ep', 'w2', 'b2'], 'd', { group: 8, pads: [1, 1, 1, 1] }),
      makeNode('PRelu', ['d', 's2'], 'dp'),
      makeNode('Conv', ['dp', 'w3', 'b3'], 'p'),
      makeNode('Add', ['stem', 'p'], 'sum'),
      makeNode('Conv', ['sum', 'w4', 'b4'], 'r'),
      makeNode('Relu', ['r'], 'rr'),
      makeNode('Conv', ['rr', 'w5'], 'y'),
    ],
    initializers: new Map([
      ['w0', floatTensor([4, 3, 3, 3], noise(108, 1))],
      ['b0', floatTensor([4], noise(4, 2))],
      [
        'w1',
        floatTensor(
          [8, 4, 1, 1],
          noise(32, 3).map((v, i) => v * uneven[i >> 2]),
        ),
      ],
      [
        'b1',
        floatTensor(
          [8],
          noise(8, 4).map((v, c) => v * uneven[c]),
        ),
      ],
      ['s1', floatTensor([8, 1, 1], [0.1, -0.4, 0, 1.3, 0.5, 0.9, -1.2, 2])],
      [
        'w2',
        floatTensor(
          [8, 1, 3, 3],
          noise(72, 5).map((v, i) => (0.4 * v) / uneven[Math.floor(i / 9)]),
        ),
      ],
      ['b2', floatTensor([8], noise(8, 6))],
      ['s2', floatTensor([8, 1, 1], [0.2, 0.3, -0.1, 0, 1.1, 0.25, 0.7, -0.6])],
      [
        'w3',
        floatTensor(
          [4, 8, 1, 1],
          noise(32, 7).map((v) => v * 0.6),
        ),
      ],
      ['b3', floatTensor([4], noise(4, 8))],
      ['w4', floatTensor([6, 4, 1, 1], noise(24, 9))],
      ['b4', floatTensor([6], noise(6, 10))],
      ['w5', floatTensor([5, 6, 1, 1], noise(30, 11))],
    ]),
    inputs: [{ name: 'x', type: 'float32', dims: [1, 3, 8, 8] }],
    outputs: [{ name: 'y', type: 'float32', dims: [1, 5, 8, 8] }],
  },
}
const inputs = Array.from({ length: 8 }, (_, i) => noise(192, 20 + i))

const calibration = {
  method: { kind: 'min-max' },
  accumulator: 'int16',
  data: 'synthetic',
} as const

t.test('an activation grid holds zero exactly and covers its range', (t) => {
  const finite = fc.float({ min: -1000, max: 1000, noNaN: true })
  fc.assert(
    fc.property(finite, finite, (a, b) => {
      const range = [Math.min(a, b), Math.max(a, b)] as const
      const { scale, zeroPoint } = activationGrid(range)
      const lowest = (0 - zeroPoint) * scale
      const highest = (255 - zeroPoint) * scale
      return (
        scale > 0 &&
        Number.isInteger(zeroPoint) &&
        zeroPoint >= 0 &&
        zeroPoint <= 255 &&
        lowest <= Math.min(0, range[0]) + scale &&
        highest >= Math.max(0, range[1]) - scale
      )
    }),
  )
  t.end()
})

t.test('equalisation changes no result and evens out the channels', async (t) => {
  const spaces = findChannelSpaces(net.graph)
  t.same(
    spaces.map((space) => space.values),
    [
      ['stem', 'p', 'sum'],
      ['e', 'ep'],
      ['d', 'dp'],
      ['r', 'rr'],
    ],
    'a residual stage is one space',
  )
  const values = spaces.flatMap((space) => space.values)
  const before = await measureMagnitudes(net, values, inputs)
  const factors = Object.fromEntries(
    spaces.map((space) => [space.name, equalisationFactors(space, before) ?? []]),
  )
  const equalised = { ...net, graph: equalise(net.graph, factors) }
  const expected = await resultsOf(net, inputs)
  const actual = await resultsOf(equalised, inputs)
  expected.forEach((result, i) => t.ok(maxDifference(result, actual[i]) < 1e-4))

  const after = await measureMagnitudes(equalised, ['e'], inputs)
  const spread = (magnitudes: Float64Array | undefined) =>
    magnitudes === undefined ? NaN : Math.max(...magnitudes) / Math.min(...magnitudes)
  t.ok(spread(before.get('e')) > 100, 'uneven before')
  t.ok(spread(after.get('e')) < 4, 'even before a depthwise convolution')
  t.throws(() => equalise(net.graph, { nowhere: [1] }), /nowhere/)
  t.throws(() => equalise(net.graph, { e: [1, 1] }), /2 channels/)
})

t.test('PRelu as a maximum is exact in every style', async (t) => {
  const expected = await resultsOf(net, inputs)
  for (const style of ['max2', 'maxdw', 'hybrid'] as const) {
    const { graph, splits } = splitPRelu(net.graph, style)
    t.equal(splits.length, 2)
    t.notOk(graph.nodes.some((node) => node.opType === 'PRelu'))
    const actual = await resultsOf({ ...net, opset: 13, graph }, inputs)
    expected.forEach((result, i) => t.ok(maxDifference(result, actual[i]) < 1e-4, style))
  }
})

t.test('ranges: percentile and least error leave out what min-max keeps', async (t) => {
  const spiky = inputs.map((input) => input.map((v, i) => (i === 7 ? 50 : v)))
  const range = async (method: Parameters<typeof measureRanges>[3]) => {
    const [low, high] = (await measureRanges(net, ['x'], spiky, method)).get('x') ?? [0, 0]
    return high - low
  }
  const whole = await range({ kind: 'min-max' })
  t.ok(whole > 50)
  t.ok((await range({ kind: 'percentile', percentile: 98 })) < 3)
  t.ok((await range({ kind: 'percentile', percentile: 100 })) > 50)
  t.ok((await range({ kind: 'mse' })) <= whole)
})

t.test(
  'a quantized net runs in 8 bits, near its float parent, and is rebuilt bit by bit',
  async (t) => {
    const expected = await resultsOf(net, inputs)
    for (const prelu of ['max2', 'maxdw', 'hybrid'] as const) {
      const constants = await calibrate(net, inputs, { ...calibration, prelu })
      const quantized = applyQuantization(net, constants)
      const actual = await resultsOf(quantized, inputs)
      const worst = Math.min(...expected.map((result, i) => cosine(result, actual[i])))
      t.ok(worst > 0.99, `${prelu}: cosine ${worst.toFixed(4)}`)
      const { nodes, initializers } = quantized.graph
      for (const {
        opType,
        inputs: [first],
      } of nodes) {
        if (opType === 'Max') t.match(first, /_q$/, 'the maximum is taken of integers')
      }
      const convs = nodes.filter((node) => node.opType === 'Conv')
      const integers = convs.map(({ inputs: [, name] }) =>
        nodes.find(({ outputs }) => outputs[0] === name)?.inputs.at(0),
      )
      for (const name of integers) {
        t.equal(initializers.get(name ?? '')?.type, 'int8', 'every convolution has int8 weights')
      }
      const twins = { max2: 2, hybrid: 1, maxdw: 0 }[prelu]
      t.equal(new Set(integers).size, convs.length - twins, 'both sides of a PRelu share them')
      const again = quantizationConstantsSchema.parse(JSON.parse(JSON.stringify(constants)))
      t.same(encodeModel(applyQuantization(net, again)), encodeModel(quantized))
      t.ok(decodeModel(encodeModel(quantized), 'test'))
    }
  },
)

t.test('corrected biases leave no error on average', async (t) => {
  const expected = await resultsOf(net, inputs)
  /** Largest mean error of a channel of the result. */
  const bias = async (constants: QuantizationConstants) => {
    const results = await resultsOf(applyQuantization(net, constants), inputs)
    const sums = new Float64Array(5)
    results.forEach((result, i) =>
      result.forEach((value, at) => (sums[at >> 6] += value - expected[i][at])),
    )
    return Math.max(...sums.map(Math.abs)) / (64 * inputs.length)
  }
  const constants = await calibrate(net, inputs, { ...calibration, prelu: 'max2' })
  const biasShift = await correctBiases(net, constants, inputs)
  t.equal(Object.keys(biasShift).length, 8, 'six convolutions and two branches')
  const before = await bias(constants)
  const after = await bias({ ...constants, biasShift })
  t.ok(after < 0.2 * before, `${after.toExponential(1)}, before ${before.toExponential(1)}`)
  const wrong = { ...biasShift, nowhere: [1] }
  t.throws(() => applyQuantization(net, { ...constants, biasShift: wrong }), /nowhere/)
  const short = { ...biasShift, stem: [1] }
  t.throws(() => applyQuantization(net, { ...constants, biasShift: short }), /stem/)
})

t.test('two products that meet in 16 bits do not overflow', (t) => {
  const channel = fc.array(fc.float({ min: -4, max: 4, noNaN: true }), {
    maxLength: 9,
    minLength: 2,
  })
  fc.assert(
    fc.property(channel, (values) => {
      const weights = floatTensor([1, values.length, 1, 1], values)
      const initializers = new Map([['w', weights]])
      const node = makeNode('Conv', ['x', 'w'], 'y')
      const index = indexGraph({ name: 'g', nodes: [node], initializers, inputs: [], outputs: [] })
      const conv = constantConv(node, initializers, index)
      if (conv === undefined) return false
      const [scale] = weightScales(conv, 'int16')
      if (scale < 1e-30) return true
      const integers = Array.from(conv.weights.values, (value) => Math.round(value / scale))
      return integers.every((value, i) => {
        const next = integers.at(i + 1) ?? 0
        const worst = i % 2 === 0 ? Math.max(Math.abs(value), Math.abs(value + next)) : 0
        return Math.abs(value) <= 127 && 255 * worst < 2 ** 15
      })
    }),
  )
  t.end()
})

t.test('a node named as float stays float, and helps', async (t) => {
  const constants = await calibrate(net, inputs, { ...calibration, prelu: 'hybrid' })
  const layers = await measureSensitivity(net, constants, inputs.slice(0, 4))
  t.equal(layers.length, 8, 'six convolutions and two branches')
  t.ok(layers.every((layer, i) => i === 0 || layer.cosineLoss <= layers[i - 1].cosineLoss))
  const everyConv = layers.map((layer) => layer.node)
  const none = applyQuantization(net, { ...constants, floatNodes: everyConv })
  t.notOk(
    [...none.graph.initializers.values()].some(
      (tensor) => tensor.dims.length === 4 && tensor.type === 'int8',
    ),
  )
})

t.test('constants of another model are refused', async (t) => {
  const constants = await calibrate(net, inputs, { ...calibration, prelu: 'hybrid' })
  const foreign = {
    ...constants,
    ranges: { ...constants.ranges, elsewhere: [0, 1] as [number, number] },
  }
  t.throws(() => applyQuantization(net, foreign), /elsewhere/)
  const odd = { ...net.graph, nodes: [...net.graph.nodes, makeNode('Softmax', ['y'], 'z')] }
  t.throws(() => applyQuantization({ ...net, graph: odd }, constants), /Softmax/)
})

t.test('inspection gives inner values with their shapes', async (t) => {
  const runner = await openRunner(net, ['sum'])
  t.same((await runner.run(inputs[0])).get('sum')?.dims, [1, 4, 8, 8])
  await runner.release()
})
