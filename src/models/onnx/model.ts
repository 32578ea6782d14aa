/** The element types of ONNX that genkan reads and writes. */
export type TensorData =
  | { readonly type: 'float32'; readonly values: Float32Array }
  | { readonly type: 'uint8'; readonly values: Uint8Array }
  | { readonly type: 'int8'; readonly values: Int8Array }
  | { readonly type: 'int32'; readonly values: Int32Array }
  | { readonly type: 'int64'; readonly values: BigInt64Array }

/** Name of an element type. */
export type ElementType = TensorData['type']

/** A constant tensor, row-major. */
export type Tensor = TensorData & { readonly dims: readonly number[] }

/** An operator's attribute. */
export type Attribute =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly bigint[] }
  | { readonly kind: 'tensor'; readonly value: Tensor }

/** One operator; an absent optional input is the empty string. */
export interface OnnxNode {
  readonly name: string
  readonly opType: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, Attribute>
}

/** A graph input or output; a dimension may be symbolic. */
export interface ValueInfo {
  readonly name: string
  readonly type: ElementType
  readonly dims: readonly (number | string)[]
}

/** A dataflow graph, nodes in topological order, constants by name. */
export interface OnnxGraph {
  readonly name: string
  readonly nodes: readonly OnnxNode[]
  readonly initializers: ReadonlyMap<string, Tensor>
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
}

/** A model of the default ONNX operator set. */
export interface OnnxModel {
  readonly irVersion: number
  readonly opset: number
  readonly producer: string
  readonly graph: OnnxGraph
}

/** A float32 constant. */
export function floatTensor(dims: readonly number[], values: ArrayLike<number>): Tensor {
  return { type: 'float32', dims, values: Float32Array.from(values) }
}

/** An int64 constant of one dimension, such as a shape. */
export function intTensor(values: readonly number[]): Tensor {
  return { type: 'int64', dims: [values.length], values: BigInt64Array.from(values, BigInt) }
}

/** An operator's attributes in short; an {@link Attribute} where a float happens to be whole. */
export type PlainAttributes = Readonly<
  Record<string, number | string | readonly number[] | Attribute>
>

/** Attributes from plain numbers, lists and strings; whole numbers become ints. */
export function attributes(plain: PlainAttributes): ReadonlyMap<string, Attribute> {
  return new Map(
    Object.entries(plain).map(([name, value]): [string, Attribute] => {
      if (typeof value === 'object' && 'kind' in value) return [name, value]
      if (typeof value === 'string') return [name, { kind: 'string', value }]
      if (typeof value !== 'number') return [name, { kind: 'ints', value: value.map(BigInt) }]
      if (!Number.isInteger(value)) return [name, { kind: 'float', value }]
      return [name, { kind: 'int', value: BigInt(value) }]
    }),
  )
}

/** A node whose name is that of its first output. */
export function makeNode(
  opType: string,
  inputs: readonly string[],
  output: string,
  plain: PlainAttributes = {},
): OnnxNode {
  return { name: output, opType, inputs, outputs: [output], attributes: attributes(plain) }
}

/**
 * The list attribute of a node, or what it is by default.
 * @throws Error when it is not a list of whole numbers
 */
export function intsOf(
  node: OnnxNode,
  name: string,
  byDefault: readonly number[],
): readonly number[] {
  const attribute = node.attributes.get(name)
  if (attribute === undefined) return byDefault
  if (attribute.kind !== 'ints') throw new Error(`${node.name}: ${name} is no list of ints`)
  return attribute.value.map(Number)
}

/**
 * The number attribute of a node, or what it is by default.
 * @throws Error when it is not a number
 */
export function numberOf(node: OnnxNode, name: string, byDefault: number): number {
  const attribute = node.attributes.get(name)
  if (attribute === undefined) return byDefault
  if (attribute.kind !== 'int' && attribute.kind !== 'float') {
    throw new Error(`${node.name}: ${name} is no number`)
  }
  return Number(attribute.value)
}
