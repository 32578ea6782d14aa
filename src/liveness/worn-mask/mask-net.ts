import { createSeededRandom } from '../../evaluation/statistics/random.js'
import { createGraphBuilder } from '../../models/onnx/builder.js'
import { floatTensor, type OnnxModel } from '../../models/onnx/model.js'
import { createTape, type Value } from '../../models/training/tape.js'
import {
  trainedConv,
  WEIGHT_NAMES,
  type ConvLayer,
  type ConvWeights,
} from '../../models/training/trained-conv.js'

/**
 * Convolutions with a ReLU each. What they see is weighed by channel and place, since the face is
 * upright and its eyes always lie in the same place.
 */
export const MASK_LAYERS: readonly ConvLayer[] = [
  { name: 'conv1', inputs: 3, outputs: 16, kernel: 4, stride: 2 },
  { name: 'conv2', inputs: 16, outputs: 24, kernel: 4, stride: 2 },
  { name: 'conv3', inputs: 24, outputs: 32, kernel: 4, stride: 2 },
  { name: 'conv4', inputs: 32, outputs: 32, kernel: 3, stride: 1 },
  { name: 'conv5', inputs: 32, outputs: 48, kernel: 4, stride: 2 },
  { name: 'conv6', inputs: 48, outputs: 32, kernel: 3, stride: 1 },
]

/** Names of the graphs' inputs and outputs beside the weights. */
export const MASK_NAMES = {
  input: 'input',
  targets: 'targets',
  logits: 'logits',
  places: 'places',
  placesGradient: 'places_gradient',
} as const

/** Filters of the convolutions, and a weight for each channel and place of what the last sees. */
export interface MaskWeights {
  readonly convolutions: ConvWeights
  readonly places: Float32Array
}

/** Channels × places after the last convolution. */
function placesOf(side: number): number {
  const shrunk = MASK_LAYERS.reduce((left, { stride }) => left / stride, side)
  return MASK_LAYERS[MASK_LAYERS.length - 1].outputs * shrunk * shrunk
}

/** First weights, uniform and of the variance that keeps activations alike through ReLUs (He 2015). */
export function firstMaskWeights(seed: number, side: number): MaskWeights {
  const random = createSeededRandom(seed)
  const places = Float32Array.from({ length: placesOf(side) }, () => 0.02 * (2 * random() - 1))
  const convolutions: ConvWeights = new Map(
    MASK_LAYERS.map(({ name, inputs, outputs, kernel }) => {
      const reach = Math.sqrt(6 / (inputs * kernel * kernel))
      const filters = Float32Array.from(
        { length: outputs * inputs * kernel * kernel },
        () => reach * (2 * random() - 1),
      )
      return [name, { filters, bias: new Float32Array(outputs) }]
    }),
  )
  return { convolutions, places }
}

/**
 * Runs a batch through the net and back: inputs are the faces, N×3×side×side, what they are (1 a worn
 * mask, 0 a bare face) and the weights; outputs are the logits and the gradients of the mean
 * cross-entropy by the weights.
 */
export function maskTrainingGraph(batch: number, side: number): OnnxModel {
  const tape = createTape()
  const trained: Value[] = []
  let x = tape.input(MASK_NAMES.input, [batch, 3, side, side])
  for (const layer of MASK_LAYERS) x = tape.relu(trainedConv(tape, x, layer, trained))
  const count = placesOf(side)
  const seen = tape.reshape(x, [batch, count])
  const places = tape.input(MASK_NAMES.places, [count, 1])
  const logits = tape.plain('MatMul', [seen, places], [batch, 1])
  const targets = tape.input(MASK_NAMES.targets, [batch, 1])
  const likely = tape.plain('Sigmoid', [logits], logits.dims)
  const apart = tape.plain('Sub', [likely, targets], logits.dims)
  const slope = tape.plain('Mul', [apart, tape.scalar(1 / batch)], logits.dims)
  const byPlace = tape.plain('Gemm', [seen, slope], places.dims, { transA: 1 })
  const bySeen = tape.plain('Gemm', [slope, places], seen.dims, { transB: 1 })
  const gradients = tape.backward([[x, tape.reshape(bySeen, x.dims)]], trained)
  for (const [i, value] of trained.entries()) tape.output(gradients[i], `${value.name}_gradient`)
  tape.output(byPlace, MASK_NAMES.placesGradient)
  tape.output(logits, MASK_NAMES.logits)
  return tape.build('train-worn-mask')
}

/** Divides the logits, so that no single frame outweighs the others in a mean of probabilities. */
const TEMPERATURE = 2

/**
 * The trained nets as one: `input` 1×3×side×side, `logits` 1×2, a bare face first, then a worn mask.
 * The mean of what nets say that were trained differently: they seldom err on the same face.
 */
export function maskModel(members: readonly MaskWeights[], side: number): OnnxModel {
  const builder = createGraphBuilder()
  const votes = members.map(({ convolutions, places }, member) => {
    const own = (name: string) => `${name}_${member + 1}`
    let x: string = MASK_NAMES.input
    for (const { name, inputs, outputs, kernel, stride } of MASK_LAYERS) {
      const found = convolutions.get(name)
      if (found === undefined) throw new Error(`there are no weights ${name}`)
      const pad = Math.floor((kernel - 1) / 2)
      const filters = floatTensor([outputs, inputs, kernel, kernel], found.filters)
      const y = builder.node(
        'Conv',
        [
          x,
          builder.constant(own(WEIGHT_NAMES.filters(name)), filters),
          builder.constant(own(WEIGHT_NAMES.bias(name)), floatTensor([outputs], found.bias)),
        ],
        own(name),
        { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] },
      )
      x = builder.node('Relu', [y], own(`${name}_relu`))
    }
    const seen = builder.node('Flatten', [x], own('seen'))
    const weighed = builder.constant(
      own(MASK_NAMES.places),
      floatTensor([places.length, 1], places),
    )
    return builder.node('MatMul', [seen, weighed], own('vote'))
  })
  const worn = votes.reduce((sum, vote, i) => builder.node('Add', [sum, vote], `sum_${i}`))
  const bare = builder.node('Neg', [worn], 'bare')
  const both = builder.node('Concat', [bare, worn], 'both', { axis: 1 })
  const share = builder.constant('share', floatTensor([], [1 / (2 * TEMPERATURE * members.length)]))
  builder.node('Mul', [both, share], MASK_NAMES.logits)
  return {
    irVersion: 7,
    opset: 13,
    producer: 'genkan',
    graph: builder.build(
      'worn-mask',
      [{ name: MASK_NAMES.input, type: 'float32', dims: [1, 3, side, side] }],
      [{ name: MASK_NAMES.logits, type: 'float32', dims: [1, 2] }],
    ),
  }
}
