import * as ort from './onnxruntime.js'
import { readChecked } from './checked-file.js'
import { ModelError, describeCause } from './error.js'
import type { Manifest, ManifestOf, OutputSpec, Role } from './manifest.js'
import { BATCH } from './onnx/free-batch.js'
import { defaultModels, readManifest, type LocatedManifest } from './registry.js'
import { sessionOptions } from './session-options.js'

/** How a net is to be loaded; everything has a default. */
export interface NetOptions {
  /** Id of a shipped model or path of an integrator's own manifest; by default the role's model. */
  readonly model?: string
  /** Threads within one operator; 1 by default. */
  readonly intraOpNumThreads?: number
  /** Wanted onnxruntime execution providers, best first; `cpu` is always the last resort. */
  readonly executionProviders?: readonly string[]
}

/** Which execution providers were wanted, which are in use, and why any was passed over. */
export interface ProviderChoice {
  readonly wanted: readonly string[]
  readonly used: readonly string[]
  readonly notes: readonly string[]
}

/** The results of one run, by the manifest's own output names. */
export type NetOutputs<R extends Role> = {
  readonly [Output in keyof ManifestOf<R>['outputs']]: Float32Array
}

/** A model that has been checked, loaded and run once. */
export interface Net<R extends Role> {
  readonly manifest: ManifestOf<R>
  readonly manifestPath: string
  readonly modelPath: string
  /** SHA-256 of the very bytes that onnxruntime was given. */
  readonly sha256: string
  readonly providers: ProviderChoice
  /** Time of the warm-up run in milliseconds. */
  readonly warmUpMs: number
  /**
   * Runs the net once.
   * @param input planes as the manifest's `input` says, already normalised; of several pictures one
   *   after the other, where the net takes batches
   * @throws ModelError for a wrong input length, a fault of onnxruntime, or a result not finite
   */
  run(input: Float32Array): Promise<NetOutputs<R>>
  /** Runs it once on a grey picture. @returns how long that took, in ms @throws ModelError */
  warm(): Promise<number>
  /** Frees the session; the net must not be run after. */
  release(): Promise<void>
}

const CURE_REBUILD = 'run `npm run prepare` (or reinstall the package) to rebuild the model files'
const CURE_MANIFEST = 'the manifest and the model file do not belong together; correct one of them'

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1)
}

function chooseProviders(wanted: readonly string[]): ProviderChoice {
  const supported = new Set(ort.listSupportedBackends().map((backend) => backend.name))
  const notes: string[] = []
  const used = wanted.filter((name) => {
    if (supported.has(name)) return true
    notes.push(`${name} is not in this build of onnxruntime`)
    return false
  })
  if (!used.includes('cpu')) used.push('cpu')
  return { wanted, used, notes }
}

async function createSession(
  data: Uint8Array,
  path: string,
  options: NetOptions,
): Promise<{ session: ort.InferenceSession; providers: ProviderChoice }> {
  const create = (executionProviders: readonly string[]) =>
    ort.InferenceSession.create(data, {
      ...sessionOptions(options.intraOpNumThreads),
      executionProviders: [...executionProviders],
    })
  const providers = chooseProviders(options.executionProviders ?? ['cpu'])
  try {
    return { session: await create(providers.used), providers }
  } catch (cause) {
    const notAModel = (error: unknown) =>
      new ModelError({
        code: 'not-a-model',
        what: `onnxruntime cannot load it (${describeCause(error)})`,
        where: path,
        cure: CURE_MANIFEST,
        cause: error,
      })
    if (providers.used.length === 1) throw notAModel(cause)
    try {
      const session = await create(['cpu'])
      const note = `fell back to cpu (${describeCause(cause)})`
      return {
        session,
        providers: { ...providers, used: ['cpu'], notes: [...providers.notes, note] },
      }
    } catch (error) {
      throw notAModel(error)
    }
  }
}

interface TensorInfo {
  readonly name: string
  readonly type: string
  readonly shape: readonly (number | string)[]
}

