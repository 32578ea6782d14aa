import { z } from 'zod'
import { decodeWeights, weightsManifestSchema, type TfTensor } from './weights.js'

/**
 * Takes a weight file out of the JavaScript module that holds it as one base64 string.
 * @throws Error when the module exports no such string
 */
export function readShardModule(module: Uint8Array): Uint8Array {
  const found = /\bexports="([A-Za-z0-9+/]+={0,2})"/.exec(Buffer.from(module).toString('latin1'))
  if (found === null) throw new Error('the module exports no base64 string')
  return Buffer.from(found[1], 'base64')
}

/** The text of a JavaScript literal from `start` to the bracket that closes it. */
function literalAt(text: string, start: number): string {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    if (text[at] === '[' || text[at] === '{') depth++
    else if (text[at] === ']' || text[at] === '}') depth--
    if (depth === 0) return text.slice(start, at + 1)
  }
  throw new Error('the module ends within its weights manifest')
}

/**
 * Reads the weights of a tfjs layers model whose files are minified JavaScript modules. The modules
 * are read as text: none of their code is run.
 * @param model the module that exports `model.json`, of whose literal only `weightsManifest` is read
 * @param shards the modules of the weight files, in the manifest's order
 * @throws Error when the modules hold something else
 */
export function readModuleWeights(
  model: Uint8Array,
  shards: readonly Uint8Array[],
): Map<string, TfTensor> {
  const text = Buffer.from(model).toString('latin1')
  const key = 'weightsManifest:'
  const at = text.indexOf(key)
  if (at < 0) throw new Error('the module holds no weights manifest')
  const json = literalAt(text, at + key.length)
    .replace(/([{,])([A-Za-z]\w*):/g, '$1"$2":')
    .replace(/([:[,]-?)\./g, '$10.')
  const manifest = z.unknown().pipe(weightsManifestSchema).parse(JSON.parse(json))
  return decodeWeights(manifest, Buffer.concat(shards.map(readShardModule)))
}
