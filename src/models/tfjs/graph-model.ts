import { z } from 'zod'
import { decodeWeights, weightsManifestSchema, type TfTensor } from './weights.js'

const attributeSchema = z.object({
  s: z.string().optional(),
  i: z.union([z.string(), z.number()]).optional(),
  f: z.number().optional(),
  b: z.boolean().optional(),
  shape: z.object({ dim: z.array(z.object({ size: z.coerce.number().int() })).max(6) }).optional(),
  list: z
    .object({
      i: z.array(z.union([z.string(), z.number()])).optional(),
      s: z.array(z.string()).optional(),
    })
    .optional(),
})

const nodeSchema = z.object({
  name: z.string().min(1).max(500),
  op: z.string().min(1).max(100),
  input: z.array(z.string().max(500)).max(100).default([]),
  attr: z.record(z.string(), attributeSchema).default({}),
})

const graphModelSchema = z.object({
  format: z.literal('graph-model'),
  modelTopology: z.object({ node: z.array(nodeSchema).min(1).max(20_000) }),
  weightsManifest: weightsManifestSchema,
})

/** One operator of a TensorFlow graph. */
export interface TfNode {
  readonly name: string
  readonly op: string
  /** Names of the nodes whose first output it takes; control inputs are left out. */
  readonly inputs: readonly string[]
  /** A list of whole numbers, or `undefined`. */
  ints(attribute: string): readonly number[] | undefined
  /** A tensor shape with −1 for what is open, or `undefined`. */
  shape(attribute: string): readonly number[] | undefined
  /** A text, or `undefined`. */
  text(attribute: string): string | undefined
  /** A list of texts; empty when absent. */
  texts(attribute: string): readonly string[]
}

/** A tfjs graph model: operators by name, and its constants. */
export interface TfGraph {
  readonly nodes: ReadonlyMap<string, TfNode>
  readonly constants: ReadonlyMap<string, TfTensor>
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8')
}

/**
 * Reads a tfjs graph model.
 * @param json the contents of `model.json`
 * @param data the weight files, joined in order
 * @throws Error when it is not one
 */
export function readGraphModel(json: Uint8Array, data: Uint8Array): TfGraph {
  const model = graphModelSchema.parse(JSON.parse(new TextDecoder().decode(json)))
  const nodes = model.modelTopology.node.map(({ name, op, input, attr }): TfNode => {
    const attributes = new Map(Object.entries(attr))
    return {
      name,
      op,
      inputs: input.filter((from) => !from.startsWith('^')).map((from) => from.replace(/:0$/, '')),
      ints: (attribute) => attributes.get(attribute)?.list?.i?.map(Number),
      shape: (attribute) =>
        attributes.get(attribute)?.shape?.dim.map((dimension) => dimension.size),
      text: (attribute) => {
        const text = attributes.get(attribute)?.s
        return text === undefined ? undefined : fromBase64(text)
      },
      texts: (attribute) => attributes.get(attribute)?.list?.s?.map(fromBase64) ?? [],
    }
  })
  return {
    nodes: new Map(nodes.map((node) => [node.name, node])),
    constants: decodeWeights(model.weightsManifest, data),
  }
}
