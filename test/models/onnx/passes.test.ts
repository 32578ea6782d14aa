import { readFileSync } from 'node:fs'
import t from 'tap'
import { alignChannels } from '../../../src/models/onnx/align-channels.js'
import { foldBatchNorm } from '../../../src/models/onnx/batch-norm.js'
import { decodeModel, encodeModel } from '../../../src/models/onnx/codec.js'
import { floatTensor, makeNode, type OnnxGraph } from '../../../src/models/onnx/model.js'
import { rewritePRelu } from '../../../src/models/onnx/prelu-rewrite.js'
import { principalRows } from '../../../src/models/onnx/principal-rows.js'
import { projectOutput } from '../../../src/models/onnx/project-output.js'
import { readManifest } from '../../../src/models/registry.js'
import { alignedFaces, cosine, maxDifference, runBytes, sourceFile } from '../real-faces.js'

const FACEPLUGIN = 'faceplugin-face-recognition-js-0.0.1'
const ENCODER_DIMS = [1, 3, 112, 112]

function edited(model: Uint8Array, ...passes: ((graph: OnnxGraph) => OnnxGraph)[]): Uint8Array {
  const decoded = decodeModel(model, 'test')
  const graph = passes.reduce((before, pass) => pass(before), decoded.graph)
  return encodeModel({ ...decoded, graph })
}

function noise(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin((i + 1) * seed * 12.9898) * 0.8)
}

/** Two 3×3 convolutions of four channels with a PRelu of the given slopes between them. */
function convPReluConv(slopes: readonly number[]): Uint8Array {
  const attributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }
  return encodeModel({
    irVersion: 7,
    opset: 11,
    producer: 'test',
    graph: {
      name: 'g',
      nodes: [
        makeNode('Conv', ['x', 'w1', 'b1'], 'a', attributes),
        makeNode('PRelu', ['a', 'slope'], 'p'),
        makeNode('Conv', ['p', 'w2', 'b2'], 'y', attributes),
      ],
      initializers: new Map([
        ['w1', floatTensor([4, 4, 3, 3], noise(144, 1))],
        ['b1', floatTensor([4], noise(4, 2))],
        ['slope', floatTensor([4, 1, 1], slopes)],
        ['w2', floatTensor([4, 4, 3, 3], noise(144, 3))],
        ['b2', floatTensor([4], noise(4, 4))],
      ]),
      inputs: [{ name: 'x', type: 'float32', dims: [1, 4, 6, 6] }],
      outputs: [{ name: 'y', type: 'float32', dims: [1, 4, 6, 6] }],
    },
  })
}

t.test('the PRelu rewrite is exact for slopes below, above and at one', async (t) => {
  const inputs = [noise(144, 5), noise(144, 6)]
  for (const slopes of [
    [0.25, 0, -0.5, 0.9],
    [1.7, 0.2, 3, -2],
  ]) {
    const model = convPReluConv(slopes)
    const rewritten = edited(model, rewritePRelu)
    t.notOk(
      decodeModel(rewritten, 'test').graph.nodes.some((node) => node.opType === 'PRelu'),
      'no PRelu is left',
    )
    const expected = await runBytes(model, inputs, [1, 4, 6, 6])
    const actual = await runBytes(rewritten, inputs, [1, 4, 6, 6])
    expected.forEach((values, i) => t.ok(maxDifference(values, actual[i]) < 1e-5))
  }
  const model = convPReluConv([1, 1, 0.9999, 1.0001])
  const [expected] = await runBytes(model, inputs, [1, 4, 6, 6])
  const [actual] = await runBytes(edited(model, rewritePRelu), inputs, [1, 4, 6, 6])
  t.ok(maxDifference(expected, actual) < 1e-2, 'a slope of one is moved by at most a thousandth')
})

