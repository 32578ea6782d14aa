import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Image } from '../../frame/image.js'

/** The part of TensorFlow.js in use. */
export interface Tensorflow {
  tensor3d(
    values: Uint8Array,
    shape: readonly [number, number, number],
    type: 'int32',
  ): { dispose(): void }
  setBackend(name: string): Promise<boolean>
  ready(): Promise<void>
}

/** Where the peers are installed, and which backend they are to run on. */
export interface PeerRuntime {
  readonly modules: string
  readonly backend: 'wasm' | 'tensorflow'
  /** Loads a file of a peer's package past its `exports`, which hide the Node.js builds. */
  load(file: string): unknown
  /** Loads a package by name. */
  require(name: string): unknown
  readonly wasmFolder: string
}

/** Reads what the bench says on the command line. */
export function openPeerRuntime(): PeerRuntime {
  const [modules, backend] = process.argv.slice(2)
  const require = createRequire(join(modules, 'bench.cjs'))
  // Answers go over standard output alone.
  console.log = console.error
  readFilesByFetch()
  return {
    modules,
    backend: backend === 'tfjs-node' ? 'tensorflow' : 'wasm',
    load: (file) => require(join(modules, file)) as unknown,
    require: (name) => require(name) as unknown,
    wasmFolder: `${join(dirname(join(modules, '@tensorflow/tfjs-backend-wasm/package.json')), 'dist')}/`,
  }
}

/** The peers fetch their weights; Node.js refuses `file:` addresses. */
function readFilesByFetch(): void {
  const fetchElsewhere = globalThis.fetch
  globalThis.fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input)
    if (!url.startsWith('file:')) return fetchElsewhere(input, init)
    const type = url.endsWith('.json') ? 'application/json' : 'application/octet-stream'
    return new Response(readFileSync(new URL(url)), { headers: { 'content-type': type } })
  }
}

/** A frame as the peers take it; the caller disposes of it. */
export function toTensor(tf: Pick<Tensorflow, 'tensor3d'>, image: Image): { dispose(): void } {
  return tf.tensor3d(image.data, [image.height, image.width, 3], 'int32')
}

/** Numbers of no meaning for a gallery to search. */
export function randomDescriptor(length: number): Float32Array {
  return Float32Array.from({ length }, () => Math.random())
}
