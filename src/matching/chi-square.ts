/**
 * χ² distance of two non-negative feature vectors: Σ wᵢ·(aᵢ − bᵢ)² / (aᵢ + bᵢ), the measure of
 * DeepFace (Taigman et al., CVPR 2014); a component that is zero in both counts nothing.
 *
 * Meant for features behind a ReLU or for histograms; unit-length embeddings have negative
 * components and are compared by `distanceSq`.
 *
 * @param weights one non-negative weight a component; 1 everywhere when left out
 * @throws RangeError for unequal lengths, or a negative or non-finite component
 */
export function chiSquareDistance(
  a: Float32Array,
  b: Float32Array,
  weights?: Float32Array,
): number {
  if (a.length !== b.length || (weights && weights.length !== a.length)) {
    throw new RangeError(`χ² needs vectors of one length, got ${a.length} and ${b.length}`)
  }
  let sum = 0
  for (let i = 0; i < a.length; i++) {
    const weight = weights ? weights[i] : 1
    const total = a[i] + b[i]
    if (!(a[i] >= 0 && b[i] >= 0 && weight >= 0 && Number.isFinite(total * weight))) {
      throw new RangeError(`χ² needs finite non-negative features and weights (component ${i})`)
    }
    const difference = a[i] - b[i]
    if (total > 0) sum += (weight * difference * difference) / total
  }
  return sum
}
