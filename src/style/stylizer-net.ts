import { createSeededRandom } from '../evaluation/statistics/random.js'
import { createGraphBuilder } from '../models/onnx/builder.js'
import { floatTensor, type OnnxModel } from '../models/onnx/model.js'
import type { Tape, Value } from '../models/training/tape.js'
import {
  trainedConv,
  weightFeeds,
  WEIGHT_NAMES,
  type ConvLayer,
  type ConvWeights,
} from '../models/training/trained-conv.js'

const BLOCKS = 2
const WIDE = 32
const NARROW = 16

const conv = (
  name: string,
  inputs: number,
  outputs: number,
  kernel: number,
  stride: 1 | 2 = 1,
): ConvLayer => ({ name, inputs, outputs, kernel, stride })

const DOWN = [conv('down1', 3, NARROW, 4, 2), conv('down2', NARROW, WIDE, 4, 2)] as const
const RESIDUAL = Array.from({ length: BLOCKS }, (_, i) => [
  conv(`block${i + 1}a`, WIDE, WIDE, 3),
  conv(`block${i + 1}b`, WIDE, WIDE, 3),
])
const UP = [conv('up1', WIDE, NARROW, 3), conv('up2', NARROW, 3, 3)] as const
/** The picture's own colours, past all the rest. */
const COLOURS = conv('colours', 3, 3, 1)
const LAYERS: readonly ConvLayer[] = [...DOWN, ...RESIDUAL.flat(), ...UP, COLOURS]
/** Slope of the first colours: sigmoid(4·x − 2) is nearly x in the middle of its range. */
const COLOUR_SLOPE = 4

/** Sides must be multiples of this. */
export const STYLIZER_MULTIPLE = 4
/** Pixels around the picture, more than the net's zero padding reaches, and a multiple of 8. */
export const STYLIZER_HALO = 32

/** The weights of a stylizer, by layer. */
export type StylizerWeights = ConvWeights

/**
 * First weights: uniform, of the variance that keeps activations alike through ReLUs (He 2015), and
 * so small where they are added to something that the first results are nearly the pictures.
 */
export function firstWeights(seed: number): StylizerWeights {
  const random = createSeededRandom(seed)
  return new Map(
    LAYERS.map(({ name, inputs, outputs, kernel }) => {
      if (name === COLOURS.name) {
        const filters = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1).map((v) => COLOUR_SLOPE * v)
        return [name, { filters, bias: new Float32Array(outputs).fill(-COLOUR_SLOPE / 2) }]
      }
      const reach = Math.sqrt(6 / (inputs * kernel * kernel)) * (/b$|up2/.test(name) ? 0.3 : 1)
      const filters = Float32Array.from(
        { length: outputs * inputs * kernel * kernel },
        () => reach * (2 * random() - 1),
      )
      return [name, { filters, bias: new Float32Array(outputs) }]
    }),
  )
}

/** What the training graph is fed with for the weights. */
export const stylizerFeeds = (weights: StylizerWeights) => weightFeeds(LAYERS, weights)

function doubled(tape: Tape, x: Value): Value {
  const [n, c, h, w] = x.dims
  const scales = tape.constant('doubling', floatTensor([4], [1, 1, 2, 2]))
  const y = tape.plain('Resize', [x, { name: '', dims: [] }, scales], [n, c, 2 * h, 2 * w], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  })
  tape.rule(y, (gradient) => [
    [
      x,
      () => {
        const mean = tape.plain('AveragePool', [gradient], x.dims, {
          kernel_shape: [2, 2],
          strides: [2, 2],
        })
        return tape.plain('Mul', [mean, tape.scalar(4)], x.dims)
      },
    ],
  ])
  return y
}

function added(tape: Tape, a: Value, b: Value): Value {
  const y = tape.plain('Add', [a, b], a.dims)
  tape.rule(y, (gradient) => [
    [a, () => gradient],
    [b, () => gradient],
  ])
  return y
}

/**
 * Adds the stylizer to a tape, its weights as inputs: two convolutions that halve the picture,
 * residual blocks, two that double it, and a sigmoid (after Johnson et al. 2016, without
 * normalisation, since one style needs none and 8 bits suffer from it). The picture's own colours are
 * added before the sigmoid, so that it starts from the picture and keeps its light.
 * @param input 1×3×H×W in 0..1
 * @param trained gets the weights' values, to ask their gradients for
 * @returns 1×3×H×W in 0..1
 */
export function addStylizer(tape: Tape, input: Value, trained: Value[]): Value {
  let x = input
  for (const layer of DOWN) x = tape.relu(trainedConv(tape, x, layer, trained))
  for (const [first, second] of RESIDUAL) {
    const inner = tape.relu(trainedConv(tape, x, first, trained))
    const made = trainedConv(tape, inner, second, trained)
    x = added(tape, x, made)
  }
  x = tape.relu(trainedConv(tape, doubled(tape, x), UP[0], trained))
  const change = trainedConv(tape, doubled(tape, x), UP[1], trained)
  const colours = trainedConv(tape, input, COLOURS, trained)
  const logits = added(tape, change, colours)
  const y = tape.plain('Sigmoid', [logits], logits.dims)
  tape.rule(y, (gradient) => [
    [
      logits,
      () => {
        const rest = tape.plain('Sub', [tape.scalar(1), y], y.dims)
        return tape.plain('Mul', [gradient, tape.plain('Mul', [y, rest], y.dims)], y.dims)
      },
    ],
  ])
  return y
}

/** The trained stylizer as a model of its own, for pictures of one size. */
export function stylizerModel(weights: StylizerWeights, height: number, width: number): OnnxModel {
  const builder = createGraphBuilder()
  const add = (from: string, layer: ConvLayer): string => {
    const { name, inputs, outputs, kernel, stride } = layer
    const found = weights.get(name)
    if (found === undefined) throw new Error(`there are no weights ${name}`)
    const pad = Math.floor((kernel - 1) / 2)
    const filters = floatTensor([outputs, inputs, kernel, kernel], found.filters)
    return builder.node(
      'Conv',
      [
        from,
        builder.constant(WEIGHT_NAMES.filters(name), filters),
        builder.constant(WEIGHT_NAMES.bias(name), floatTensor([outputs], found.bias)),
      ],
      name,
      { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] },
    )
  }
  const relu = (from: string) => builder.node('Relu', [from], `${from}_relu`)
  const twice = (from: string) => {
    const scales = builder.constant('doubling', floatTensor([4], [1, 1, 2, 2]))
    return builder.node('Resize', [from, '', scales], `${from}_doubled`, {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    })
  }
  let x = 'input'
  for (const layer of DOWN) x = relu(add(x, layer))
  for (const [first, second] of RESIDUAL) {
    const made = add(relu(add(x, first)), second)
    x = builder.node('Add', [x, made], `${made}_sum`)
  }
  x = relu(add(twice(x), UP[0]))
  const logits = builder.node('Add', [add(twice(x), UP[1]), add('input', COLOURS)], 'logits')
  builder.node('Sigmoid', [logits], 'output')
  const dims = [1, 3, height, width]
  return {
    irVersion: 7,
    opset: 13,
    producer: 'genkan',
    graph: builder.build(
      'stylizer',
      [{ name: 'input', type: 'float32', dims }],
      [{ name: 'output', type: 'float32', dims }],
    ),
  }
}
