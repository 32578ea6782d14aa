import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { packageRoot } from '../../src/config/paths.js'
import { listLabelledPictures } from '../../src/evaluation/labelled-pictures.js'
import { sha256Hex } from '../../src/models/checked-file.js'
import { decodeModel } from '../../src/models/onnx/codec.js'
import { runQuantize } from '../../src/models/quantize/run-quantize.js'
import { readManifest } from '../../src/models/registry.js'
import { loadEncoder } from '../../src/models/session.js'
import { alignedFaces, cosine, labelledFaces, runBytes } from './real-faces.js'

const DIMS = [1, 3, 112, 112]

t.setTimeout(600_000)

const lfwTest = join(packageRoot, '..', 'shared', 'data', 'lfw', 'test')
const skip = existsSync(lfwTest) ? false : `${lfwTest} is not there; LFW is not shipped`

/** Cosines between the shipped encoder's embeddings and its float parent's, smallest first. */
async function cosinesToParent(faces: readonly Float32Array[]): Promise<number[]> {
  const parent = readManifest('mobilefacenet-128-pca')
  const quantized = readManifest('mobilefacenet-128-pca-int8')
  const expected = await runBytes(readFileSync(parent.modelPath), faces, DIMS)
  const actual = await runBytes(readFileSync(quantized.modelPath), faces, DIMS)
  return expected.map((v, i) => cosine(v, actual[i])).sort((a, b) => a - b)
}

t.test('the int8 encoder is a third of its parent and of the package’s model', (t) => {
  const { manifest, modelPath } = readManifest('mobilefacenet-128-pca-int8')
  for (const id of ['mobilefacenet-128-pca', 'fr_feature']) {
    t.ok(manifest.file.bytes <= 0.33 * readManifest(id).manifest.file.bytes, id)
  }
  t.equal(statSync(modelPath).size, manifest.file.bytes)
  t.end()
})

t.test(
  'it keeps the direction of its float parent on faces of LFW',
  { skip, timeout: 600_000 },
  async (t) => {
    const paths = listLabelledPictures(lfwTest).map(({ path }) => path)
    const faces = await labelledFaces(paths.filter((_, i) => i % 20 === 0))
    const cosines = await cosinesToParent(faces)
    t.ok(cosines.length >= 100, `${cosines.length} faces`)
    const median = cosines[cosines.length >> 1]
    t.ok(median >= 0.99, `median ${median.toFixed(4)}`)
    const fifth = cosines[Math.floor(cosines.length / 20)]
    t.ok(fifth >= 0.985, `5th percentile ${fifth.toFixed(4)}`)
  },
)

t.test('it stays close on faces of other photographs', async (t) => {
  const cosines = await cosinesToParent(
    await alignedFaces(...[1, 2, 3, 4, 5, 6].map((i) => `sample${i}.jpg`)),
  )
  t.ok(cosines.length >= 15, `${cosines.length} faces`)
  const median = cosines[cosines.length >> 1]
  t.ok(median >= 0.99, `median ${median.toFixed(4)}`)
  // 0.977 is a face in profile; its embedding is short, and the same rounding turns it further.
  t.ok(cosines[0] >= 0.97, `least ${cosines[0].toFixed(4)}`)
})

t.test(
  'quantizing writes a model that loads, its manifest, constants and report',
  { timeout: 600_000 },
  async (t) => {
    const faces = await alignedFaces('sample1.jpg', 'sample2.jpg', 'sample3.jpg', 'sample4.jpg')
    // As few as it takes: every layer is tried on each.
    const inputs = faces.slice(0, 10)
    const folder = t.testdir()
    const lines: string[] = []
    const report = await runQuantize({
      model: 'mobilefacenet-128',
      id: 'own-int8',
      outFolder: folder,
      inputs,
      data: 'sample pictures',
      method: { kind: 'min-max' },
      minCosine: 0.9999,
      maxFloatLayers: 1,
      onProgress: (line) => lines.push(line),
    })
    const tried = lines.flatMap((line) => /([\d.]+) with (\S+) in float/.exec(line) ?? [])
    t.equal(tried.at(2), report.layers[0].node, 'the most sensitive layer was tried in float')
    t.ok(report.cosine.median.toFixed(4) >= tried[1], 'and stayed there only if that helped')
    t.same(report.floatNodes.length === 1, report.cosine.median.toFixed(4) === tried[1])
    t.ok(report.cosine.median > 0.9)
    t.ok(
      report.operators.some(({ operator }) => operator === 'QLinearConv'),
      'it runs in 8 bits',
    )
    t.same(
      report.latency.map(({ name }) => name),
      ['package', 'package, exact float rewrite', 'mobilefacenet-128', 'own-int8'],
    )
    const data = readFileSync(`${folder}/own-int8.onnx`)
    t.equal(sha256Hex(data), report.sha256)
    t.ok(decodeModel(data, 'own-int8'))
    const net = await loadEncoder({ model: `${folder}/own-int8.json` })
    const { embedding } = await net.run(faces[0])
    t.equal(embedding.length, 128)
    await net.release()
  },
)

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
