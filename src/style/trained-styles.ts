import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { z } from 'zod'

import { readChecked } from '../models/checked-file.js'
import { ModelError, describeCause } from '../models/error.js'
import { modelsFolder } from '../models/registry.js'

/** Trained styles that ship with genkan. */
export const SHIPPED_STYLES = join(modelsFolder, 'stylizers')

const MAX_MANIFEST_BYTES = 16 * 1024
const MAX_MODEL_BYTES = 16 * 1024 * 1024
const MANIFEST_NAME = /^([a-z0-9][a-z0-9-]{0,39})\.json$/
/** Form of a trained style's id, which is also the name of its files. */
export const TRAINED_STYLE_ID = /^[a-z0-9][a-z0-9-]{0,39}$/

/** The `<id>.json` beside a trained style's `<id>.onnx`: what the model file is and how it was made. */
export const trainedStyleManifest = z.strictObject({
  id: z.string().regex(TRAINED_STYLE_ID),
  /** The painted pattern, or that it was a picture of the operator. */
  style: z.string().min(1).max(200),
  bytes: z.int().min(1).max(MAX_MODEL_BYTES),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  training: z.strictObject({
    pictures: z.int(),
    steps: z.int(),
    sidePixels: z.int(),
    seed: z.int(),
    beta: z.number(),
    strokeScale: z.number(),
    /** J a picture at the end, smoothed over steps. */
    cost: z.number(),
  }),
})
export type TrainedStyleManifest = z.output<typeof trainedStyleManifest>

/** A trained style and where its model lies. */
export interface TrainedStyle {
  readonly manifest: TrainedStyleManifest
  readonly file: string
}

function readManifest(folder: string, name: string): TrainedStyle {
  const path = join(folder, name)
  const invalid = (what: string) =>
    new ModelError({
      code: 'manifest-invalid',
      what,
      where: path,
      cure: 'train the style again with `genkan style train`, or take its files away',
    })
  let json: unknown
  try {
    const text = readFileSync(path, 'utf8')
    if (text.length > MAX_MANIFEST_BYTES)
      throw invalid(`is larger than ${MAX_MANIFEST_BYTES} bytes`)
    json = JSON.parse(text)
  } catch (cause) {
    if (cause instanceof ModelError) throw cause
    throw invalid(`cannot be read (${describeCause(cause)})`)
  }
  const parsed = trainedStyleManifest.safeParse(json)
  if (!parsed.success) throw invalid(z.prettifyError(parsed.error).replaceAll('\n', ' '))
  const manifest = parsed.data
  if (`${manifest.id}.json` !== name) throw invalid(`holds the id ${manifest.id}`)
  return { manifest, file: join(folder, `${manifest.id}.onnx`) }
}

/**
 * The trained styles of some folders, by id; where two have the same id the first folder's is taken.
 * A folder that is not there holds none.
 * @param onFault told of each manifest that cannot be used
 */
export function listTrainedStyles(
  folders: readonly string[],
  onFault: (error: ModelError) => void,
): readonly TrainedStyle[] {
  const found = new Map<string, TrainedStyle>()
  for (const folder of folders) {
    let names: string[]
    try {
      names = readdirSync(folder).filter((name) => MANIFEST_NAME.test(name))
    } catch {
      continue
    }
    for (const name of names) {
      try {
        const style = readManifest(folder, name)
        if (!found.has(style.manifest.id)) found.set(style.manifest.id, style)
      } catch (error) {
        if (!(error instanceof ModelError)) throw error
        onFault(error)
      }
    }
  }
  return [...found.values()].sort((a, b) => (a.manifest.id < b.manifest.id ? -1 : 1))
}

/**
 * The model file of a trained style.
 * @throws ModelError when it is missing, or is not the one that the manifest describes
 */
export function readTrainedStyle(
  file: string,
  expected: { readonly bytes: number; readonly sha256: string },
): Uint8Array {
  return readChecked(file, expected, 'train the style again, or restore its files')
}
