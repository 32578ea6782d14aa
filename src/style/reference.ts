import type * as Tensorflow from '@tensorflow/tfjs'
import { intsOf } from '../models/onnx/model.js'
import { COST_NAMES, cropAtLayer, type CostGraphShape } from './cost-graph.js'
import type { StyleLayer } from './engine.js'
import type { StyleNetwork } from './network.js'
import type { Feed } from '../models/training/run-graph.js'

/** TensorFlow.js with the backend that was found. */
export interface ReferenceBackend {
  readonly tf: typeof Tensorflow
  readonly name: string
}

/** Backends of TensorFlow.js, the native one where `@tensorflow/tfjs-node` is installed. */
export type BackendName = 'node' | 'wasm' | 'cpu'

/** A variable, so that the compiler asks for no package that may not be there. */
const NATIVE_PACKAGE: string = '@tensorflow/tfjs-node'

/** Their packages are CommonJS, whose exports Node gives whole as the default. */
function defaultExport(module: object): typeof Tensorflow {
  return ('default' in module ? module.default : module) as typeof Tensorflow
}

/**
 * Loads TensorFlow.js, the reference that the engine's gradient is held to.
 * @throws Error when the backend is not there
 */
export async function loadReference(backend: BackendName): Promise<ReferenceBackend> {
  const tf = defaultExport(
    backend === 'node'
      ? ((await import(NATIVE_PACKAGE)) as object)
      : await import('@tensorflow/tfjs'),
  )
  if (backend === 'node') return { tf, name: 'tfjs-node' }
  if (backend === 'wasm') await import('@tensorflow/tfjs-backend-wasm')
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js has no backend ${backend}`)
  await tf.ready()
  return { tf, name: `tfjs-${backend}` }
}

/** What the reference computes: the same as the graph of `wholeCostGraph`. */
export interface ReferenceCosts {
  readonly content: number
  readonly style: ReadonlyMap<StyleLayer, number>
  /** 1×3×H×W, planar. */
  readonly gradient: Float32Array
}

/** Values of an ONNX constant of four axes in TensorFlow's order, height, width, in, out. */
function filtersOf(tf: typeof Tensorflow, network: StyleNetwork, name: string) {
  const tensor = network.graph.initializers.get(name)
  if (tensor?.type !== 'float32') throw new Error(`${name} is no float32 constant`)
  const [outputs, inputs, height, width] = tensor.dims
  return tf
    .tensor4d(tensor.values, [outputs, inputs, height, width])
    .transpose<Tensorflow.Tensor4D>([2, 3, 1, 0])
}

/**
 * The layers of the style network in TensorFlow.js.
 * @param picture 1×H×W×3 in 0..1
 */
function runNetwork(
  tf: typeof Tensorflow,
  network: StyleNetwork,
  picture: Tensorflow.Tensor4D,
): Map<string, Tensorflow.Tensor4D> {
  const { graph } = network
  const values = new Map([[graph.inputs[0].name, picture.mul(2).sub<Tensorflow.Tensor4D>(1)]])
  for (const node of graph.nodes) {
    const inputs = node.inputs.flatMap((name) => values.get(name) ?? [])
    const [x] = inputs
    const stride = intsOf(node, 'strides', [1])[0]
    const pad = intsOf(node, 'pads', [0])[0]
    const around = (from: Tensorflow.Tensor4D): Tensorflow.Tensor4D =>
      pad === 0
        ? from
        : tf.pad(from, [
            [0, 0],
            [pad, pad],
            [pad, pad],
            [0, 0],
          ])
    const made = ((): Tensorflow.Tensor4D => {
      switch (node.opType) {
        case 'Conv': {
          const filters = filtersOf(tf, network, node.inputs[1])
          const bias = graph.initializers.get(node.inputs[2])
          if (bias?.type !== 'float32') throw new Error(`${node.name} has no bias`)
          const linear = tf.conv2d(around(x), filters, stride, 'valid')
          return linear.add(tf.tensor1d(bias.values))
        }
        case 'Relu':
          return tf.relu(x)
        case 'AveragePool':
          return tf.avgPool(around(x), intsOf(node, 'kernel_shape', [1])[0], stride, 'valid')
        case 'Concat':
          return tf.concat(inputs, 3)
        default:
          throw new Error(`the reference has no ${node.opType}`)
      }
    })()
    values.set(node.outputs[0], made)
  }
  return values
}

/**
 * J_content, every J_style^[l] and the gradient of their weighted sum by automatic differentiation,
 * from the same inputs as the graph of `wholeCostGraph`.
 */
export function referenceCosts(
  { tf }: ReferenceBackend,
  network: StyleNetwork,
  shape: CostGraphShape,
  feeds: Readonly<Record<string, Feed>>,
): ReferenceCosts {
  const { contentLayer, styleLayers } = shape
  const parts = new Map<string, number>()
  const scalar = (name: string) => feeds[name].values[0]
  const gradient = tf.tidy(() => {
    const core = (layers: ReadonlyMap<string, Tensorflow.Tensor4D>, layer: StyleLayer) => {
      const value = layers.get(layer)
      if (value === undefined) throw new Error(`the network has no layer ${layer}`)
      const { top, left, height, width } = cropAtLayer(shape.core, layer)
      return tf.slice(value, [0, top, left, 0], [1, height, width, -1])
    }
    const total = (picture: Tensorflow.Tensor4D): Tensorflow.Scalar => {
      const layers = runNetwork(tf, network, picture)
      const target = feeds[COST_NAMES.contentTarget]
      const [, c, h, w] = target.dims
      const aim = tf.tensor4d(target.values, [1, c, h, w]).transpose([0, 2, 3, 1])
      const content = core(layers, contentLayer).sub(aim).square().sum().div(2)
      parts.set(COST_NAMES.contentCost, content.dataSync()[0])
      let sum = content.mul(scalar(COST_NAMES.contentWeight))
      for (const layer of styleLayers) {
        const features = core(layers, layer)
        const [, height, width, channels] = features.shape
        const unrolled = features.reshape([height * width, channels])
        const gram = tf.matMul(unrolled, unrolled, true, false)
        const wanted = tf.tensor2d(feeds[COST_NAMES.gramTarget(layer)].values, [channels, channels])
        const cost = wanted
          .sub(gram)
          .div(2 * height * width * channels)
          .square()
          .sum()
        parts.set(COST_NAMES.styleCost(layer), cost.dataSync()[0])
        sum = sum.add(cost.mul(scalar(COST_NAMES.styleWeight(layer))))
      }
      return sum.asScalar()
    }
    const window = feeds[COST_NAMES.window]
    const planes = tf.tensor4d(window.values, [1, 3, shape.height, shape.width])
    const picture = planes.transpose<Tensorflow.Tensor4D>([0, 2, 3, 1])
    const slope = tf.grad(total as (x: Tensorflow.Tensor) => Tensorflow.Tensor)(picture)
    return slope.transpose([0, 3, 1, 2]).dataSync<'float32'>()
  })
  return {
    content: parts.get(COST_NAMES.contentCost) ?? NaN,
    style: new Map(
      styleLayers.map((layer) => [layer, parts.get(COST_NAMES.styleCost(layer)) ?? NaN]),
    ),
    gradient: Float32Array.from(gradient),
  }
}
