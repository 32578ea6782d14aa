import { readChecked } from '../models/checked-file.js'
import { decodeModel } from '../models/onnx/codec.js'
import { intsOf, type OnnxGraph, type Tensor } from '../models/onnx/model.js'
import { readManifest, defaultModels } from '../models/registry.js'
import { STYLE_LAYERS, type StyleLayer } from './engine.js'
import type { Tape, Value } from '../models/training/tape.js'

/** The style network: its graph of Conv, Relu, AveragePool and Concat, with constant filters. */
export interface StyleNetwork {
  readonly id: string
  readonly sha256: string
  readonly graph: OnnxGraph
}

/**
 * Reads the style network that the manifest describes.
 * @throws ModelError when it is missing or not the pinned one
 */
export function readStyleNetwork(model: string = defaultModels.style): StyleNetwork {
  const { manifest, modelPath } = readManifest(model)
  const data = readChecked(modelPath, manifest.file, 'run `npm run prepare` to rebuild it')
  return {
    id: manifest.id,
    sha256: manifest.file.sha256,
    graph: decodeModel(data, modelPath).graph,
  }
}

function floatConstant(graph: OnnxGraph, name: string): Tensor & { readonly values: Float32Array } {
  const tensor = graph.initializers.get(name)
  if (tensor?.type !== 'float32') throw new Error(`${name} is no float32 constant`)
  return tensor
}

/**
 * Adds the network to a tape, up to the deepest layer wanted.
 * @param input 1×3×H×W in 0..1, H and W multiples of 8
 * @returns the wanted layers
 */
export function addNetwork(
  tape: Tape,
  { graph }: StyleNetwork,
  input: Value,
  wanted: readonly StyleLayer[],
): ReadonlyMap<StyleLayer, Value> {
  const deepest = STYLE_LAYERS.findLast((layer) => wanted.includes(layer))
  const doubled = tape.plain('Mul', [input, tape.scalar(2)], input.dims)
  tape.rule(doubled, (gradient) => [
    [input, () => tape.plain('Mul', [gradient, tape.scalar(2)], input.dims)],
  ])
  const centred = tape.plain('Sub', [doubled, tape.scalar(1)], input.dims)
  tape.rule(centred, (gradient) => [[doubled, () => gradient]])

  const values = new Map<string, Value>([[graph.inputs[0].name, centred]])
  for (const node of graph.nodes) {
    const from = node.inputs.flatMap((name) => values.get(name) ?? [])
    const [x] = from
    const stride = intsOf(node, 'strides', [1])[0]
    const pad = intsOf(node, 'pads', [0])[0]
    const made = ((): Value => {
      switch (node.opType) {
        case 'Conv': {
          const weights = floatConstant(graph, node.inputs[1])
          const bias = floatConstant(graph, node.inputs[2]).values
          return tape.conv(x, { weights, bias }, stride, pad)
        }
        case 'Relu':
          return tape.relu(x)
        case 'AveragePool':
          return tape.meanPool(x, intsOf(node, 'kernel_shape', [1])[0], stride, pad)
        case 'Concat':
          return tape.concat(from)
        default:
          throw new Error(`the style network holds ${node.opType}, which has no gradient here`)
      }
    })()
    values.set(node.outputs[0], made)
    if (node.outputs[0] === deepest) break
  }
  return new Map(
    wanted.map((layer) => {
      const value = values.get(layer)
      if (value === undefined) throw new Error(`the style network has no layer ${layer}`)
      return [layer, value]
    }),
  )
}
