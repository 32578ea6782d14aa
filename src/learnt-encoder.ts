import { join, resolve } from 'node:path'
import type { Config } from './config/schema.js'
import type { Embedding } from './encoding/embedding.js'
import { learntIdOf } from './encoding/learnt-id.js'
import { fromHeadFile, toHeadFile, type HeadFile } from './learning/head-file.js'
import { embedBy } from './learning/learn.js'
import {
  LearntRecordError,
  parseLearntProjection,
  type LearntProjection,
} from './learning/learnt-record.js'
import type { LinearHead } from './learning/linear-head.js'
import { isIntact, readChecked, sha256Hex, writeAtomically } from './models/checked-file.js'
import type { Manifest, ManifestOf } from './models/manifest.js'
import { appendUnitHead } from './models/onnx/append-unit-head.js'
import { decodeModel, encodeModel } from './models/onnx/codec.js'
import { defaultModels, readManifest } from './models/registry.js'
import type { Store } from './store/store.js'

/** The encoder that is to be used now: the configured one, or that with the head learnt on site. */
export interface EncoderInForce {
  /** The configuration with encoder and calibration replaced where a head is in force. */
  readonly config: Config
  /** Makes of a stored embedding what that encoder compares; others pass as they are. */
  readonly current: (stored: Embedding) => Embedding
  /** Row of the head in the store; `undefined` for the encoder as shipped. */
  readonly headId: string | undefined
  /** Why a head in force is not used. */
  readonly ignored: string | undefined
}

/** An encoder's model file and manifest. */
export interface EncoderFiles {
  readonly manifest: ManifestOf<'encoder'>
  readonly model: Uint8Array
}

const FOLDER = 'learnt'
const CURE = 'run `npm run prepare` (or reinstall the package) to rebuild the model files'

/**
 * Reads an encoder's files.
 * @throws ModelError
 */
export function readEncoderFiles(model: string | undefined): EncoderFiles {
  const { manifest, modelPath } = readManifest(model ?? defaultModels.encoder)
  if (!isEncoder(manifest)) throw new Error(`${manifest.id} is no encoder; configure another model`)
  return { manifest, model: readChecked(modelPath, manifest.file, CURE) }
}

function isEncoder(manifest: Manifest): manifest is ManifestOf<'encoder'> {
  return manifest.role === 'encoder'
}

/**
 * The encoder with a learnt head in its graph: the same bytes for the same base and head.
 * @throws Error when the encoder does not give one vector that the head takes
 */
export function exportLearntEncoder(base: EncoderFiles, file: HeadFile): EncoderFiles {
  const head = fromHeadFile(file)
  const decoded = decodeModel(base.model, base.manifest.id)
  const { graph, outputs } = appendUnitHead(decoded.graph, head)
  const model = encodeModel({ ...decoded, graph })
  const mark = sha256Hex(Buffer.from(file.weights + file.bias)).slice(0, 8)
  const id = learntIdOf(base.manifest.id, mark)
  const sha256 = sha256Hex(model)
  return {
    model,
    manifest: {
      ...base.manifest,
      id,
      title: `${base.manifest.title}, head learnt on site`.slice(0, 200),
      source: { kind: 'local' },
      recipe: [],
      file: { name: `${id}.onnx`, bytes: model.length, sha256 },
      originId: base.manifest.id,
      outputs: {
        embedding: { name: outputs.embedding, shape: [1, head.outputs] },
        origin: base.manifest.outputs.embedding,
      },
    },
  }
}

/** The head as it is stored, and as it then computes: float32. */
export function storedHead(
  head: LinearHead,
  learnt: HeadFile['learnt'],
): { readonly file: HeadFile; readonly head: LinearHead } {
  const file = toHeadFile(head, learnt)
  return { file, head: fromHeadFile(file) }
}

/**
 * Looks in the store which head is in force, and lays its model, manifest and calibration out as
 * files. The store is the truth: files that are missing or not as they should be are written anew.
 * @throws LearntRecordError, ModelError or StoreError with its cure
 */
export function encoderInForce(config: Config, store: Pick<Store, 'learntHeads'>): EncoderInForce {
  const row = store.learntHeads.inForce('projection')
  const asShipped = (ignored?: string): EncoderInForce => ({
    config,
    current: (stored) => stored,
    headId: undefined,
    ignored,
  })
  if (row === undefined) return asShipped()
  const record = parseLearntProjection(row.body)
  const { manifest } = readManifest(config.models.encoder ?? defaultModels.encoder)
  if (manifest.id !== record.base.id || manifest.file.sha256 !== record.base.sha256) {
    return asShipped(
      `a head was learnt behind ${record.base.id}, which is not the encoder in use; ` +
        'run `genkan learn` again, or `genkan learn --rollback`',
    )
  }
  const folder = join(resolve(config.store.folder), FOLDER)
  const paths = layOut(folder, record, config.models.encoder)
  const embed = embedBy(fromHeadFile(record.head))
  return {
    config: {
      ...config,
      models: { ...config.models, encoder: paths.manifest },
      matching: { ...config.matching, calibrationFile: paths.calibration },
    },
    current(stored) {
      if (stored.modelId !== record.base.id) return stored
      return { modelId: record.encoder.id, vector: embed(stored.vector), origin: stored }
    },
    headId: row.id,
    ignored: undefined,
  }
}

function layOut(folder: string, record: LearntProjection, encoder: string | undefined) {
  const { id, sha256 } = record.encoder
  const made = exportLearntEncoder(readEncoderFiles(encoder), record.head)
  if (made.manifest.id !== id || made.manifest.file.sha256 !== sha256) {
    throw new LearntRecordError(
      'the learnt encoder comes out otherwise than it was calibrated; ' +
        'run `genkan learn --rollback`, then `genkan learn`',
    )
  }
  const paths = {
    manifest: join(folder, `${id}.json`),
    calibration: join(folder, `${id}.calibration.json`),
  }
  put(join(folder, made.manifest.file.name), made.model)
  put(paths.manifest, Buffer.from(`${JSON.stringify(made.manifest, undefined, 2)}\n`))
  put(paths.calibration, Buffer.from(`${JSON.stringify(record.calibration)}\n`))
  return paths
}

/** Leaves a file alone that holds the very bytes: a running daemon watches what it has read. */
function put(path: string, data: Uint8Array): void {
  if (!isIntact(path, { bytes: data.length, sha256: sha256Hex(data) })) writeAtomically(path, data)
}
