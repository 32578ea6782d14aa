import { readFileSync } from 'node:fs'
import * as converter from '@tensorflow/tfjs-converter'
import * as tf from '@tensorflow/tfjs-core'
import t from 'tap'
import { alignFace } from '../../../src/detection/align.js'
import { squareAround } from '../../../src/detection/boxes.js'
import { toPlanarTensor } from '../../../src/frame/tensor.js'
import { cropSquare } from '../../../src/frame/warp.js'
import { encodeModel } from '../../../src/models/onnx/codec.js'
import { assetPath } from '../../../src/models/registry.js'
import { loadEncoder, loadMesh } from '../../../src/models/session.js'
import { readGraphModel } from '../../../src/models/tfjs/graph-model.js'
import { graphModelToOnnx } from '../../../src/models/tfjs/graph-to-onnx.js'
import { findFaces, maxDifference, runBytes, sourceFile } from '../real-faces.js'
import { numbersOf, toTensor } from './reference.js'

const HUMAN = '@vladmandic__human-3.3.6'
const FACE_API = '@vladmandic__face-api-1.7.15'

interface TestNode {
  readonly name: string
  readonly op: string
  readonly input?: readonly string[]
  readonly attr?: Record<string, unknown>
}

interface TestWeight {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: Float32Array | Int32Array
}

const text = (value: string) => ({ s: Buffer.from(value).toString('base64') })
const ints = (...values: number[]) => ({ list: { i: values.map(String) } })
const fusedOps = (...values: string[]) => ({ list: { s: values.map((v) => text(v).s) } })

function noise(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin((i + 1) * seed * 12.9898) * 0.8)
}

