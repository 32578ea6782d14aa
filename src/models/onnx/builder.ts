import {
  makeNode,
  type OnnxGraph,
  type OnnxNode,
  type PlainAttributes,
  type Tensor,
  type ValueInfo,
} from './model.js'

/** Collects nodes and constants into a graph, in the order in which they are added. */
export interface GraphBuilder {
  /** Adds a constant and gives its name. */
  constant(name: string, tensor: Tensor): string
  /** Adds a node with one output, and gives the output's name. */
  node(
    opType: string,
    inputs: readonly string[],
    output: string,
    attributes?: PlainAttributes,
  ): string
  /** The graph made so far. */
  build(name: string, inputs: readonly ValueInfo[], outputs: readonly ValueInfo[]): OnnxGraph
}

/** An empty {@link GraphBuilder}. */
export function createGraphBuilder(): GraphBuilder {
  const nodes: OnnxNode[] = []
  const initializers = new Map<string, Tensor>()
  return {
    constant(name, tensor) {
      initializers.set(name, tensor)
      return name
    },
    node(opType, inputs, output, attributes = {}) {
      nodes.push(makeNode(opType, inputs, output, attributes))
      return output
    },
    build: (name, inputs, outputs) => ({ name, nodes, initializers, inputs, outputs }),
  }
}
