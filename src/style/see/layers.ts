import { indexGraph } from '../../models/onnx/edit.js'
import type { OnnxGraph } from '../../models/onnx/model.js'
import { traceFields } from './receptive-field.js'
import type { Field } from './receptive-field.js'

/** A layer whose units can be looked at. */
export interface Layer {
  /** The value's own name where it says something, such as `conv1`; else operator and number. */
  readonly name: string
  /** Name of the value in the graph. */
  readonly value: string
  readonly field: Field
}

/** Operators after which a unit means something by itself. */
const SPEAKING = new Set(['Relu', 'PRelu', 'LeakyRelu', 'Clip', 'Max', 'Add', 'Concat'])

/** Layers of a net in the order of the graph, after their non-linearity. */
export function layersOf(graph: OnnxGraph): Layer[] {
  const fields = traceFields(graph)
  const { consumersOf } = indexGraph(graph)
  const counts = new Map<string, number>()

  /** The same numbers as floats, where they were quantized. */
  function floatValue(value: string): string | undefined {
    if (fields.get(value)?.isQuantized === false) return value
    const consumers = consumersOf.get(value) ?? []
    return consumers.find(({ opType }) => opType === 'DequantizeLinear')?.outputs[0]
  }

  return graph.nodes.flatMap((node) => {
    if (!SPEAKING.has(node.opType) || !fields.has(node.outputs[0])) return []
    const count = (counts.get(node.opType) ?? 0) + 1
    counts.set(node.opType, count)
    const value = floatValue(node.outputs[0])
    const field = value === undefined ? undefined : fields.get(value)
    if (value === undefined || field === undefined) return []
    const isNamed = /^[a-z]{3,}[0-9]*$/.test(value)
    return [{ name: isNamed ? value : `${node.opType.toLowerCase()}${count}`, value, field }]
  })
}
