import { principalRows } from '../models/onnx/principal-rows.js'
import { centredHead, type LabelledVectors, type LinearHead } from './linear-head.js'
import { measureScatter, type Scatter, type SymmetricMatrix } from './scatter.js'

/** Choices of {@link fitDiscriminant}. */
export interface DiscriminantOptions {
  readonly length: number
  /**
   * Share of the within-person covariance that is replaced by a sphere of the same trace
   * (Friedman 1989, regularised discriminant analysis). 1 makes the result the principal components.
   */
  readonly shrinkage: number
}

/**
 * Linear discriminant analysis (Rao 1948): the directions in which people differ most from one
 * another compared with how much one person's own vectors differ, scaled so that the latter is alike
 * in all of them.
 * @throws RangeError when the vectors do not support it
 */
export function fitDiscriminant(data: LabelledVectors, options: DiscriminantOptions): LinearHead {
  return discriminantOf(measureScatter(data), options)
}

/** {@link fitDiscriminant} from covariances already measured. */
export function discriminantOf(scatter: Scatter, options: DiscriminantOptions): LinearHead {
  const { mean, total, within } = scatter
  const { size } = total
  const { length, shrinkage } = options
  if (!(shrinkage > 0 && shrinkage <= 1)) throw new RangeError('shrinkage must lie in (0, 1]')
  if (length > size) throw new RangeError(`cannot make ${length} of ${size} components`)
  const lower = cholesky(shrink(within, shrinkage))
  const directions = principalDirections(whiten(total, lower)).slice(0, length)
  return centredHead(
    directions.map((direction) => backSubstitute(lower, direction)),
    mean,
  )
}

/** Principal component analysis (Pearson 1901): the strongest directions, lengths as they are. */
export function fitPrincipal(data: LabelledVectors, length: number): LinearHead {
  return discriminantOf(measureScatter(data), { length, shrinkage: 1 })
}

function shrink({ size, values }: SymmetricMatrix, share: number): SymmetricMatrix {
  let trace = 0
  for (let i = 0; i < size; i++) trace += values[i * size + i]
  const sphere = (share * trace) / size
  return {
    size,
    values: values.map(
      (value, at) => (1 - share) * value + (Math.floor(at / size) === at % size ? sphere : 0),
    ),
  }
}

/** L with L·Lᵀ = the matrix, lower triangle. */
function cholesky({ size, values }: SymmetricMatrix): SymmetricMatrix {
  const lower = new Float64Array(size * size)
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = values[i * size + j]
      for (let k = 0; k < j; k++) sum -= lower[i * size + k] * lower[j * size + k]
      if (i !== j) {
        lower[i * size + j] = sum / lower[j * size + j]
      } else if (sum > 0) {
        lower[i * size + i] = Math.sqrt(sum)
      } else {
        throw new RangeError('the vectors do not vary enough; shrink more')
      }
    }
  }
  return { size, values: lower }
}

/** L⁻¹·A·L⁻ᵀ. */
function whiten(matrix: SymmetricMatrix, lower: SymmetricMatrix): SymmetricMatrix {
  return { size: matrix.size, values: transposed(solved(transposed(solved(matrix, lower)), lower)) }

  function solved(right: SymmetricMatrix | Float64Array, { size, values }: SymmetricMatrix) {
    const rows = Float64Array.from(right instanceof Float64Array ? right : right.values)
    for (let i = 0; i < size; i++) {
      const row = rows.subarray(i * size, (i + 1) * size)
      for (let k = 0; k < i; k++) {
        const factor = values[i * size + k]
        const other = rows.subarray(k * size, (k + 1) * size)
        for (let c = 0; c < size; c++) row[c] -= factor * other[c]
      }
      const diagonal = values[i * size + i]
      for (let c = 0; c < size; c++) row[c] /= diagonal
    }
    return rows
  }

  function transposed(values: Float64Array): Float64Array {
    const { size } = matrix
    const result = new Float64Array(values.length)
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) result[j * size + i] = values[i * size + j]
    }
    return result
  }
}

/** Unit eigenvectors of a positive semi-definite matrix, largest eigenvalue first. */
function principalDirections({ size, values }: SymmetricMatrix): Float64Array[] {
  const rows = Array.from({ length: size }, (_, i) => values.slice(i * size, (i + 1) * size))
  return principalRows(rows, size).map((row) => {
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0))
    return length > 0 ? row.map((value) => value / length) : row
  })
}

/** L⁻ᵀ·x. */
function backSubstitute({ size, values }: SymmetricMatrix, vector: Float64Array): Float64Array {
  const result = Float64Array.from(vector)
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) result[i] -= values[k * size + i] * result[k]
    result[i] /= values[i * size + i]
  }
  return result
}
