import type { OnnxGraph, ValueInfo } from './model.js'

/** Name of the free dimension, in the file and in what onnxruntime tells of it. */
export const BATCH = 'batch'

/**
 * Frees the first dimension of every input and output, so that one run takes several pictures. For
 * graphs whose operators treat pictures apart and whose shapes hold no other trace of the count.
 */
export function freeBatch(graph: OnnxGraph): OnnxGraph {
  const freed = (value: ValueInfo): ValueInfo => {
    if (value.dims[0] !== 1) throw new Error(`${value.name} has no first dimension of 1`)
    return { ...value, dims: [BATCH, ...value.dims.slice(1)] }
  }
  return { ...graph, inputs: graph.inputs.map(freed), outputs: graph.outputs.map(freed) }
}
