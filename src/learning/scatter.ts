import type { LabelledVectors } from './linear-head.js'

/** A symmetric matrix, row-major and full. */
export interface SymmetricMatrix {
  readonly size: number
  readonly values: Float64Array
}

/** How vectors vary, all together and within one person. */
export interface Scatter {
  readonly mean: Float64Array
  /** Covariance of all vectors about their mean. */
  readonly total: SymmetricMatrix
  /** Covariance about each person's own mean, over persons with two vectors or more. */
  readonly within: SymmetricMatrix
}

/**
 * Total and within-person covariance.
 * @throws RangeError when there is nothing to estimate from: too few vectors, no person twice,
 *   vectors of different lengths or not finite
 */
export function measureScatter({ vectors, persons }: LabelledVectors): Scatter {
  const size = vectors.at(0)?.length ?? 0
  if (vectors.length < 2 || persons.length !== vectors.length) {
    throw new RangeError('scatter needs at least two vectors, and a person for each')
  }
  for (const vector of vectors) {
    if (vector.length !== size) throw new RangeError('vectors differ in length')
    for (let i = 0; i < size; i++) {
      if (!Number.isFinite(vector[i])) throw new RangeError('a vector is not finite')
    }
  }
  const mean = meanOf(vectors, size)
  const members = new Map<string, ArrayLike<number>[]>()
  vectors.forEach((vector, i) => {
    const known = members.get(persons[i])
    if (known === undefined) members.set(persons[i], [vector])
    else known.push(vector)
  })
  const several = [...members.values()].filter((group) => group.length > 1)
  if (several.length === 0) throw new RangeError('no person has two vectors')

  const total = accumulate(size, [{ group: vectors, mean }], vectors.length - 1)
  const groups = several.map((group) => ({ group, mean: meanOf(group, size) }))
  const freedom = several.reduce((sum, group) => sum + group.length - 1, 0)
  return { mean, total, within: accumulate(size, groups, freedom) }
}

function meanOf(vectors: readonly ArrayLike<number>[], size: number): Float64Array {
  const mean = new Float64Array(size)
  for (const vector of vectors) for (let i = 0; i < size; i++) mean[i] += vector[i]
  return mean.map((sum) => sum / vectors.length)
}

function accumulate(
  size: number,
  groups: readonly { group: readonly ArrayLike<number>[]; mean: Float64Array }[],
  freedom: number,
): SymmetricMatrix {
  const values = new Float64Array(size * size)
  const difference = new Float64Array(size)
  for (const { group, mean } of groups) {
    for (const vector of group) {
      for (let i = 0; i < size; i++) difference[i] = vector[i] - mean[i]
      for (let i = 0; i < size; i++) {
        const factor = difference[i]
        for (let j = i, at = i * size + i; j < size; j++, at++) values[at] += factor * difference[j]
      }
    }
  }
  for (let i = 0; i < size; i++) {
    for (let j = i; j < size; j++) {
      values[i * size + j] /= freedom
      values[j * size + i] = values[i * size + j]
    }
  }
  return { size, values }
}