t.test('the rewritten encoder gives the package’s embeddings on real faces', async (t) => {
  const faces = await alignedFaces('sample1.jpg', 'sample3.jpg', 'joconde.jpg')
  const original = sourceFile(FACEPLUGIN, 'model/fr_feature.onnx')
  const expected = await runBytes(original, faces, ENCODER_DIMS)
  const actual = await runBytes(edited(original, rewritePRelu), faces, ENCODER_DIMS)
  t.ok(faces.length >= 3)
  expected.forEach((embedding, i) => {
    t.ok(maxDifference(embedding, actual[i]) <= 1e-4)
    t.ok(cosine(embedding, actual[i]) > 0.999999)
  })
})

t.test('the rewritten texture net gives the package’s logits', async (t) => {
  const dims = [1, 3, 128, 128]
  const original = sourceFile(FACEPLUGIN, 'model/fr_liveness.onnx')
  const inputs = [1, 2, 3].map((seed) => noise(3 * 128 * 128, seed).map((v) => 127 + 120 * v))
  const expected = await runBytes(original, inputs, dims)
  const actual = await runBytes(edited(original, rewritePRelu), inputs, dims)
  expected.forEach((logits, i) => t.ok(maxDifference(logits, actual[i]) <= 1e-4))
})

t.test('dead channels go and counts become multiples of the block, without a change', async (t) => {
  const faces = await alignedFaces('sample1.jpg', 'sample3.jpg')
  const cases = [
    { file: 'fr_feature', dims: ENCODER_DIMS, inputs: faces, smaller: true },
    {
      file: 'fr_liveness',
      dims: [1, 3, 128, 128],
      inputs: [1, 2].map((seed) => noise(3 * 128 * 128, seed).map((v) => 127 + 120 * v)),
      smaller: false,
    },
  ]
  for (const { file, dims, inputs, smaller } of cases) {
    const original = sourceFile(FACEPLUGIN, `model/${file}.onnx`)
    const aligned = edited(original, (graph) => alignChannels(graph, 16))
    const expected = await runBytes(original, inputs, dims)
    const actual = await runBytes(aligned, inputs, dims)
    expected.forEach((values, i) => t.ok(maxDifference(values, actual[i]) <= 1e-5, file))
    t.equal(aligned.length < 0.75 * original.length, smaller, `${aligned.length} bytes`)
    for (const { opType, inputs } of decodeModel(aligned, file).graph.nodes) {
      const dims = decodeModel(aligned, file).graph.initializers.get(inputs[1])?.dims
      if (opType === 'Conv' && dims?.[1] === 1 && dims[0] % 16 !== 0) t.fail(dims.join('×'))
    }
  }
})

t.test('a dead channel with a constant value keeps that value', async (t) => {
  const weights = noise(4 * 9, 3).map((v, i) => (i >= 9 && i < 18 ? 0 : v))
  const pads = [1, 1, 1, 1]
  const model = encodeModel({
    irVersion: 7,
    opset: 11,
    producer: 'test',
    graph: {
      name: 'g',
      nodes: [
        makeNode('Conv', ['x', 'w1', 'b1'], 'a'),
        makeNode('Relu', ['a'], 'r'),
        makeNode('Conv', ['r', 'w2', 'b2'], 'd', { group: 4, pads }),
        makeNode('PRelu', ['d', 'slope'], 'p'),
        makeNode('Conv', ['p', 'w3'], 'y'),
      ],
      initializers: new Map([
        ['w1', floatTensor([4, 2, 1, 1], noise(8, 1))],
        ['b1', floatTensor([4], noise(4, 2))],
        ['w2', floatTensor([4, 1, 3, 3], weights)],
        ['b2', floatTensor([4], [0.1, -0.7, 0.3, 0.2])],
        ['slope', floatTensor([4, 1, 1], [0.1, 0.5, -0.2, 0.3])],
        ['w3', floatTensor([3, 4, 1, 1], noise(12, 4))],
      ]),
      inputs: [{ name: 'x', type: 'float32', dims: [1, 2, 6, 6] }],
      outputs: [{ name: 'y', type: 'float32', dims: [1, 3, 6, 6] }],
    },
  })
  const [expected] = await runBytes(model, [noise(72, 9)], [1, 2, 6, 6])
  for (const multiple of [1, 8]) {
    const aligned = edited(model, (graph) => alignChannels(graph, multiple))
    const [actual] = await runBytes(aligned, [noise(72, 9)], [1, 2, 6, 6])
    t.ok(maxDifference(expected, actual) < 1e-6)
    const kept = decodeModel(aligned, 'test').graph.initializers.get('w2')?.dims[0]
    t.equal(kept, multiple === 1 ? 3 : 8)
  }
})

