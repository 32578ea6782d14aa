/** Rows count as orthogonal when their cosine is below this. */
const TOLERANCE = 1e-12
const MAX_SWEEPS = 40
/** Rows whose squared length is below this part of the longest's are zero but for rounding. */
const NEGLIGIBLE = 1e-26

/** A row with the squared length of its leading columns. */
interface Row {
  readonly values: Float64Array
  lengthSq: number
}

/**
 * Rotates rows among each other until their leading parts are orthogonal (one-sided Jacobi,
 * Hestenes 1958), and sorts them by falling length. For a matrix W = U·S·Vᵀ in the leading columns
 * the result there is Uᵀ·W = S·Vᵀ; further columns (a bias) are turned along with it to Uᵀ·b.
 *
 * Only IEEE 754 sums, products, quotients and square roots are used, in a fixed order, so that every
 * machine gives the same bits.
 * @param columns how many leading columns are made orthogonal
 * @throws Error when it does not converge
 */
export function principalRows(
  matrix: readonly Float64Array[],
  columns: number,
): readonly Float64Array[] {
  const rows: Row[] = matrix.map((row) => ({ values: Float64Array.from(row), lengthSq: 0 }))
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    for (const row of rows) row.lengthSq = dot(row.values, row.values, columns)
    rows.sort((x, y) => y.lengthSq - x.lengthSq)
    const negligible = NEGLIGIBLE * rows[0].lengthSq
    let rotations = 0
    for (let p = 0; p < rows.length - 1; p++) {
      for (let q = p + 1; q < rows.length; q++) {
        if (rows[q].lengthSq <= negligible) continue
        if (orthogonalise(rows[p], rows[q], columns)) rotations++
      }
    }
    if (rotations === 0) return rows.map((row) => row.values)
  }
  throw new Error(`singular values did not converge in ${MAX_SWEEPS} sweeps`)
}

function dot(a: Float64Array, b: Float64Array, columns: number): number {
  let sum = 0
  for (let i = 0; i < columns; i++) sum += a[i] * b[i]
  return sum
}

function orthogonalise(p: Row, q: Row, columns: number): boolean {
  const a = p.values
  const b = q.values
  const ab = dot(a, b, columns)
  if (Math.abs(ab) <= TOLERANCE * Math.sqrt(p.lengthSq * q.lengthSq)) return false
  const zeta = (q.lengthSq - p.lengthSq) / (2 * ab)
  const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta))
  const cosine = 1 / Math.sqrt(1 + tangent * tangent)
  const sine = cosine * tangent
  for (let i = 0; i < a.length; i++) {
    const x = a[i]
    const y = b[i]
    a[i] = cosine * x - sine * y
    b[i] = sine * x + cosine * y
  }
  p.lengthSq -= tangent * ab
  q.lengthSq += tangent * ab
  return true
}
