import fc from 'fast-check'
import t from 'tap'
import { ModelError } from '../../../src/models/error.js'
import { decodeModel, encodeModel } from '../../../src/models/onnx/codec.js'
import type { OnnxModel, Tensor } from '../../../src/models/onnx/model.js'
import { maxDifference, runBytes, sourceFile } from '../real-faces.js'

const FACEPLUGIN = 'faceplugin-face-recognition-js-0.0.1'

const everyKind: OnnxModel = {
  irVersion: 8,
  opset: 13,
  producer: 'test',
  graph: {
    name: 'graph',
    nodes: [
      {
        name: 'first',
        opType: 'Anything',
        inputs: ['x', '', 'c'],
        outputs: ['y', 'z'],
        attributes: new Map([
          ['float', { kind: 'float', value: 0.5 }],
          ['int', { kind: 'int', value: -3n }],
          ['zero', { kind: 'int', value: 0n }],
          ['string', { kind: 'string', value: 'größe' }],
          ['floats', { kind: 'floats', value: [1, -0.25] }],
          ['ints', { kind: 'ints', value: [0n, -1n, 2n ** 63n - 1n] }],
          ['no ints', { kind: 'ints', value: [] }],
          [
            'tensor',
            { kind: 'tensor', value: { type: 'uint8', dims: [], values: Uint8Array.of(7) } },
          ],
        ]),
      },
    ],
    initializers: new Map<string, Tensor>([
      ['c', { type: 'float32', dims: [2, 1], values: Float32Array.of(1.5, -0) }],
      ['u', { type: 'uint8', dims: [1], values: Uint8Array.of(255) }],
      ['i', { type: 'int8', dims: [1], values: Int8Array.of(-128) }],
      ['b', { type: 'int32', dims: [1], values: Int32Array.of(-(2 ** 31)) }],
      ['l', { type: 'int64', dims: [2], values: BigInt64Array.of(-1n, 2n ** 62n) }],
      ['empty', { type: 'float32', dims: [0], values: new Float32Array(0) }],
    ]),
    inputs: [{ name: 'x', type: 'float32', dims: ['batch', 3] }],
    outputs: [{ name: 'y', type: 'float32', dims: [1, 3] }],
  },
}

t.test('every kind of value survives a round trip', (t) => {
  t.same(decodeModel(encodeModel(everyKind), 'test'), everyKind)
  t.end()
})

t.test('encoding is deterministic', (t) => {
  t.same(encodeModel(everyKind), encodeModel(everyKind))
  t.end()
})

t.test('tensors of any float32 content survive bit by bit', (t) => {
  fc.assert(
    fc.property(fc.float32Array({ maxLength: 64 }), (values) => {
      const tensor: Tensor = { type: 'float32', dims: [values.length], values }
      const model: OnnxModel = {
        ...everyKind,
        graph: { ...everyKind.graph, initializers: new Map([['c', tensor]]) },
      }
      const back = decodeModel(encodeModel(model), 'test').graph.initializers.get('c')
      return (
        back?.type === 'float32' &&
        Buffer.compare(Buffer.from(back.values.buffer), Buffer.from(values.slice().buffer)) === 0
      )
    }),
  )
  t.end()
})

t.test('the packages’ own models decode, encode and still give the same bits', async (t) => {
  const models = [
    { file: 'fr_feature', dims: [1, 3, 112, 112] },
    { file: 'fr_liveness', dims: [1, 3, 128, 128] },
    { file: 'fr_detect', dims: [1, 3, 240, 320] },
    { file: 'fr_landmark', dims: [1, 1, 64, 64] },
  ]
  for (const { file, dims } of models) {
    const original = sourceFile(FACEPLUGIN, `model/${file}.onnx`)
    const length = dims.reduce((product, dimension) => product * dimension, 1)
    const input = Float32Array.from({ length }, (_, i) => Math.sin(i * 0.37))
    const again = encodeModel(decodeModel(original, file))
    const [expected] = await runBytes(original, [input], dims)
    const [actual] = await runBytes(again, [input], dims)
    t.equal(maxDifference(expected, actual), 0, file)
  }
})

t.test('bytes that are no model are refused, whatever they are', (t) => {
  const refused = (bytes: Uint8Array) => {
    try {
      decodeModel(bytes, 'test')
      return false
    } catch (error) {
      return error instanceof ModelError && error.code === 'not-a-model'
    }
  }
  t.ok(refused(new Uint8Array(0)), 'nothing')
  fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), refused), { numRuns: 500 })
  const whole = encodeModel(everyKind)
  for (let length = 0; length < whole.length; length += 3) {
    t.ok(refused(whole.subarray(0, length)), `cut to ${length} bytes`)
  }
  t.end()
})

t.test('a tensor whose data stands elsewhere or does not fill its shape is refused', (t) => {
  const { graph } = everyKind
  const short: Tensor = { type: 'float32', dims: [1_000_000, 1000], values: new Float32Array(3) }
  const model = { ...everyKind, graph: { ...graph, initializers: new Map([['c', short]]) } }
  t.throws(() => decodeModel(encodeModel(model), 'test'), { code: 'not-a-model' })
  t.end()
})