t.test('batch normalisation folds into the convolution before it', async (t) => {
  const decoded = decodeModel(convPReluConv([0.1, 0.2, 0.3, 0.4]), 'test')
  const { graph } = decoded
  const nodes = graph.nodes.map((node) =>
    node.opType === 'PRelu'
      ? { ...makeNode('BatchNormalization', ['a', 'g', 'b', 'm', 'v'], 'p', { epsilon: 1e-3 }) }
      : node,
  )
  const initializers = new Map([
    ...graph.initializers,
    ['g', floatTensor([4], noise(4, 7))] as const,
    ['b', floatTensor([4], noise(4, 8))] as const,
    ['m', floatTensor([4], noise(4, 9))] as const,
    ['v', floatTensor([4], [0.5, 1, 2, 1e-6])] as const,
  ])
  const model = encodeModel({ ...decoded, graph: { ...graph, nodes, initializers } })
  const folded = edited(model, foldBatchNorm)
  t.same(
    decodeModel(folded, 'test').graph.nodes.map((node) => node.opType),
    ['Conv', 'Conv'],
  )
  const [expected] = await runBytes(model, [noise(144, 5)], [1, 4, 6, 6])
  const [actual] = await runBytes(folded, [noise(144, 5)], [1, 4, 6, 6])
  t.ok(maxDifference(expected, actual) < 1e-5)
})

t.test('principal rows are orthogonal, sorted, and keep every distance', (t) => {
  const matrix = Array.from({ length: 6 }, (_, r) => Float64Array.from(noise(5, r + 1)))
  const rows = principalRows(matrix, 4)
  const dot = (a: Float64Array, b: Float64Array) =>
    a.subarray(0, 4).reduce((sum, value, i) => sum + value * b[i], 0)
  const largest = dot(rows[0], rows[0])
  rows.forEach((row, i) => {
    if (i > 0) t.ok(dot(row, row) <= dot(rows[i - 1], rows[i - 1]) + 1e-12, 'falling')
    rows.slice(0, i).forEach((other) => t.ok(Math.abs(dot(row, other)) < 1e-10 * largest))
  })
  const project = (from: readonly Float64Array[], x: readonly number[]) =>
    from.reduce((sum, row) => sum + row.reduce((s, v, i) => s + v * x[i], 0) ** 2, 0)
  for (const x of [
    [1, 0, 0, 0, 1],
    [0.3, -2, 1, 0.5, 1],
  ]) {
    t.ok(Math.abs(project(matrix, x) - project(rows, x)) < 1e-9, 'the length of Wx + b stays')
  }
  t.end()
})

t.test('an embedding projected to its full length keeps all cosines; to 128 nearly', async (t) => {
  const faces = await alignedFaces('sample1.jpg', 'sample2.jpg', 'sample5.jpg')
  const original = sourceFile(FACEPLUGIN, 'model/fr_feature.onnx')
  const whole = await runBytes(original, faces, ENCODER_DIMS)
  const full = edited(original, (graph) => projectOutput(graph, 512))
  const short = readFileSync(readManifest('mobilefacenet-128').modelPath)
  const rotated = await runBytes(full, faces, ENCODER_DIMS)
  const cut = await runBytes(short, faces, ENCODER_DIMS)
  let pairs = 0
  for (let a = 0; a < faces.length; a++) {
    for (let b = 0; b < a; b++, pairs++) {
      const wanted = cosine(whole[a], whole[b])
      if (Math.abs(wanted - cosine(rotated[a], rotated[b])) > 1e-4)
        t.fail('rotation changes a pair')
      if (Math.abs(wanted - cosine(cut[a], cut[b])) > 0.12) t.fail('projection changes a pair')
    }
  }
  t.ok(pairs >= 10, `${pairs} pairs of real faces`)
  t.equal(cut[0].length, 128)
})
