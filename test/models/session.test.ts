import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { sha256Hex } from '../../src/models/checked-file.js'
import type { ModelErrorCode } from '../../src/models/error.js'
import { decodeModel, encodeModel } from '../../src/models/onnx/codec.js'
import type { ValueInfo } from '../../src/models/onnx/model.js'
import type { Role } from '../../src/models/manifest.js'
import { readManifest } from '../../src/models/registry.js'
import {
  loadDetector,
  loadEncoder,
  loadLandmarks,
  loadEyes,
  loadNet,
  loadTexture,
  runEach,
  type Net,
} from '../../src/models/session.js'

const landmark = readManifest('fr_landmark')
const landmarkBytes = readFileSync(landmark.modelPath)

/** Writes an integrator's manifest and model file into a folder; gives the manifest's path. */
function writeModel(folder: string, bytes: Uint8Array | undefined, changes: object = {}): string {
  mkdirSync(folder, { recursive: true })
  if (bytes !== undefined) writeFileSync(join(folder, landmark.manifest.file.name), bytes)
  const path = join(folder, 'own.json')
  writeFileSync(path, JSON.stringify({ ...landmark.manifest, ...changes }))
  return path
}

/** The manifest's `file` for other bytes, as an integrator would write it. */
function fileOf(bytes: Uint8Array) {
  return { ...landmark.manifest.file, bytes: bytes.length, sha256: sha256Hex(bytes) }
}

/** The landmark net before its batch was freed. */
function landmarkOfOne(): Uint8Array {
  const model = decodeModel(landmarkBytes, 'landmark net')
  const ofOne = (value: ValueInfo) => ({ ...value, dims: [1, ...value.dims.slice(1)] })
  const { graph } = model
  return encodeModel({
    ...model,
    graph: { ...graph, inputs: graph.inputs.map(ofOne), outputs: graph.outputs.map(ofOne) },
  })
}

const refusal = (code: ModelErrorCode) => ({ name: 'ModelError', code, cure: /\w+/, where: /\w+/ })

t.test('every default model loads, warms up and says what bytes it runs', async (t) => {
  for (const load of [loadDetector, loadLandmarks, loadTexture, loadEncoder]) {
    const net = await load()
    t.equal(net.sha256, sha256Hex(readFileSync(net.modelPath)), `${net.manifest.id} hash`)
    t.same(net.providers.used, ['cpu'])
    t.ok(net.warmUpMs > 0)
    await net.release()
  }
})

t.test('a net gives its outputs under the names of its manifest', async (t) => {
  const net = await loadDetector()
  t.teardown(() => net.release())
  const { scores, boxes } = await net.run(new Float32Array(3 * 240 * 320))
  t.equal(scores.length, 4420 * 2)
  t.equal(boxes.length, 4420 * 4)
})

t.test('a wrong feed is refused and the net goes on', async (t) => {
  const net = await loadLandmarks()
  t.teardown(() => net.release())
  await t.rejects(net.run(new Float32Array(10)), refusal('wrong-feed'))
  await t.rejects(net.run(new Float32Array(64 * 64).fill(NaN)), refusal('not-finite'))
  const { points } = await net.run(new Float32Array(64 * 64).fill(0.5))
  t.equal(points.length, 136)
})

/** Compares one run of several pictures with one run each. */
async function compareBatches<R extends Role>(t: Test, net: Net<R>) {
  const { shape } = net.manifest.input
  const length = shape[1] * shape[2] * shape[3]
  const first = (outputs: object) => (Object.values(outputs) as Float32Array[])[0]
  for (const count of [1, 2, 3, 4, 5, 8]) {
    const input = Float32Array.from({ length: count * length }, (_, i) => ((i * 7919) % 251) / 251)
    const apart: number[] = []
    for (let at = 0; at < input.length; at += length) {
      apart.push(...first(await net.run(input.subarray(at, at + length))))
    }
    t.same([...first(await runEach(net, input))], apart, `${net.manifest.id}, ${count}`)
  }
  for (const wrong of [0, Math.floor(1.5 * length)]) {
    await t.rejects(net.run(new Float32Array(wrong)), refusal('wrong-feed'))
  }
  await net.release()
}

t.test('several pictures in one run give the very numbers of one run each', async (t) => {
  await compareBatches(t, await loadLandmarks())
  await compareBatches(t, await loadEyes())
})

t.test(
  'an integrator’s net that takes one picture a run is asked for one after the other',
  async (t) => {
    const { manifest } = landmark
    const bytes = landmarkOfOne()
    const path = writeModel(t.testdir(), bytes, {
      source: { kind: 'local' },
      recipe: [],
      input: { ...manifest.input, batches: false },
      file: fileOf(bytes),
    })
    const [net, own] = [await loadLandmarks(), await loadLandmarks({ model: path })]
    const input = Float32Array.from({ length: 3 * 64 * 64 }, (_, i) => ((i * 7919) % 251) / 251)
    t.same((await runEach(own, input)).points, (await runEach(net, input)).points)
    await t.rejects(own.run(input), refusal('wrong-feed'))
    await own.release()
    await net.release()
  },
)