/** A graph model as tfjs stores it: `model.json` and one weight file. */
function graphModel(nodes: readonly TestNode[], weights: readonly TestWeight[]) {
  const constants = weights.map(({ name }) => ({ name, op: 'Const' }))
  const json = {
    format: 'graph-model',
    modelTopology: { node: [...nodes, ...constants], versions: { producer: 0 } },
    weightsManifest: [
      {
        paths: ['w.bin'],
        weights: weights.map(({ name, shape, values }) => ({
          name,
          shape,
          dtype: values instanceof Int32Array ? 'int32' : 'float32',
        })),
      },
    ],
  }
  const data = Buffer.concat(
    weights.map(
      ({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    ),
  )
  return { json: Buffer.from(JSON.stringify(json)), data }
}

/** Runs a graph model in its own runtime; gives the numbers of the named tensors. */
async function runOriginal(
  json: Uint8Array,
  data: Uint8Array,
  planes: Float32Array,
  dims: readonly number[],
  outputs: string[],
): Promise<Float32Array[]> {
  const parsed = JSON.parse(Buffer.from(json).toString()) as {
    modelTopology: object
    weightsManifest: { weights: tf.io.WeightsManifestEntry[] }[]
    signature?: object
  }
  const input = await toTensor(planes, dims)
  const model = await converter.loadGraphModel({
    load: () =>
      Promise.resolve({
        modelTopology: parsed.modelTopology,
        weightSpecs: parsed.weightsManifest.flatMap((group) => group.weights),
        weightData: Uint8Array.from(data).buffer,
        ...(parsed.signature === undefined ? {} : { signature: parsed.signature }),
      }),
  })
  const results = model.execute(input, outputs)
  const numbers = (Array.isArray(results) ? results : [results]).map(numbersOf)
  model.dispose()
  return numbers
}

t.test('every supported operator gives what tfjs gives', async (t) => {
  const placeholder = {
    name: 'x',
    op: 'Placeholder',
    attr: {
      shape: { shape: { dim: [{ size: '-1' }, { size: '9' }, { size: '7' }, { size: '3' }] } },
    },
  }
  const same = (stride: number) => ({
    padding: text('SAME'),
    strides: ints(1, stride, stride, 1),
    dilations: ints(1, 1, 1, 1),
    data_format: text('NHWC'),
  })
  const valid = (stride: number) => ({ ...same(stride), padding: text('VALID') })
  const { json, data } = graphModel(
    [
      placeholder,
      {
        name: 'fused',
        op: '_FusedConv2D',
        input: ['x', 'w1', 'b1', 'a1'],
        attr: { ...same(2), fused_ops: fusedOps('BiasAdd', 'Prelu'), num_args: { i: '2' } },
      },
      { name: 'plain', op: 'Conv2D', input: ['fused', 'w2'], attr: valid(1) },
      { name: 'depth', op: 'DepthwiseConv2dNative', input: ['fused', 'w3'], attr: same(1) },
      { name: 'prelu', op: 'Prelu', input: ['depth', 'a2'] },
      { name: 'relu', op: 'Relu', input: ['prelu'] },
      { name: 'sum', op: 'AddV2', input: ['prelu', 'relu'] },
      {
        name: 'pool',
        op: 'MaxPool',
        input: ['sum'],
        attr: { ...same(2), ksize: ints(1, 2, 2, 1) },
      },
      { name: 'padded', op: 'Pad', input: ['pool', 'pads'] },
      {
        name: 'both',
        op: 'ConcatV2',
        input: ['padded', 'padded', 'axis'],
        attr: { N: { i: '2' } },
      },
      { name: 'flat', op: 'Reshape', input: ['both', 'shape'] },
      { name: 'out', op: 'Identity', input: ['flat'] },
      { name: 'squashed', op: 'Sigmoid', input: ['plain'] },
      { name: 'flat2', op: 'Reshape', input: ['squashed', 'shape2'] },
      { name: 'out2', op: 'Identity', input: ['flat2'] },
    ],
    [
      { name: 'w1', shape: [3, 3, 3, 4], values: noise(108, 1) },
      { name: 'b1', shape: [4], values: noise(4, 2) },
      { name: 'a1', shape: [1, 1, 4], values: noise(4, 3) },
      { name: 'w2', shape: [3, 2, 4, 5], values: noise(120, 4) },
      { name: 'w3', shape: [3, 3, 4, 2], values: noise(72, 5) },
      { name: 'a2', shape: [1, 1, 8], values: noise(8, 6) },
      { name: 'pads', shape: [4, 2], values: Int32Array.of(0, 0, 1, 0, 0, 2, 0, 3) },
      { name: 'axis', shape: [], values: Int32Array.of(-1) },
      { name: 'shape', shape: [3], values: Int32Array.of(1, -1, 11) },
      { name: 'shape2', shape: [2], values: Int32Array.of(1, 45) },
    ],
  )
  const dims = [1, 3, 9, 7]
  const input = noise(189, 7)
  const wanted = await runOriginal(json, data, input, dims, ['out', 'out2'])
  for (const [i, tensor] of ['out', 'out2'].entries()) {
    const graph = readGraphModel(json, data)
    const onnx = encodeModel(graphModelToOnnx(graph, 'input', [{ tensor, name: 'result' }]))
    const [actual] = await runBytes(onnx, [input], dims)
    t.ok(maxDifference(wanted[i], actual) < 1e-5, tensor)
  }
})

t.test('what cannot be converted is refused by name', (t) => {
  const attempt = (nodes: TestNode[], weights: TestWeight[] = []) => {
    const { json, data } = graphModel(nodes, weights)
    return () => graphModelToOnnx(readGraphModel(json, data), 'input', [{ tensor: 'y', name: 'y' }])
  }
  const x = {
    name: 'x',
    op: 'Placeholder',
    attr: { shape: { shape: { dim: [1, 4, 4, 2].map((size) => ({ size: `${size}` })) } } },
  }
  t.throws(attempt([x, { name: 'y', op: 'Cumsum', input: ['x'] }]), /Cumsum/)
  t.throws(attempt([x, { name: 'y', op: 'Relu', input: ['nowhere'] }]), /nowhere/)
  t.throws(attempt([x, { name: 'y', op: 'Relu', input: ['y'] }]), /itself/)
  t.throws(attempt([x]), /no node y/)
  t.throws(attempt([x, { name: 'y', op: 'Pad', input: ['x', 'x'] }]), /no constant/)
  const { json } = graphModel([x], [{ name: 'w', shape: [2], values: noise(2, 1) }])
  t.throws(() => readGraphModel(json, new Uint8Array(7)), /ends within w/)
  t.throws(() => readGraphModel(json, new Uint8Array(9)), /1 bytes more/)
  t.throws(() => readGraphModel(Buffer.from('{}'), new Uint8Array(0)))
  t.end()
})

t.test('the face mesh gives what its own runtime gives on real faces', async (t) => {
  const mesh = await loadMesh()
  t.teardown(() => mesh.release())
  const { input } = mesh.manifest
  const json = sourceFile(HUMAN, 'models/facemesh.json')
  const data = sourceFile(HUMAN, 'models/facemesh.bin')
  const { image, faces } = await findFaces('sample1.jpg')
  for (const face of faces) {
    const crop = cropSquare(image, squareAround(face.box, input.fit.scale), input.shape[3])
    const planes = toPlanarTensor(crop, input)
    const names = ['Identity_2', 'Identity_1']
    const [points, presence] = await runOriginal(json, data, planes, input.shape, names)
    const actual = await mesh.run(planes)
    const side = input.shape[3]
    t.ok(maxDifference(points, actual.points) / side <= 1e-4, 'points, relative to the crop')
    t.ok(maxDifference(presence, actual.presence) <= 1e-4)
    t.ok(actual.presence[0] > 0.9, 'it sees the face')
  }
})

/** The tensor methods that face-api calls; tfjs-core for Node.js leaves them to its other packages. */
function addChainedOperators(): void {
  Object.assign(tf.Tensor.prototype, {
    div(this: tf.Tensor, divisor: tf.Tensor | number) {
      return tf.div(this, divisor)
    },
    mean(this: tf.Tensor, axes: number[]) {
      return tf.mean(this, axes)
    },
    as4D(this: tf.Tensor, ...shape: [number, number, number, number]) {
      return tf.reshape(this, shape)
    },
    as3D(this: tf.Tensor, ...shape: [number, number, number]) {
      return tf.reshape(this, shape)
    },
  })
}

/** face-api's own program, run on tfjs-core with the cpu backend in place of tfjs-node. */
function loadFaceApi() {
  const runtime = { ...tf, ...converter, version: { 'tfjs-core': tf.version_core } }
  addChainedOperators()
  const module = { exports: {} }
  const load = (name: string): unknown => {
    if (name === '@tensorflow/tfjs-node') return runtime
    throw new Error(`face-api asks for ${name}`)
  }
  const program = readFileSync(assetPath('face-api.node.js'), 'utf8')
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const run = new Function('module', 'exports', 'require', program) as (...args: unknown[]) => void
  run(module, module.exports, load)
  return module.exports as {
    FaceRecognitionNet: new () => {
      loadFromWeightMap(weights: tf.NamedTensorMap): void
      forward(input: tf.Tensor): Promise<tf.Tensor>
    }
  }
}

t.test('the dlib net gives what face-api gives on real faces', async (t) => {
  const encoder = await loadEncoder({ model: 'dlib-resnet-128' })
  t.teardown(() => encoder.release())
  const { input } = encoder.manifest
  const { image, faces } = await findFaces('sample1.jpg')

  await tf.setBackend('cpu')
  const manifest = JSON.parse(
    Buffer.from(
      sourceFile(FACE_API, 'model/face_recognition_model-weights_manifest.json'),
    ).toString(),
  ) as { weights: tf.io.WeightsManifestEntry[] }[]
  const data = Uint8Array.from(sourceFile(FACE_API, 'model/face_recognition_model.bin'))
  const weights = tf.io.decodeWeights(
    data.buffer,
    manifest.flatMap((group) => group.weights),
  )
  const { FaceRecognitionNet } = loadFaceApi()
  const reference = new FaceRecognitionNet()
  reference.loadFromWeightMap(weights)

  for (const { fivePoints } of faces.slice(0, 2)) {
    const chip = alignFace(image, fivePoints, input.fit.template, input.shape[3])
    const pixels = tf.tensor4d(Float32Array.from(chip.data), [1, chip.height, chip.width, 3])
    const expected = numbersOf(await reference.forward(pixels))
    const { embedding } = await encoder.run(toPlanarTensor(chip, input))
    t.equal(expected.length, 128)
    t.ok(maxDifference(expected, embedding) <= 1e-4)
  }
})
