import { createRequire } from 'node:module'
import type protobuf from 'protobufjs'
import { z } from 'zod'
import { ModelError, describeCause } from '../error.js'
import type { Attribute, ElementType, OnnxModel, OnnxNode, Tensor, ValueInfo } from './model.js'

/** The part of onnx.proto (ONNX IR 3 to 10) that inference models are made of. */
const ONNX_PROTO = `
syntax = "proto2";
message AttributeProto {
  optional string name = 1;
  optional float f = 2;
  optional int64 i = 3;
  optional bytes s = 4;
  optional TensorProto t = 5;
  repeated float floats = 7;
  repeated int64 ints = 8;
  optional int32 type = 20;
}
message NodeProto {
  repeated string input = 1;
  repeated string output = 2;
  optional string name = 3;
  optional string opType = 4;
  repeated AttributeProto attribute = 5;
  optional string domain = 7;
}
message TensorProto {
  repeated int64 dims = 1;
  optional int32 dataType = 2;
  repeated float floatData = 4 [packed = true];
  repeated int32 int32Data = 5 [packed = true];
  repeated int64 int64Data = 7 [packed = true];
  optional string name = 8;
  optional bytes rawData = 9;
  optional int32 dataLocation = 14;
}
message Dimension { optional int64 dimValue = 1; optional string dimParam = 2; }
message TensorShapeProto { repeated Dimension dim = 1; }
message TensorTypeProto { optional int32 elemType = 1; optional TensorShapeProto shape = 2; }
message TypeProto { optional TensorTypeProto tensorType = 1; }
message ValueInfoProto { optional string name = 1; optional TypeProto type = 2; }
message GraphProto {
  repeated NodeProto node = 1;
  optional string name = 2;
  repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11;
  repeated ValueInfoProto output = 12;
}
message OperatorSetIdProto { optional string domain = 1; optional int64 version = 2; }
message ModelProto {
  optional int64 irVersion = 1;
  optional string producerName = 2;
  optional GraphProto graph = 7;
  repeated OperatorSetIdProto opsetImport = 8;
}
`

let compiled: protobuf.Type | undefined

/** Loaded at the first use: a door whose encoder is as shipped reads no graph. */
function modelProto(): protobuf.Type {
  if (compiled === undefined) {
    const load = createRequire(import.meta.url)
    const { parse, Root } = load('protobufjs') as typeof protobuf
    compiled = parse(ONNX_PROTO, new Root(), { keepCase: true }).root.lookupType('ModelProto')
  }
  return compiled
}

const text = z.string().default('')
const int = z.coerce.number().int()
const bytes = z.instanceof(Uint8Array)

const tensorMessage = z.object({
  dims: z.array(int.min(0)).default([]),
  dataType: int.default(0),
  floatData: z.array(z.number()).default([]),
  int32Data: z.array(int).default([]),
  int64Data: z.array(z.coerce.bigint()).default([]),
  name: text,
  rawData: bytes.optional(),
  dataLocation: int.default(0),
})

const attributeMessage = z.object({
  name: text,
  type: int.default(0),
  f: z.number().default(0),
  i: z.coerce.bigint().default(0n),
  s: bytes.optional(),
  t: tensorMessage.optional(),
  floats: z.array(z.number()).default([]),
  ints: z.array(z.coerce.bigint()).default([]),
})

const valueMessage = z.object({
  name: text,
  type: z.object({
    tensorType: z.object({
      elemType: int,
      shape: z.object({
        dim: z
          .array(z.object({ dimValue: int.optional(), dimParam: z.string().optional() }))
          .default([]),
      }),
    }),
  }),
})

const modelMessage = z.object({
  irVersion: int,
  producerName: text,
  opsetImport: z.array(z.object({ domain: text, version: int })).min(1),
  graph: z.object({
    name: text,
    node: z.array(
      z.object({
        input: z.array(z.string()).default([]),
        output: z.array(z.string()).default([]),
        name: text,
        opType: z.string().min(1),
        domain: text,
        attribute: z.array(attributeMessage).default([]),
      }),
    ),
    initializer: z.array(tensorMessage).default([]),
    input: z.array(valueMessage),
    output: z.array(valueMessage),
  }),
})

/** onnx.proto's TensorProto.DataType and AttributeProto.AttributeType. */
const ELEMENT_CODES: Readonly<Record<ElementType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
}
const ATTRIBUTE_CODES = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7 } as const

function elementType(code: number): ElementType {
  for (const [name, known] of Object.entries(ELEMENT_CODES)) {
    if (known === code) return name as ElementType
  }
  throw new Error(`element type ${code} is not supported`)
}

function readTensor(message: z.infer<typeof tensorMessage>): Tensor {
  const { name, dims, rawData } = message
  if (message.dataLocation !== 0) throw new Error(`${name} keeps its data in another file`)
  const type = elementType(message.dataType)
  // A copy: typed arrays need aligned memory.
  const raw = rawData === undefined ? undefined : Uint8Array.from(rawData).buffer
  const tensor = ((): Tensor => {
    switch (type) {
      case 'float32':
        return { type, dims, values: new Float32Array(raw ?? message.floatData) }
      case 'uint8':
        return { type, dims, values: new Uint8Array(raw ?? message.int32Data) }
      case 'int8':
        return { type, dims, values: new Int8Array(raw ?? message.int32Data) }
      case 'int32':
        return { type, dims, values: new Int32Array(raw ?? message.int32Data) }
      case 'int64':
        return {
          type,
          dims,
          values: raw === undefined ? new BigInt64Array(message.int64Data) : new BigInt64Array(raw),
        }
    }
  })()
  const length = dims.reduce((product, dimension) => product * dimension, 1)
  if (tensor.values.length !== length) {
    throw new Error(`${name} holds ${tensor.values.length} values where its shape needs ${length}`)
  }
  return tensor
}