t.test('an unknown execution provider falls back to cpu and says so', async (t) => {
  const net = await loadLandmarks({ executionProviders: ['no-such-provider', 'cpu'] })
  t.teardown(() => net.release())
  t.same(net.providers.used, ['cpu'])
  t.match(net.providers.notes, [/no-such-provider/])
})

t.test('a provider whose libraries are missing falls back to cpu and says why', async (t) => {
  const net = await loadLandmarks({ executionProviders: ['cuda'] })
  t.teardown(() => net.release())
  t.same(net.providers.wanted, ['cuda'])
  t.equal(net.providers.used.at(-1), 'cpu')
  if (!net.providers.used.includes('cuda')) t.match(net.providers.notes.join(), /cuda|cpu/)
  const { points } = await net.run(new Float32Array(64 * 64).fill(0.5))
  t.equal(points.length, 136)
})

t.test('an integrator’s own manifest, with the model beside it, is loaded', async (t) => {
  const path = writeModel(t.testdir(), landmarkBytes, { source: { kind: 'local' }, recipe: [] })
  const net = await loadLandmarks({ model: path })
  t.equal(net.manifestPath, path)
  await net.release()
})

t.test('every fault of a model file is refused with its cause and cure', async (t) => {
  const folder = t.testdir()
  const flipped = Uint8Array.from(landmarkBytes)
  flipped[1000] ^= 1
  const noise = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919 + 13) & 255)
  const half = landmarkBytes.subarray(0, landmarkBytes.length / 2)
  const { input } = landmark.manifest
  const cases: { name: string; path: string; code: ModelErrorCode }[] = [
    { name: 'missing', path: writeModel(join(folder, 'a'), undefined), code: 'file-missing' },
    { name: 'truncated', path: writeModel(join(folder, 'b'), half), code: 'wrong-size' },
    { name: 'one bit flipped', path: writeModel(join(folder, 'c'), flipped), code: 'wrong-hash' },
    {
      name: 'random bytes',
      path: writeModel(join(folder, 'd'), noise, { file: fileOf(noise) }),
      code: 'not-a-model',
    },
    {
      name: 'truncated, with a manifest to match',
      path: writeModel(join(folder, 'e'), half, { file: fileOf(half) }),
      code: 'not-a-model',
    },
    {
      name: 'empty path in place of a file',
      path: writeModel(join(folder, 'f'), undefined, {
        file: { ...landmark.manifest.file, name: 'own.json' },
      }),
      code: 'wrong-size',
    },
    {
      name: 'another input shape',
      path: writeModel(join(folder, 'g'), landmarkBytes, {
        input: { ...input, shape: [1, 1, 32, 32] },
      }),
      code: 'wrong-input',
    },
    {
      name: 'another input name',
      path: writeModel(join(folder, 'h'), landmarkBytes, { input: { ...input, name: 'data' } }),
      code: 'wrong-input',
    },
    {
      name: 'another output shape',
      path: writeModel(join(folder, 'i'), landmarkBytes, {
        outputs: { points: { name: 'output', shape: [1, 10] } },
      }),
      code: 'wrong-output',
    },
  ]
  for (const { name, path, code } of cases) {
    await t.rejects(loadLandmarks({ model: path }), refusal(code), name)
  }
})

t.test('every fault of a manifest is refused', async (t) => {
  const folder = t.testdir({ 'broken.json': '{"id": ', 'list.json': '[]' })
  await t.rejects(loadLandmarks({ model: 'no_such_model' }), refusal('manifest-missing'))
  await t.rejects(loadLandmarks({ model: '../../etc/passwd' }), refusal('manifest-missing'))
  await t.rejects(loadLandmarks({ model: join(folder, 'none.json') }), refusal('manifest-missing'))
  for (const name of ['broken.json', 'list.json']) {
    await t.rejects(loadLandmarks({ model: join(folder, name) }), refusal('manifest-invalid'))
  }
  await t.rejects(loadNet('encoder', { model: 'fr_landmark' }), refusal('manifest-role'))
  const hostile = [
    { file: { ...landmark.manifest.file, name: '../../outside.onnx' } },
    { file: { ...landmark.manifest.file, bytes: 1e12 } },
    { input: { ...landmark.manifest.input, shape: [1, 1, 1e9, 1e9] } },
    { input: { ...landmark.manifest.input, colour: 'rgb' } },
    { unheardOf: true },
  ]
  for (const changes of hostile) {
    const path = writeModel(folder, landmarkBytes, changes)
    await t.rejects(loadLandmarks({ model: path }), refusal('manifest-invalid'))
  }
})
