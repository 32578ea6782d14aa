/** Moves weights along their gradients. */
export interface Adam {
  /** @param gradients in the order of the weights */
  step(gradients: readonly Float32Array[], rate: number): void
}

/**
 * Adam (Kingma and Ba 2015).
 * @param weights are changed in place
 */
export function createAdam(
  weights: readonly Float32Array[],
  { decay, squareDecay }: { readonly decay: number; readonly squareDecay: number },
): Adam {
  const means = weights.map(({ length }) => new Float32Array(length))
  const squares = weights.map(({ length }) => new Float32Array(length))
  let steps = 0
  return {
    step(gradients, rate) {
      steps++
      const scale = rate / (1 - decay ** steps)
      const known = 1 - squareDecay ** steps
      for (const [i, values] of weights.entries()) {
        const [mean, square, slope] = [means[i], squares[i], gradients[i]]
        for (let k = 0; k < values.length; k++) {
          mean[k] += (1 - decay) * (slope[k] - mean[k])
          square[k] += (1 - squareDecay) * (slope[k] * slope[k] - square[k])
          values[k] -= (scale * mean[k]) / (Math.sqrt(square[k] / known) + 1e-8)
        }
      }
    },
  }
}
