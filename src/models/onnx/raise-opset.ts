import { intsOf, numberOf, type OnnxGraph, type OnnxModel, type OnnxNode } from './model.js'

/** The operator set that 8-bit models are written in: the first with scales a channel. */
export const QUANTIZED_OPSET = 13

/** Operators whose form did not change from operator set 9 to 13. */
const UNCHANGED = new Set([
  'Add',
  'AveragePool',
  'BatchNormalization',
  'Concat',
  'Constant',
  'Conv',
  'Div',
  'Exp',
  'Flatten',
  'Gather',
  'GlobalAveragePool',
  'Identity',
  'MatMul',
  'Max',
  'MaxPool',
  'Mul',
  'PRelu',
  'Relu',
  'Reshape',
  'Shape',
  'Sigmoid',
  'Sub',
  'Transpose',
])

/** The sole operator whose meaning changed: only along the last axis is it the same. */
const LAST_AXES: ReadonlySet<number> = new Set([-1, 2])

/**
 * Moves a model to operator set 13. Attributes that became inputs (of Slice and Unsqueeze) become
 * constants; what is computed stays the same.
 * @throws Error that names an operator which cannot be moved
 */
export function raiseOpset(model: OnnxModel): OnnxModel {
  if (model.opset >= QUANTIZED_OPSET) {
    refuseUnknown(model.graph, new Set([...UNCHANGED, 'Resize', 'Slice', 'Softmax', 'Unsqueeze']))
    return model
  }
  const initializers = new Map(model.graph.initializers)
  const list = (node: OnnxNode, name: string): string => {
    const attribute = node.attributes.get(name)
    if (attribute?.kind !== 'ints') throw new Error(`${node.name}: ${name} is no list of ints`)
    const constant = `${node.name}_${name}`
    const values = BigInt64Array.from(attribute.value)
    initializers.set(constant, { type: 'int64', dims: [values.length], values })
    return constant
  }
  const nodes = model.graph.nodes.map((node): OnnxNode => {
    switch (node.opType) {
      case 'Slice': {
        if (node.inputs.length > 1) return node
        const names = ['starts', 'ends', ...(node.attributes.has('axes') ? ['axes'] : [])]
        const inputs = [...node.inputs, ...names.map((name) => list(node, name))]
        return { ...node, inputs, attributes: new Map() }
      }
      case 'Unsqueeze': {
        if (intsOf(node, 'axes', []).some((axis) => axis < 0)) {
          throw new Error(`${node.name}: cannot move an Unsqueeze of an axis from the end`)
        }
        const inputs = [...node.inputs, list(node, 'axes')]
        return { ...node, inputs, attributes: new Map() }
      }
      case 'Softmax':
        if (LAST_AXES.has(numberOf(node, 'axis', 1))) return node
        throw new Error(`${node.name}: cannot move a Softmax that flattens`)
      default:
        return node
    }
  })
  const graph = { ...model.graph, nodes, initializers }
  refuseUnknown(graph, new Set([...UNCHANGED, 'Resize', 'Slice', 'Softmax', 'Unsqueeze']))
  return { ...model, opset: QUANTIZED_OPSET, irVersion: Math.max(model.irVersion, 7), graph }
}

function refuseUnknown({ nodes }: OnnxGraph, known: ReadonlySet<string>): void {
  const odd = nodes.find((node) => !known.has(node.opType))
  if (odd !== undefined) throw new Error(`${odd.name}: cannot quantize around ${odd.opType}`)
}
