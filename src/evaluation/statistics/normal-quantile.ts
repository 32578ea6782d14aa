const CENTRE = {
  numerator: [
    -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2,
    -3.066479806614716e1, 2.506628277459239,
  ],
  denominator: [
    -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1,
    -1.328068155288572e1, 1,
  ],
}
const TAIL = {
  numerator: [
    -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734,
    4.374664141464968, 2.938163982698783,
  ],
  denominator: [
    7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1,
  ],
}
const TAIL_FROM = 0.02425

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0)
}

/**
 * The standard normal quantile Φ⁻¹(p), the probit, by Acklam's rational approximation
 * (relative error below 1.2e-9); infinite at 0 and 1.
 * @throws RangeError for p outside [0, 1]
 */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`a probability is in [0, 1], got ${p}`)
  if (p === 0) return -Infinity
  if (p === 1) return Infinity
  if (p > 1 - TAIL_FROM) return -normalQuantile(1 - p)
  if (p < TAIL_FROM) {
    const q = Math.sqrt(-2 * Math.log(p))
    return polynomial(TAIL.numerator, q) / polynomial(TAIL.denominator, q)
  }
  const q = p - 0.5
  const r = q * q
  return (polynomial(CENTRE.numerator, r) * q) / polynomial(CENTRE.denominator, r)
}
