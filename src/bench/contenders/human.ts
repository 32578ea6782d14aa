import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Image } from '../../frame/image.js'
import { GALLERY_PERSONS } from '../protocol.js'
import { serveBench } from '../serve.js'
import { openPeerRuntime, randomDescriptor, toTensor, type Tensorflow } from './tfjs-runtime.js'

/** The part of `@vladmandic/human` 3.x in use. */
interface Human {
  readonly tf: Tensorflow
  readonly version: string
  readonly match: {
    find(descriptor: readonly number[], known: readonly number[][]): { readonly index: number }
  }
  init(): Promise<void>
  load(): Promise<void>
  detect(
    input: unknown,
    config: object,
  ): Promise<{ readonly face: readonly { readonly embedding?: readonly number[] }[] }>
}

const DESCRIPTOR_LENGTH = 1024
const runtime = openPeerRuntime()
const build = runtime.backend === 'wasm' ? 'human.node-wasm.js' : 'human.node.js'
const { Human } = runtime.load(`@vladmandic/human/dist/${build}`) as {
  Human: new (config: object) => Human
}

/** Every frame is judged anew: results of earlier frames are not taken over. */
const ALWAYS = { skipFrames: 0, skipTime: 0 }

/** Face functions up to a step; body, hands, objects and gestures are off throughout. */
function faceUpTo(step: 'detect' | 'encode' | 'decide') {
  const encodes = step !== 'detect'
  const decides = step === 'decide'
  return {
    face: {
      enabled: true,
      detector: { rotation: encodes, maxDetected: 5, ...ALWAYS },
      mesh: { enabled: encodes },
      iris: { enabled: false },
      emotion: { enabled: false },
      description: { enabled: encodes, ...ALWAYS },
      antispoof: { enabled: decides, ...ALWAYS },
      liveness: { enabled: decides, ...ALWAYS },
    },
  }
}

const off = { enabled: false }
const human = new Human({
  backend: runtime.backend,
  wasmPath: runtime.wasmFolder,
  modelBasePath: `${pathToFileURL(join(runtime.modules, '@vladmandic/human/models')).href}/`,
  debug: false,
  cacheSensitivity: 0,
  filter: off,
  body: off,
  hand: off,
  object: off,
  gesture: off,
  segmentation: off,
  ...faceUpTo('decide'),
})
await human.init()
await human.load()

async function detect(image: Image, step: 'detect' | 'encode' | 'decide') {
  const tensor = toTensor(human.tf, image)
  const { face } = await human.detect(tensor, faceUpTo(step))
  tensor.dispose()
  return face
}

const known = Array.from({ length: GALLERY_PERSONS }, () =>
  Array.from(randomDescriptor(DESCRIPTOR_LENGTH)),
)

await serveBench(
  {
    version: human.version,
    judges: 'detector with rotation, mesh, description, antispoof, liveness, 1:K search; all faces',
  },
  {
    detect: async (image) => (await detect(image, 'detect')).length,
    encode: async (image) => (await detect(image, 'encode')).length,
    async decide(image) {
      const faces = await detect(image, 'decide')
      for (const { embedding } of faces) {
        if (embedding !== undefined) human.match.find(embedding, known)
      }
      return faces.length
    },
  },
)
