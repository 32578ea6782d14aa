import { createImage, type Image } from '../frame/image.js'
import { encodeModel, decodeModel } from '../models/onnx/codec.js'
import type { OnnxModel } from '../models/onnx/model.js'
import { applyQuantization, calibrate } from '../models/quantize/quantize.js'
import { StyleError, type Stylizer } from './engine.js'
import { cutWindow, toImage, toPlanes } from './planes.js'
import { loadGraph, type RunningGraph, type RunOptions } from '../models/training/run-graph.js'
import {
  STYLIZER_HALO,
  STYLIZER_MULTIPLE,
  stylizerModel,
  type StylizerWeights,
} from './stylizer-net.js'

const MIN_SIDE_PIXELS = 32
const MAX_SIDE_PIXELS = 1024
/** The size in the file; it is set anew for each size that is asked for. */
const FILE_SIDE = 256

/**
 * The trained net in 8 bits.
 * @param pictures square ones, to find the ranges of its activations
 */
export async function quantizeStylizer(
  weights: StylizerWeights,
  pictures: readonly Float32Array[],
  side: number,
  data: string,
): Promise<Uint8Array> {
  const constants = await calibrate(stylizerModel(weights, side, side), pictures, {
    method: { kind: 'percentile', percentile: 99.99 },
    prelu: 'hybrid',
    accumulator: 'int16',
    data,
  })
  return encodeModel(applyQuantization(stylizerModel(weights, FILE_SIDE, FILE_SIDE), constants))
}

function atSize(model: OnnxModel, height: number, width: number): OnnxModel {
  const { graph } = model
  const sized = (values: OnnxModel['graph']['inputs']) =>
    values.map((value) => ({ ...value, dims: [1, 3, height, width] }))
  return {
    ...model,
    graph: { ...graph, inputs: sized(graph.inputs), outputs: sized(graph.outputs) },
  }
}

/**
 * Opens a stylizer's model file. A session is made for each size of picture, and only the last kept.
 * @throws ModelError when the bytes are no model
 */
export function openStylizer(id: string, file: Uint8Array, options: RunOptions): Stylizer {
  const model = decodeModel(file, id)
  let opened: { key: string; graph: RunningGraph } | undefined
  const graphFor = async (height: number, width: number): Promise<RunningGraph> => {
    const key = `${height}x${width}`
    if (opened?.key !== key) {
      await opened?.graph.release()
      opened = { key, graph: await loadGraph(atSize(model, height, width), options) }
    }
    return opened.graph
  }
  return {
    id,
    async stylize(image: Image) {
      const { width, height } = image
      if (Math.min(width, height) < MIN_SIDE_PIXELS || Math.max(width, height) > MAX_SIDE_PIXELS) {
        throw new StyleError(
          Math.min(width, height) < MIN_SIDE_PIXELS ? 'picture-too-small' : 'picture-too-large',
          `the picture is ${width}x${height}; give ${MIN_SIDE_PIXELS} to ${MAX_SIDE_PIXELS} pixels a side`,
        )
      }
      const whole = (side: number) =>
        STYLIZER_MULTIPLE * Math.ceil(side / STYLIZER_MULTIPLE) + 2 * STYLIZER_HALO
      const dims = { height: whole(height), width: whole(width) }
      const window = { top: -STYLIZER_HALO, left: -STYLIZER_HALO, ...dims }
      const values = cutWindow(toPlanes(image), window)
      const graph = await graphFor(dims.height, dims.width)
      const { output } = await graph.run({
        input: { values, dims: [1, 3, dims.height, dims.width] },
      })
      const full = { ...dims, data: output }
      const inner = { top: STYLIZER_HALO, left: STYLIZER_HALO, height, width }
      const { data } = toImage({ height, width, data: cutWindow(full, inner) })
      return createImage(width, height, data)
    },
    async release() {
      await opened?.graph.release()
      opened = undefined
    },
  }
}
