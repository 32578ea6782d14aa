import { createGraphBuilder, type GraphBuilder } from '../onnx/builder.js'
import { floatTensor, intTensor, type OnnxModel, type ValueInfo } from '../onnx/model.js'
import type { TfGraph, TfNode } from './graph-model.js'
import { convFilters, depthwiseFilters, permute, windowAxis } from './layout.js'
import type { TfTensor } from './weights.js'

/** Which tensors of the graph become the model's outputs, and under what names. */
export interface OutputChoice {
  readonly tensor: string
  readonly name: string
}

/** A converted value: pictures in channel-first order, everything else as it is. */
interface Value {
  readonly name: string
  /** Channel-first when `layout` is `planes`. */
  readonly dims: readonly number[]
  readonly layout: 'planes' | 'flat'
}

/** The axis in channel-first order of an axis in channel-last order. */
const PLANES_AXIS = [0, 2, 3, 1] as const

const UNARY: Readonly<Record<string, string>> = { Relu: 'Relu', Sigmoid: 'Sigmoid' }

/**
 * Turns a tfjs graph model (channel-last) into ONNX (channel-first) with the same weights.
 * Covers the operators of MediaPipe's face nets; anything else is refused by name.
 * @param inputName what the sole input is called in the result
 * @throws Error that names the operator or node that cannot be converted
 */
export function graphModelToOnnx(
  graph: TfGraph,
  inputName: string,
  outputs: readonly OutputChoice[],
): OnnxModel {
  const builder = createGraphBuilder()
  const converter = createConverter(graph, builder, inputName)
  const outputInfos = outputs.map(({ tensor, name }): ValueInfo => {
    const value = converter.convert(tensor)
    builder.node('Identity', [value.name], name)
    return { name, type: 'float32', dims: value.dims }
  })
  const input = converter.input()
  return {
    irVersion: 7,
    opset: 13,
    producer: 'genkan',
    graph: builder.build(
      'tfjs',
      [{ name: inputName, type: 'float32', dims: input.dims }],
      outputInfos,
    ),
  }
}

