import { readFileSync, statSync } from 'node:fs'
import t from 'tap'
import { sha256Hex } from '../../src/models/checked-file.js'
import { decodeModel } from '../../src/models/onnx/codec.js'
import { runQuantize } from '../../src/models/quantize/run-quantize.js'
import { readManifest } from '../../src/models/registry.js'
import { loadEncoder } from '../../src/models/session.js'
import { alignedFaces, cosine, runBytes } from './real-faces.js'

const DIMS = [1, 3, 112, 112]

t.test('the int8 encoder keeps the direction of its float parent on real faces', async (t) => {
  const faces = await alignedFaces(...[1, 2, 3, 4, 5, 6].map((i) => `sample${i}.jpg`))
  const parent = readManifest('mobilefacenet-128-pca')
  const quantized = readManifest('mobilefacenet-128-pca-int8')
  const expected = await runBytes(readFileSync(parent.modelPath), faces, DIMS)
  const actual = await runBytes(readFileSync(quantized.modelPath), faces, DIMS)
  const cosines = expected.map((v, i) => cosine(v, actual[i])).sort((a, b) => a - b)
  t.ok(cosines.length >= 15, `${cosines.length} faces`)
  t.ok(cosines[cosines.length >> 1] >= 0.99, `median ${cosines[cosines.length >> 1].toFixed(4)}`)
  t.ok(cosines[0] >= 0.96, `least ${cosines[0].toFixed(4)}`)

  const packaged = readManifest('fr_feature')
  t.ok(quantized.manifest.file.bytes <= 0.33 * parent.manifest.file.bytes, 'a third of its parent')
  t.ok(quantized.manifest.file.bytes <= 0.33 * packaged.manifest.file.bytes)
  t.equal(statSync(quantized.modelPath).size, quantized.manifest.file.bytes)
})

t.test('quantizing writes a model that loads, its manifest, constants and report', async (t) => {
  const faces = await alignedFaces('sample1.jpg', 'sample2.jpg', 'sample3.jpg', 'sample4.jpg')
  const folder = t.testdir()
  const report = await runQuantize({
    model: 'mobilefacenet-128',
    id: 'own-int8',
    outFolder: folder,
    inputs: faces,
    data: 'sample pictures',
    method: { kind: 'min-max' },
    minCosine: 0.9999,
    maxFloatLayers: 1,
  })
  t.equal(report.floatNodes.length, 1, 'the most sensitive layer went back to float')
  t.equal(report.floatNodes[0], report.layers[0].node)
  t.ok(report.cosine.median > 0.9)
  t.ok(
    report.operators.some(({ operator }) => operator === 'QLinearConv'),
    'it runs in 8 bits',
  )
  t.same(
    report.latency.map(({ name }) => name),
    ['package', 'mobilefacenet-128', 'own-int8'],
  )
  const data = readFileSync(`${folder}/own-int8.onnx`)
  t.equal(sha256Hex(data), report.sha256)
  t.ok(decodeModel(data, 'own-int8'))
  const net = await loadEncoder({ model: `${folder}/own-int8.json` })
  const { embedding } = await net.run(faces[0])
  t.equal(embedding.length, 128)
  await net.release()
})

t.test('too few inputs are refused', async (t) => {
  await t.rejects(
    runQuantize({
      model: 'mobilefacenet-128',
      id: 'own',
      outFolder: t.testdir(),
      inputs: [new Float32Array(3 * 112 * 112)],
      data: 'nothing',
    }),
    { name: 'ModelError', cure: /10 pictures/ },
  )
})
