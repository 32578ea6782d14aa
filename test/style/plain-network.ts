import { intsOf } from '../../src/models/onnx/model.js'
import { cropAtLayer, type CostGraphShape } from '../../src/style/cost-graph.js'
import { STYLE_LAYERS } from '../../src/style/engine.js'
import type { StyleNetwork } from '../../src/style/network.js'

interface Maps {
  readonly channels: number
  readonly height: number
  readonly width: number
  readonly data: Float64Array
}

function zeros(channels: number, height: number, width: number): Maps {
  return { channels, height, width, data: new Float64Array(channels * height * width) }
}

/** Calls back for every window and every place in it that lies on the map. */
function overWindows(
  from: Maps,
  to: Maps,
  kernel: number,
  stride: number,
  pad: number,
  visit: (toCell: number, fromCell: number, tap: number) => void,
): void {
  for (let y = 0; y < to.height; y++) {
    for (let x = 0; x < to.width; x++) {
      for (let tap = 0; tap < kernel * kernel; tap++) {
        const row = y * stride - pad + Math.floor(tap / kernel)
        const column = x * stride - pad + (tap % kernel)
        if (row < 0 || column < 0 || row >= from.height || column >= from.width) continue
        visit(y * to.width + x, row * from.width + column, tap)
      }
    }
  }
}

/**
 * The style network in double precision and plain loops: slow, and plain to see that it is right.
 * @returns a function of a window that gives every layer over the shape's core, channel-major
 */
export function createPlainNetwork({ graph }: StyleNetwork) {
  const constant = (name: string) => {
    const tensor = graph.initializers.get(name)
    if (tensor?.type !== 'float32') throw new Error(`${name} is no float32 constant`)
    return tensor
  }
  return (window: Float32Array, shape: CostGraphShape): Map<string, Float32Array> => {
    const { height, width } = shape
    const input = { channels: 3, height, width, data: Float64Array.from(window, (v) => 2 * v - 1) }
    const values = new Map<string, Maps>([[graph.inputs[0].name, input]])
    for (const node of graph.nodes) {
      const inputs = node.inputs.flatMap((name) => values.get(name) ?? [])
      const [x] = inputs
      const kernel = intsOf(node, 'kernel_shape', [1])[0]
      const stride = intsOf(node, 'strides', [1])[0]
      const pad = intsOf(node, 'pads', [0])[0]
      const size = (side: number) => Math.floor((side + 2 * pad - kernel) / stride) + 1
      if (node.opType === 'Conv') {
        const weights = constant(node.inputs[1])
        const bias = constant(node.inputs[2]).values
        const [outputs] = weights.dims
        const made = zeros(outputs, size(x.height), size(x.width))
        const cells = made.height * made.width
        for (let o = 0; o < outputs; o++) made.data.fill(bias[o], o * cells, (o + 1) * cells)
        const taps = kernel * kernel
        overWindows(x, made, kernel, stride, pad, (to, from, tap) => {
          for (let o = 0; o < outputs; o++) {
            let sum = 0
            for (let i = 0; i < x.channels; i++) {
              const weight = weights.values[(o * x.channels + i) * taps + tap]
              sum += weight * x.data[i * x.height * x.width + from]
            }
            made.data[o * cells + to] += sum
          }
        })
        values.set(node.outputs[0], made)
      } else if (node.opType === 'Relu') {
        values.set(node.outputs[0], { ...x, data: x.data.map((v) => Math.max(0, v)) })
      } else if (node.opType === 'AveragePool') {
        const made = zeros(x.channels, size(x.height), size(x.width))
        overWindows(x, made, kernel, stride, pad, (to, from) => {
          for (let c = 0; c < x.channels; c++) {
            const share = x.data[c * x.height * x.width + from] / (kernel * kernel)
            made.data[c * made.height * made.width + to] += share
          }
        })
        values.set(node.outputs[0], made)
      } else {
        const made = zeros(
          inputs.reduce((sum, part) => sum + part.channels, 0),
          x.height,
          x.width,
        )
        let at = 0
        for (const part of inputs) {
          made.data.set(part.data, at)
          at += part.data.length
        }
        values.set(node.outputs[0], made)
      }
    }
    return new Map(
      STYLE_LAYERS.map((layer) => {
        const maps = values.get(layer)
        if (maps === undefined) throw new Error(`the network has no layer ${layer}`)
        const crop = cropAtLayer(shape.core, layer)
        const part = new Float32Array(maps.channels * crop.height * crop.width)
        for (let i = 0; i < part.length; i++) {
          const c = Math.floor(i / (crop.height * crop.width))
          const row = crop.top + (Math.floor(i / crop.width) % crop.height)
          const column = crop.left + (i % crop.width)
          part[i] = maps.data[(c * maps.height + row) * maps.width + column]
        }
        return [layer, part]
      }),
    )
  }
}
