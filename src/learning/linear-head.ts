/**
 * An affine map of a net's raw output, W·x + b, that comes before unit length: small enough to be
 * learnt from a few thousand faces, and foldable into the net's last linear layer.
 */
export interface LinearHead {
  readonly inputs: number
  readonly outputs: number
  /** W, row-major: `outputs` rows of `inputs`. */
  readonly weights: Float64Array
  /** b, one a row. */
  readonly bias: Float64Array
}

/** Vectors of one length with the person each belongs to. */
export interface LabelledVectors {
  readonly vectors: readonly ArrayLike<number>[]
  /** One a vector; the same text is the same person. */
  readonly persons: readonly string[]
}

/**
 * W·x + b, not of unit length.
 * @throws RangeError for a vector of another length than the head takes
 */
export function applyHead(head: LinearHead, vector: ArrayLike<number>): Float32Array {
  const { inputs, outputs, weights, bias } = head
  if (vector.length !== inputs) {
    throw new RangeError(`the head takes ${inputs} components, got ${vector.length}`)
  }
  const result = new Float32Array(outputs)
  for (let row = 0; row < outputs; row++) {
    let sum = bias[row]
    for (let i = 0, at = row * inputs; i < inputs; i++, at++) sum += weights[at] * vector[i]
    result[row] = sum
  }
  return result
}

/** The head whose rows are `rows`, with the given mean taken off first: W·(x − mean). */
export function centredHead(rows: readonly Float64Array[], mean: Float64Array): LinearHead {
  const inputs = mean.length
  const weights = new Float64Array(rows.length * inputs)
  const bias = new Float64Array(rows.length)
  rows.forEach((row, r) => {
    weights.set(row, r * inputs)
    for (let i = 0; i < inputs; i++) bias[r] -= row[i] * mean[i]
  })
  return { inputs, outputs: rows.length, weights, bias }
}

/**
 * One head after another as a single head.
 * @throws RangeError when the second does not take what the first gives
 */
export function composeHeads(first: LinearHead, second: LinearHead): LinearHead {
  const { inputs, outputs: inner } = first
  const { outputs } = second
  if (second.inputs !== inner) {
    throw new RangeError(`a head of ${inner} outputs cannot feed one of ${second.inputs} inputs`)
  }
  const weights = new Float64Array(outputs * inputs)
  const bias = second.bias.slice()
  for (let row = 0; row < outputs; row++) {
    const target = weights.subarray(row * inputs, (row + 1) * inputs)
    for (let k = 0; k < inner; k++) {
      const factor = second.weights[row * inner + k]
      bias[row] += factor * first.bias[k]
      for (let i = 0; i < inputs; i++) target[i] += factor * first.weights[k * inputs + i]
    }
  }
  return { inputs, outputs, weights, bias }
}
