import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { packageRoot } from '../config/paths.js'
import { fromHeadFile, headFileSchema } from '../learning/head-file.js'
import type { LinearHead } from '../learning/linear-head.js'
import { ModelError, describeCause, systemCode } from './error.js'
import { quantizationConstantsSchema, type QuantizationConstants } from './quantize/constants.js'
import { assetsSchema, manifestSchema, type Assets, type Manifest, type Role } from './manifest.js'

/** Folder of the manifests that genkan ships. */
export const modelsFolder = join(packageRoot, 'models')

/** Folder of the nets that genkan trained itself and ships. */
export const trainedFolder = join(modelsFolder, 'trained')

/** Folder of everything made from packages: `source/`, `built/`, `assets/`. */
export const cacheFolder = join(modelsFolder, '.cache')

const ASSETS_FILE = 'assets.json'
const MAX_MANIFEST_BYTES = 1024 * 1024

/** The model that plays each role unless the configuration names another. */
export const defaultModels: Readonly<Record<Role, string>> = {
  detector: 'fr_detect',
  landmarks: 'fr_landmark',
  texture: 'fr_liveness',
  encoder: 'mobilefacenet-128-pca-int8',
  mesh: 'facemesh',
  eyes: 'fr_eye',
  mask: 'worn-mask',
  style: 'inception-style',
}

/** A manifest together with the place of the model file it speaks of. */
export interface LocatedManifest {
  readonly manifest: Manifest
  readonly manifestPath: string
  readonly modelPath: string
}

function readJson<T>(path: string, schema: z.ZodType<T>): T {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    const missing = systemCode(cause) === 'ENOENT'
    throw new ModelError({
      code: missing ? 'manifest-missing' : 'file-unreadable',
      what: missing ? 'there is no such manifest' : `cannot be read (${describeCause(cause)})`,
      where: path,
      cure: 'check the model name or path in the configuration',
      cause,
    })
  }
  const invalid = (what: string, cause?: unknown) =>
    new ModelError({
      code: 'manifest-invalid',
      what,
      where: path,
      cure: 'correct the manifest; the ones that genkan ships show the form',
      cause,
    })
  if (text.length > MAX_MANIFEST_BYTES) throw invalid(`is larger than ${MAX_MANIFEST_BYTES} bytes`)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw invalid(`is not JSON (${describeCause(cause)})`, cause)
  }
  const parsed = schema.safeParse(json)
  if (!parsed.success) throw invalid(z.prettifyError(parsed.error).replaceAll('\n', ' '))
  return parsed.data
}

/**
 * Reads one manifest.
 * @param model a shipped model's id, or the path of an integrator's own manifest (ends in `.json`),
 *   whose model file then stands beside it
 * @throws ModelError when it is missing or invalid
 */
export function readManifest(model: string): LocatedManifest {
  const own = model.endsWith('.json')
  const manifestPath = own ? model : join(modelsFolder, `${model}.json`)
  if (!own && !/^[\w-]+$/.test(model)) {
    throw new ModelError({
      code: 'manifest-missing',
      what: 'is neither the id of a model nor the path of a manifest',
      where: JSON.stringify(model),
      cure: 'check the model name or path in the configuration',
    })
  }
  const manifest = readJson(manifestPath, manifestSchema)
  const shipped = manifest.source.kind === 'local' ? trainedFolder : join(cacheFolder, 'built')
  const folder = own ? dirname(manifestPath) : shipped
  return { manifest, manifestPath, modelPath: join(folder, manifest.file.name) }
}

/**
 * Reads every manifest that genkan ships, by id.
 * @throws ModelError when one is invalid or not named after its id
 */
export function readAllManifests(): LocatedManifest[] {
  return readdirSync(modelsFolder)
    .filter((name) => name.endsWith('.json') && name !== ASSETS_FILE)
    .sort()
    .map((name) => {
      const located = readManifest(name.slice(0, -'.json'.length))
      if (`${located.manifest.id}.json` !== name) {
        throw new ModelError({
          code: 'manifest-invalid',
          what: `holds the id ${located.manifest.id}`,
          where: located.manifestPath,
          cure: 'name the file after the id',
        })
      }
      return located
    })
}

/**
 * Reads the committed constants of a quantized model.
 * @throws ModelError when they are missing or invalid
 */
export function readQuantization(id: string): QuantizationConstants {
  return readJson(join(modelsFolder, 'quantization', `${id}.json`), quantizationConstantsSchema)
}

/** Where the committed head of that id stands. */
export function headPath(id: string): string {
  return join(modelsFolder, 'projection', `${id}.json`)
}

/**
 * Reads a committed, learnt head.
 * @throws ModelError when it is missing or invalid
 */
export function readHead(id: string): LinearHead {
  return fromHeadFile(readJson(headPath(id), headFileSchema))
}

/**
 * Reads the list of pinned pictures and clips.
 * @throws ModelError when it is missing or invalid
 */
export function readAssets(): Assets {
  return readJson(join(modelsFolder, ASSETS_FILE), assetsSchema)
}

/**
 * Where a pinned picture or clip stands once `npm ci` has run.
 * @param name the `name` of a file in `models/assets.json`, such as `franck.mp4`
 * @throws ModelError when no asset has that name
 */
export function assetPath(name: string): string {
  const known = readAssets().packages.flatMap((entry) => entry.files.map((file) => file.name))
  if (!known.includes(name)) {
    throw new ModelError({
      code: 'asset-unknown',
      what: 'is not one of the pinned pictures and clips',
      where: name,
      cure: `choose one of ${known.join(', ')}`,
    })
  }
  return join(cacheFolder, 'assets', name)
}
