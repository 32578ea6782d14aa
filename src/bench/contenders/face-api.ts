import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Image } from '../../frame/image.js'
import { GALLERY_PERSONS } from '../protocol.js'
import { serveBench } from '../serve.js'
import { openPeerRuntime, randomDescriptor, toTensor, type Tensorflow } from './tfjs-runtime.js'

interface Described {
  readonly descriptor: Float32Array
}

/** What `detectAllFaces` gives: a promise of boxes that can be asked for more. */
interface Detecting extends PromiseLike<readonly unknown[]> {
  withFaceLandmarks(): { withFaceDescriptors(): PromiseLike<readonly Described[]> }
}

interface LoadableNet {
  loadFromDisk(folder: string): Promise<void>
}

/** The part of `@vladmandic/face-api` 1.x in use. */
interface FaceApi {
  readonly nets: Readonly<
    Record<'tinyFaceDetector' | 'faceLandmark68Net' | 'faceRecognitionNet', LoadableNet>
  >
  readonly TinyFaceDetectorOptions: new (options: { inputSize: number }) => object
  readonly LabeledFaceDescriptors: new (label: string, descriptors: Float32Array[]) => object
  readonly FaceMatcher: new (known: readonly object[]) => {
    findBestMatch(descriptor: Float32Array): unknown
  }
  detectAllFaces(input: unknown, options: object): Detecting
}

/** As wide as what genkan's own detector is fed; face-api's default is 416. */
const INPUT_SIZE = 320
const DESCRIPTOR_LENGTH = 128
const runtime = openPeerRuntime()
const isWasm = runtime.backend === 'wasm'
const tf = runtime.require(isWasm ? '@tensorflow/tfjs' : '@tensorflow/tfjs-node') as Tensorflow
if (isWasm) {
  const wasm = runtime.require('@tensorflow/tfjs-backend-wasm') as {
    setWasmPaths(folder: string): void
  }
  wasm.setWasmPaths(runtime.wasmFolder)
}
await tf.setBackend(runtime.backend)
await tf.ready()
const build = isWasm ? 'face-api.node-wasm.js' : 'face-api.node.js'
const faceApi = runtime.load(`@vladmandic/face-api/dist/${build}`) as FaceApi
const folder = join(runtime.modules, '@vladmandic/face-api')
for (const net of ['tinyFaceDetector', 'faceLandmark68Net', 'faceRecognitionNet'] as const) {
  await faceApi.nets[net].loadFromDisk(join(folder, 'model'))
}
const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
  version: string
}
const matcher = new faceApi.FaceMatcher(
  Array.from(
    { length: GALLERY_PERSONS },
    (_, i) => new faceApi.LabeledFaceDescriptors(`p${i}`, [randomDescriptor(DESCRIPTOR_LENGTH)]),
  ),
)
const options = new faceApi.TinyFaceDetectorOptions({ inputSize: INPUT_SIZE })

async function withTensor<T>(image: Image, use: (found: Detecting) => PromiseLike<T>): Promise<T> {
  const tensor = toTensor(tf, image)
  try {
    return await use(faceApi.detectAllFaces(tensor, options))
  } finally {
    tensor.dispose()
  }
}

const describe = (image: Image) =>
  withTensor(image, (found) => found.withFaceLandmarks().withFaceDescriptors())

await serveBench(
  { version, judges: 'detector, landmarks, descriptor, 1:K search; all faces; no liveness' },
  {
    detect: async (image) => (await withTensor(image, (found) => found)).length,
    encode: async (image) => (await describe(image)).length,
    async decide(image) {
      const faces = await describe(image)
      for (const { descriptor } of faces) matcher.findBestMatch(descriptor)
      return faces.length
    },
  },
)