function createConverter(graph: TfGraph, builder: GraphBuilder, inputName: string) {
  const done = new Map<string, Value>()
  const open = new Set<string>()
  let inputValue: Value | undefined

  const constant = (node: TfNode, at: number): TfTensor => {
    let name = node.inputs.at(at)
    while (name !== undefined && graph.nodes.get(name)?.op === 'Identity') {
      name = graph.nodes.get(name)?.inputs.at(0)
    }
    const tensor = name === undefined ? undefined : graph.constants.get(name)
    if (tensor === undefined) throw new Error(`${node.name}: input ${at} is no constant`)
    return tensor
  }

  const convert = (name: string): Value => {
    const known = done.get(name)
    if (known !== undefined) return known
    const node = graph.nodes.get(name)
    if (node === undefined) throw new Error(`there is no node ${name}`)
    if (open.has(name)) throw new Error(`${name} depends on itself`)
    open.add(name)
    const value = convertNode(node)
    open.delete(name)
    done.set(name, value)
    return value
  }

  const inputOf = (node: TfNode, at = 0): Value => {
    const name = node.inputs.at(at)
    if (name === undefined) throw new Error(`${node.name} has no input ${at}`)
    return convert(name)
  }

  const planesOf = (node: TfNode, at = 0): Value => {
    const value = inputOf(node, at)
    if (value.layout !== 'planes') throw new Error(`${node.name} works on no picture`)
    return value
  }

  const add = (
    node: TfNode,
    opType: string,
    inputs: readonly string[],
    dims: readonly number[],
    attributes = {},
    layout: Value['layout'] = 'planes',
  ): Value => ({ name: builder.node(opType, inputs, node.name, attributes), dims, layout })

  const windowOf = (node: TfNode, value: Value, kernel: readonly number[]) => {
    const padding = node.text('padding')
    const strides = node.ints('strides') ?? [1, 1, 1, 1]
    const dilations = node.ints('dilations') ?? [1, 1, 1, 1]
    if (padding !== 'SAME' && padding !== 'VALID') {
      throw new Error(`${node.name}: padding ${padding ?? 'none'} is not supported`)
    }
    if (dilations.some((dilation) => dilation !== 1)) {
      throw new Error(`${node.name}: dilation is not supported`)
    }
    if ((node.text('data_format') ?? 'NHWC') !== 'NHWC') {
      throw new Error(`${node.name}: only channel-last graphs are supported`)
    }
    const vertical = windowAxis(padding, value.dims[2], kernel[0], strides[1])
    const horizontal = windowAxis(padding, value.dims[3], kernel[1], strides[2])
    return {
      height: vertical.size,
      width: horizontal.size,
      attributes: {
        kernel_shape: kernel,
        strides: [strides[1], strides[2]],
        pads: [vertical.before, horizontal.before, vertical.after, horizontal.after],
      },
    }
  }

  const activation = (node: TfNode, kind: string, value: Value, slopeAt: number): Value => {
    const output = `${value.name}_${kind}`
    if (kind === 'Prelu') {
      const slope = slopes(constant(node, slopeAt), `${output}_slope`)
      return { ...value, name: builder.node('PRelu', [value.name, slope], output) }
    }
    if (kind in UNARY) return { ...value, name: builder.node(UNARY[kind], [value.name], output) }
    throw new Error(`${node.name}: activation ${kind} is not supported`)
  }

  const slopes = (slope: TfTensor, name: string): string =>
    builder.constant(name, permute(slope, [2, 0, 1]))

  const convolution = (node: TfNode, depthwise: boolean): Value => {
    const value = planesOf(node)
    const filters = constant(node, 1)
    const weights = depthwise ? depthwiseFilters(filters) : convFilters(filters)
    const window = windowOf(node, value, filters.shape.slice(0, 2))
    const fused = [...node.texts('fused_ops')]
    const inputs = [value.name, builder.constant(`${node.name}_weights`, weights)]
    if (fused.at(0) === 'BiasAdd') {
      fused.shift()
      const bias = constant(node, 2)
      inputs.push(builder.constant(`${node.name}_bias`, floatTensor(bias.shape, bias.values)))
    }
    const attributes = { ...window.attributes, group: depthwise ? value.dims[1] : 1 }
    const dims = [1, weights.dims[0], window.height, window.width]
    const result = add(node, 'Conv', inputs, dims, attributes)
    return fused.reduce((made, kind) => activation(node, kind, made, 3), result)
  }

  const pooling = (node: TfNode): Value => {
    const value = planesOf(node)
    const kernel = (node.ints('ksize') ?? []).slice(1, 3)
    const window = windowOf(node, value, kernel)
    const dims = [1, value.dims[1], window.height, window.width]
    return add(node, 'MaxPool', [value.name], dims, window.attributes)
  }

  const pad = (node: TfNode): Value => {
    const value = planesOf(node)
    const paddings = constant(node, 1).values
    const before = [0, 0, 0, 0]
    const after = [0, 0, 0, 0]
    PLANES_AXIS.forEach((axis, tfAxis) => {
      before[axis] = paddings[2 * tfAxis]
      after[axis] = paddings[2 * tfAxis + 1]
    })
    const pads = builder.constant(`${node.name}_pads`, intTensor([...before, ...after]))
    const dims = value.dims.map((size, axis) => size + before[axis] + after[axis])
    return add(node, 'Pad', [value.name, pads], dims)
  }

  const reshape = (node: TfNode): Value => {
    const value = inputOf(node)
    const shape = [...constant(node, 1).values]
    const total = value.dims.reduce((product, dimension) => product * dimension, 1)
    const known = shape.reduce((product, dimension) => product * Math.abs(dimension), 1)
    const dims = shape.map((dimension) => (dimension === -1 ? total / known : dimension))
    if (dims.length > 3) throw new Error(`${node.name}: reshaping to a picture is not supported`)
    const target = builder.constant(`${node.name}_shape`, intTensor(dims))
    // A picture of one pixel has the same order either way.
    const ordered =
      value.layout === 'flat' || (value.dims[2] === 1 && value.dims[3] === 1)
        ? value.name
        : builder.node('Transpose', [value.name], `${node.name}_ordered`, { perm: [0, 2, 3, 1] })
    return add(node, 'Reshape', [ordered, target], dims, {}, 'flat')
  }

  const concat = (node: TfNode): Value => {
    const values = node.inputs.slice(0, -1).map((_, at) => inputOf(node, at))
    const [first] = values
    const axis = constant(node, node.inputs.length - 1).values[0]
    const tfAxis = axis < 0 ? axis + first.dims.length : axis
    const at = first.layout === 'planes' ? PLANES_AXIS[tfAxis] : tfAxis
    if (values.some((value) => value.layout !== first.layout)) {
      throw new Error(`${node.name} joins values of different layout`)
    }
    const dims = first.dims.map((size, i) =>
      i === at ? values.reduce((sum, value) => sum + value.dims[i], 0) : size,
    )
    const names = values.map((value) => value.name)
    return add(node, 'Concat', names, dims, { axis: at }, first.layout)
  }

  const sum = (node: TfNode): Value => {
    const [a, b] = [inputOf(node, 0), inputOf(node, 1)]
    if (a.layout !== b.layout || a.dims.join() !== b.dims.join()) {
      throw new Error(`${node.name} adds values of different shape`)
    }
    return add(node, 'Add', [a.name, b.name], a.dims, {}, a.layout)
  }

  const placeholder = (node: TfNode): Value => {
    if (inputValue !== undefined) throw new Error(`${node.name} is a second input`)
    const shape = node.shape('shape') ?? []
    if (shape.length !== 4 || shape.slice(1).some((size) => size < 1)) {
      throw new Error(`${node.name} is no picture of fixed size`)
    }
    const [, height, width, channels] = shape
    inputValue = { name: inputName, dims: [1, channels, height, width], layout: 'planes' }
    return inputValue
  }

  const convertNode = (node: TfNode): Value => {
    switch (node.op) {
      case 'Placeholder':
        return placeholder(node)
      case 'Identity':
        return inputOf(node)
      case 'Conv2D':
      case '_FusedConv2D':
        return convolution(node, false)
      case 'DepthwiseConv2dNative':
      case 'FusedDepthwiseConv2dNative':
        return convolution(node, true)
      case 'MaxPool':
        return pooling(node)
      case 'AddV2':
        return sum(node)
      case 'Prelu': {
        const value = planesOf(node)
        const slope = slopes(constant(node, 1), `${node.name}_slope`)
        return add(node, 'PRelu', [value.name, slope], value.dims)
      }
      case 'Relu':
      case 'Sigmoid': {
        const value = inputOf(node)
        return add(node, UNARY[node.op], [value.name], value.dims, {}, value.layout)
      }
      case 'Pad':
        return pad(node)
      case 'Reshape':
        return reshape(node)
      case 'ConcatV2':
        return concat(node)
      default:
        throw new Error(`${node.name}: the operator ${node.op} is not supported`)
    }
  }

  return {
    convert,
    input: (): Value => {
      if (inputValue === undefined) throw new Error('the outputs do not depend on any input')
      return inputValue
    },
  }
}