function readAttribute(message: z.infer<typeof attributeMessage>): Attribute {
  switch (message.type) {
    case ATTRIBUTE_CODES.float:
      return { kind: 'float', value: message.f }
    case ATTRIBUTE_CODES.int:
      return { kind: 'int', value: message.i }
    case ATTRIBUTE_CODES.string:
      return { kind: 'string', value: new TextDecoder().decode(message.s) }
    case ATTRIBUTE_CODES.floats:
      return { kind: 'floats', value: message.floats }
    case ATTRIBUTE_CODES.ints:
      return { kind: 'ints', value: message.ints }
    case ATTRIBUTE_CODES.tensor:
      if (message.t !== undefined) return { kind: 'tensor', value: readTensor(message.t) }
  }
  throw new Error(`attribute ${message.name} of type ${message.type} is not supported`)
}

function readValue(message: z.infer<typeof valueMessage>): ValueInfo {
  const { elemType, shape } = message.type.tensorType
  return {
    name: message.name,
    type: elementType(elemType),
    dims: shape.dim.map((dimension) => dimension.dimValue ?? dimension.dimParam ?? '?'),
  }
}

/**
 * Reads an ONNX model of the default operator set, without subgraphs or external data.
 * Documentation strings and intermediate shapes are left out.
 * @param where for people: what the bytes are
 * @throws ModelError `not-a-model`
 */
export function decodeModel(data: Uint8Array, where: string): OnnxModel {
  try {
    const type = modelProto()
    const message = modelMessage.parse(
      type.toObject(type.decode(data), { longs: String, arrays: true }),
    )
    const opset = message.opsetImport.find((entry) => entry.domain === '')?.version
    if (opset === undefined) throw new Error('names no version of the default operator set')
    const { graph } = message
    const initializers = new Map(graph.initializer.map((entry) => [entry.name, readTensor(entry)]))
    const nodes = graph.node.map((node): OnnxNode => {
      if (node.domain !== '') throw new Error(`${node.domain}.${node.opType} is not supported`)
      const attributes = new Map(
        node.attribute.map((attribute) => [attribute.name, readAttribute(attribute)]),
      )
      const name = node.name === '' ? (node.output.at(0) ?? '') : node.name
      return { name, opType: node.opType, inputs: node.input, outputs: node.output, attributes }
    })
    return {
      irVersion: message.irVersion,
      opset,
      producer: message.producerName,
      graph: {
        name: graph.name,
        nodes,
        initializers,
        // Older models list their constants as inputs too.
        inputs: graph.input.filter(({ name }) => !initializers.has(name)).map(readValue),
        outputs: graph.output.map(readValue),
      },
    }
  } catch (cause) {
    throw new ModelError({
      code: 'not-a-model',
      what: `is no ONNX model that genkan can edit (${describeCause(cause)})`,
      where,
      cure: 'give an ONNX inference model of the default operator set',
      cause,
    })
  }
}

function writeTensor(name: string, { type, dims, values }: Tensor) {
  return {
    dims,
    dataType: ELEMENT_CODES[type],
    name,
    rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  }
}

function writeAttribute(name: string, attribute: Attribute) {
  const type = ATTRIBUTE_CODES[attribute.kind]
  switch (attribute.kind) {
    case 'float':
      return { name, type, f: attribute.value }
    case 'int':
      return { name, type, i: String(attribute.value) }
    case 'string':
      return { name, type, s: new TextEncoder().encode(attribute.value) }
    case 'floats':
      return { name, type, floats: attribute.value }
    case 'ints':
      return { name, type, ints: attribute.value.map(String) }
    case 'tensor':
      return { name, type, t: writeTensor('', attribute.value) }
  }
}

function writeValue({ name, type, dims }: ValueInfo) {
  const dim = dims.map((dimension) =>
    typeof dimension === 'number' ? { dimValue: dimension } : { dimParam: dimension },
  )
  return { name, type: { tensorType: { elemType: ELEMENT_CODES[type], shape: { dim } } } }
}

/** Writes a model as ONNX; the same model always gives the same bytes. */
export function encodeModel(model: OnnxModel): Uint8Array {
  const { graph } = model
  const message = {
    irVersion: model.irVersion,
    producerName: model.producer,
    opsetImport: [{ domain: '', version: model.opset }],
    graph: {
      name: graph.name,
      node: graph.nodes.map((node) => ({
        input: node.inputs,
        output: node.outputs,
        name: node.name,
        opType: node.opType,
        attribute: [...node.attributes].map(([name, value]) => writeAttribute(name, value)),
      })),
      initializer: [...graph.initializers].map(([name, tensor]) => writeTensor(name, tensor)),
      input: graph.inputs.map(writeValue),
      output: graph.outputs.map(writeValue),
    },
  }
  const type = modelProto()
  return Uint8Array.from(type.encode(type.fromObject(message)).finish())
}