function tensorInfos(metadata: readonly ort.InferenceSession.ValueMetadata[]): TensorInfo[] {
  return metadata.map((value) =>
    value.isTensor
      ? { name: value.name, type: value.type, shape: value.shape }
      : { name: value.name, type: 'not a tensor', shape: [] },
  )
}

function describeTensor(tensor: TensorInfo): string {
  return `${tensor.name} ${tensor.type}[${tensor.shape.join(',')}]`
}

function expectTensors(
  kind: 'input' | 'output',
  found: readonly TensorInfo[],
  wanted: readonly OutputSpec[],
  batches: boolean,
  path: string,
): void {
  const expected = wanted.map(({ name, shape }) => ({
    name,
    type: 'float32',
    shape: batches ? [BATCH, ...shape.slice(1)] : shape,
  }))
  const text = (tensors: readonly TensorInfo[]) => tensors.map(describeTensor).sort().join(' and ')
  if (text(found) === text(expected)) return
  throw new ModelError({
    code: kind === 'input' ? 'wrong-input' : 'wrong-output',
    what: `its ${kind} is ${text(found)} where the manifest says ${text(expected)}`,
    where: path,
    cure: CURE_MANIFEST,
  })
}

/** Times 0, NaN and infinity alone are not 0: one sum, without a call for each of thousands. */
function areFinite(values: Float32Array): boolean {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] * 0
  return sum === 0
}

function takeOutputs<R extends Role>(
  outputs: Readonly<Record<string, OutputSpec>>,
  results: ort.InferenceSession.ReturnType,
  count: number,
  path: string,
): NetOutputs<R> {
  const taken: Record<string, Float32Array> = {}
  for (const [key, spec] of Object.entries(outputs)) {
    const { data } = results[spec.name]
    if (!(data instanceof Float32Array) || data.length !== count * sizeOf(spec.shape)) {
      throw new ModelError({
        code: 'wrong-output',
        what: `gave no float32 output ${spec.name} of shape [${spec.shape.join(',')}]`,
        where: path,
        cure: CURE_MANIFEST,
      })
    }
    if (!areFinite(data)) {
      throw new ModelError({
        code: 'not-finite',
        what: `its output ${spec.name} holds NaN or infinity`,
        where: path,
        cure: 'the model cannot be trusted on this machine or input; try another execution provider',
      })
    }
    taken[key] = data
  }
  return taken as NetOutputs<R>
}

interface LocatedManifestOf<R extends Role> extends LocatedManifest {
  readonly manifest: Manifest & ManifestOf<R>
}

async function openNet<R extends Role>(
  located: LocatedManifestOf<R>,
  options: NetOptions,
): Promise<Net<R>> {
  const { manifest, manifestPath, modelPath } = located
  const data = readChecked(modelPath, manifest.file, CURE_REBUILD)
  const { session, providers } = await createSession(data, modelPath, options)
  const { input } = manifest
  const outputs: Readonly<Record<string, OutputSpec>> = Object.fromEntries(
    Object.entries<OutputSpec | undefined>(manifest.outputs).flatMap(([key, spec]) =>
      spec === undefined ? [] : [[key, spec]],
    ),
  )
  const inputLength = sizeOf(input.shape)
  const { batches } = input
  const [given, made] = [session.inputMetadata, session.outputMetadata].map(tensorInfos)
  expectTensors('input', given, [input], batches, modelPath)
  expectTensors('output', made, Object.values(outputs), batches, modelPath)

  const run = async (values: Float32Array): Promise<NetOutputs<R>> => {
    const count = values.length / inputLength
    if (batches ? !Number.isInteger(count) || count < 1 : count !== 1) {
      throw new ModelError({
        code: 'wrong-feed',
        what: `was fed ${values.length} numbers where its input takes ${inputLength}`,
        where: manifest.id,
        cure: 'prepare the picture as the manifest says',
      })
    }
    let results: ort.InferenceSession.ReturnType
    try {
      results = await session.run({
        [input.name]: new ort.Tensor('float32', values, [count, ...input.shape.slice(1)]),
      })
    } catch (cause) {
      throw new ModelError({
        code: 'run-failed',
        what: `onnxruntime failed while running it (${describeCause(cause)})`,
        where: modelPath,
        cure: 'restart the daemon; if it stays, use the cpu execution provider',
        cause,
      })
    }
    return takeOutputs<R>(outputs, results, count, modelPath)
  }

  const grey = new Float32Array(inputLength)
  const plane = inputLength / input.mean.length
  input.mean.forEach((mean, channel) =>
    grey.fill((127 - mean) / input.divisor, channel * plane, (channel + 1) * plane),
  )
  const warm = async (): Promise<number> => {
    const startedAt = performance.now()
    await run(grey)
    return performance.now() - startedAt
  }
  let warmUpMs: number
  try {
    warmUpMs = await warm()
  } catch (cause) {
    await session.release()
    throw cause
  }
  return {
    manifest,
    manifestPath,
    modelPath,
    sha256: manifest.file.sha256,
    providers,
    warmUpMs,
    warm,
    run,
    release: () => session.release(),
  }
}

