/**
 * The cost functions of neural style transfer (Gatys, Ecker & Bethge 2016), in plain loops. A layer's
 * activations a^[l] are channel-major: n_C rows (one a filter) of n_H·n_W values, without unit, after
 * the ReLU. These define the costs; `cost-graph.ts` computes the same in onnxruntime.
 */

/** Size of a layer. */
export interface LayerSize {
  /** n_C, filters. */
  readonly channels: number
  /** n_H, rows. */
  readonly height: number
  /** n_W, columns. */
  readonly width: number
}

/**
 * J_content^[l] = ½‖a^[l](C) − a^[l](G)‖².
 * @param content a^[l](C), n_C·n_H·n_W values
 * @param generated a^[l](G), as many
 * @returns a sum over the layer, in squared activations
 */
export function contentCost(content: Float32Array, generated: Float32Array): number {
  let sum = 0
  for (let i = 0; i < content.length; i++) sum += (content[i] - generated[i]) ** 2
  return sum / 2
}

/**
 * The Gram matrix G_kk' = Σ_ij a_ijk·a_ijk': how much two filters fire at the same places.
 * @param activations a^[l], n_C·n_H·n_W values
 * @returns n_C × n_C, row-major, symmetric, in squared activations summed over the layer
 */
export function gramMatrix(activations: Float32Array, channels: number): Float32Array {
  const cells = activations.length / channels
  const gram = new Float32Array(channels * channels)
  for (let k = 0; k < channels; k++) {
    for (let m = 0; m <= k; m++) {
      let sum = 0
      for (let i = 0; i < cells; i++) sum += activations[k * cells + i] * activations[m * cells + i]
      gram[k * channels + m] = sum
      gram[m * channels + k] = sum
    }
  }
  return gram
}

/**
 * J_style^[l] = Σ_kk' (G_kk'(S) − G_kk'(G))² ÷ (2·n_H·n_W·n_C)².
 * @param style G^[l](S), n_C × n_C, of a layer of this size (see {@link scaleGram})
 * @param generated G^[l](G), n_C × n_C
 */
export function layerStyleCost(
  style: Float32Array,
  generated: Float32Array,
  { channels, height, width }: LayerSize,
): number {
  const scale = 2 * height * width * channels
  let sum = 0
  for (let i = 0; i < style.length; i++) sum += ((style[i] - generated[i]) / scale) ** 2
  return sum
}

/**
 * What J_style^[l] sends back to the layer: dJ/da = P·a with this P = (G(G) − G(S)) ÷ (n_H·n_W·n_C)².
 * @param weight β·λ^[l]
 * @returns P times the weight, n_C × n_C
 */
export function stylePull(
  style: Float32Array,
  generated: Float32Array,
  { channels, height, width }: LayerSize,
  weight: number,
): Float32Array {
  const scale = height * width * channels
  return generated.map((value, i) => ((value - style[i]) / scale) * (weight / scale))
}

/** J_style = Σ_l λ^[l]·J_style^[l]. */
export function styleCost(layers: readonly { lambda: number; cost: number }[]): number {
  return layers.reduce((sum, { lambda, cost }) => sum + lambda * cost, 0)
}

/** J(G) = α·J_content(C, G) + β·J_style(S, G). */
export function totalCost(alpha: number, content: number, beta: number, style: number): number {
  return alpha * content + beta * style
}

/**
 * A Gram matrix as it would be if the picture had another number of cells: the style picture may be
 * of another size than the result, and a sum over its cells is only then comparable.
 */
export function scaleGram(gram: Float32Array, fromCells: number, toCells: number): Float32Array {
  return gram.map((value) => (value * toCells) / fromCells)
}