function hasRole<R extends Role>(
  located: LocatedManifest,
  role: R,
): located is LocatedManifestOf<R> {
  return located.manifest.role === role
}

/**
 * Loads the model of a role: reads the file once, checks its SHA-256, gives those very bytes to
 * onnxruntime, compares inputs and outputs with the manifest, and runs it once on a grey picture.
 * Sessions live as long as the process: load each net once.
 * @throws ModelError that says what is wrong, where, and the cure
 */
export async function loadNet<R extends Role>(role: R, options: NetOptions = {}): Promise<Net<R>> {
  const located = readManifest(options.model ?? defaultModels[role])
  if (!hasRole(located, role)) {
    throw new ModelError({
      code: 'manifest-role',
      what: `is a model for ${located.manifest.role}, not for ${role}`,
      where: located.manifestPath,
      cure: 'name a model of the right role in the configuration',
    })
  }
  return openNet<R>(located, options)
}

/**
 * Runs a net over several pictures, at once where it takes batches.
 * @param input the pictures' planes, one after the other; at least one
 * @returns the outputs of one picture after the other
 */
export async function runEach<R extends Role>(
  net: Net<R>,
  input: Float32Array,
): Promise<NetOutputs<R>> {
  const { shape, batches } = net.manifest.input
  const length = sizeOf(shape)
  if (batches || input.length <= length) return net.run(input)
  const made: NetOutputs<R>[] = []
  for (let at = 0; at < input.length; at += length) {
    made.push(await net.run(input.subarray(at, at + length)))
  }
  const joined: Record<string, Float32Array> = {}
  for (const key of Object.keys(made[0])) {
    const parts = made.map((one) => (one as Record<string, Float32Array>)[key])
    const all = new Float32Array(parts.length * parts[0].length)
    for (const [i, part] of parts.entries()) all.set(part, i * part.length)
    joined[key] = all
  }
  return joined as NetOutputs<R>
}

/** {@link loadNet} for the face detector. */
export const loadDetector = (options?: NetOptions) => loadNet('detector', options)
/** {@link loadNet} for the landmark net. */
export const loadLandmarks = (options?: NetOptions) => loadNet('landmarks', options)
/** {@link loadNet} for the liveness texture net. */
export const loadTexture = (options?: NetOptions) => loadNet('texture', options)
/** {@link loadNet} for the 468-point face mesh. */
export const loadMesh = (options?: NetOptions) => loadNet('mesh', options)
/** {@link loadNet} for the state of one eye. */
export const loadEyes = (options?: NetOptions) => loadNet('eyes', options)
/** {@link loadNet} for the encoder. */
export const loadEncoder = (options?: NetOptions) => loadNet('encoder', options)
